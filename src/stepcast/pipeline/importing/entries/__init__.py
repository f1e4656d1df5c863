"""Values by series and period: keyed, spilled to disk, aggregated, filled."""
