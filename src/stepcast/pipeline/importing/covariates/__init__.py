"""Related series and item metadata, aligned with the target."""
