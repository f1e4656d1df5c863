"""Kills workers and the broker of a stream while it works, and checks that nothing is lost or doubled."""
