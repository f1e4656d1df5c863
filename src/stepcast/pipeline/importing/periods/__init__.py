"""Which periods the rows are of, and what is odd about that."""
