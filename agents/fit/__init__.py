"""Calibration: what telemetry and measurements tell of a scenario; begin with ``fit.py``."""
