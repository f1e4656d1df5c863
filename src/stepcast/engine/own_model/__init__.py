"""A network of the user's own, from a file: scaled, trained, backtested and scored like any other algorithm.

What a file means is known by its framework's runtime alone, which is registered from outside.
"""
