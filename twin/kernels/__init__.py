"""Compiled inner loops of the twin, one file per subject."""
