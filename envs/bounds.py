"""Bounds that no controller can beat, by one name each; the proofs stand with them."""

from __future__ import annotations

from .beam_bound import beam_bound
from .energy_bound import MAX_SLEEPERS, EnergyBound, awake_sets, energy_bound, standing_power_w
from .joint_bound import joint_bound
from .loss_bounds import AdmissionBound, admission_bound, loss_system_blocking, loss_system_optimum
from .settings_bound import SettingsBound
from .slice_bound import HindsightBound, slice_bound
from .steering_bound import steering_bound

__all__ = [
    "MAX_SLEEPERS",
    "AdmissionBound",
    "EnergyBound",
    "HindsightBound",
    "SettingsBound",
    "admission_bound",
    "awake_sets",
    "beam_bound",
    "energy_bound",
    "joint_bound",
    "loss_system_blocking",
    "loss_system_optimum",
    "slice_bound",
    "standing_power_w",
    "steering_bound",
]
