"""State that survives: objects and mail are files anyway, everything else is a snapshot beside them."""
