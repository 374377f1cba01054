"""Measurements of speed and memory; not installed. Run from the repository root: ``python -m benchmarks.NAME``."""
