"""What is looked at once everything was read."""
