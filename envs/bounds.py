"""Bounds that no controller can beat, by one name each; the proofs stand with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..twin.params import Params
from ..twin.types import I64
from .beam_bound import beam_bound
from .beam_control import BeamControl
from .energy_bound import MAX_SLEEPERS, EnergyBound, awake_sets, energy_bound, standing_power_w
from .energy_saving import EnergySaving
from .joint_bound import joint_bound
from .joint_control import JointControl
from .loss_bounds import AdmissionBound, admission_bound, loss_system_blocking, loss_system_optimum
from .settings_bound import SettingsBound
from .slice_admission import SliceAdmission
from .slice_bound import HindsightBound, slice_bound
from .steering_bound import steering_bound
from .traffic_steering import TrafficSteering
from .worlds import AnyTask

__all__ = [
    "MAX_SLEEPERS",
    "AdmissionBound",
    "EnergyBound",
    "HindsightBound",
    "SettingsBound",
    "admission_bound",
    "awake_sets",
    "beam_bound",
    "bound_of",
    "energy_bound",
    "joint_bound",
    "loss_system_blocking",
    "loss_system_optimum",
    "slice_bound",
    "standing_power_w",
    "steering_bound",
]

AnyBound = EnergyBound | SettingsBound | HindsightBound | AdmissionBound


def bound_of(
    task: AnyTask,
    network: Any,  # noqa: ANN401  (what the problem runs on)
    seeds: I64,
    progress: Callable[[float], None] | None = None,
) -> AnyBound | None:
    """Return the bound of a control problem for the episodes of ``seeds``; None where none is known.

    It holds in every episode, or ``on_average``.
    """
    if isinstance(task, SliceAdmission):
        if isinstance(network, Params):
            return slice_bound(network, task.weights, seeds, progress)
        return admission_bound(network, task, seeds)
    if isinstance(task, EnergySaving):
        return energy_bound(network, task, seeds, progress)
    if isinstance(task, BeamControl):
        return beam_bound(network, task, seeds, progress)
    if isinstance(task, TrafficSteering):
        return steering_bound(network, task, seeds, progress)
    return joint_bound(network, task, seeds, progress) if isinstance(task, JointControl) else None
