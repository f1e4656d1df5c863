"""The periods of the rows, and irregularities in them."""
