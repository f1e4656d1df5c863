"""Durable state: objects and mail are files, everything else is rows of a journal."""
