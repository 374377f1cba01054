"""A user's own network: read, checked, filled up, made a scenario of, and written; begin with ``inventory.py``."""
