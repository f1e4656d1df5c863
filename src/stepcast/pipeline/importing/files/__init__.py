"""Files as streams of checked rows."""
