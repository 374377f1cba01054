"""Pictures of networks and loss systems; begin with ``render.py``. matplotlib is an optional extra."""
