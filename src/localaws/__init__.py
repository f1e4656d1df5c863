"""Run a SAM template whole on this machine, on moto, without an account, Docker or a token."""
