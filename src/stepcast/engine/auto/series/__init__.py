"""One series as the ensemble reads it."""
