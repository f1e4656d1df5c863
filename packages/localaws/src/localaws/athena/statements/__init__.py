"""Athena's statements: ``parse`` says which one a text is, one module each says what it does."""
