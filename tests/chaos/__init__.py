"""Kill the whole local stack again and again while it works, and look whether it kept its word."""
