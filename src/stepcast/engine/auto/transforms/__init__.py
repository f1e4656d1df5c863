"""A series seen in different ways, and how to go back."""
