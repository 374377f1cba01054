"""The twin in plain numpy: the oracle of the kernels; begin with ``reference.py``."""
