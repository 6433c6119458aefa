"""Measurements against a stated limit. Each prints one JSON line; all else goes to stderr."""
