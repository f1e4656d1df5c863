"""Kills the local stack repeatedly while it works, and checks that nothing acknowledged is lost."""
