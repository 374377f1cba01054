"""Speed of the twin, the environments, the shield and training, beside peers; begin with ``bench.py``."""
