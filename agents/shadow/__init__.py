"""What a policy would have done on recorded telemetry; begin with ``shadow.py``."""
