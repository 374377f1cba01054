"""Loss systems: exact blocking, optimal admission, bounds and exact simulation; begin with ``system.py``."""
