"""Configuration groups read by hydra as `pkg://ranrein.conf`."""
