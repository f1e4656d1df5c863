"""Values by series and period: keyed, spilled to disk, added up, filled."""
