"""Related series and metadata, laid beside the target."""
