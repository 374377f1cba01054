"""Bounds that no controller can beat, by one name each; the proofs stand with them."""

from __future__ import annotations

from .energy_bound import MAX_SLEEPERS, EnergyBound, awake_sets, energy_bound, standing_power_w
from .loss_bounds import AdmissionBound, admission_bound, loss_system_blocking, loss_system_optimum

__all__ = [
    "MAX_SLEEPERS",
    "AdmissionBound",
    "EnergyBound",
    "admission_bound",
    "awake_sets",
    "energy_bound",
    "loss_system_blocking",
    "loss_system_optimum",
    "standing_power_w",
]
