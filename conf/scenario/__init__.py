"""Scenarios: topology, load, mobility, slices and faults, one YAML file each."""
