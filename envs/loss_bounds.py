"""Bounds of admission: the best policy and the blocking from plain numbers, and the best return of an episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..twin.loss.erlang import blocking
from ..twin.loss.optimum import optimum
from ..twin.loss.system import LossSystem
from ..twin.types import F64, I64, Bool
from .loss_horizon import best_revenue, fluid_revenue, is_small
from .loss_scenario import LossScenario
from .slice_admission import SliceAdmission


@dataclass(frozen=True)
class AdmissionBound:
    """Best conceivable result per episode."""

    on_average: ClassVar[bool] = True  # luck may bring more in one episode

    episode_return: F64  # (B,), no controller returns more on average over what happens after the beginning


def admission_bound(network: LossScenario, task: SliceAdmission, seeds: I64) -> AdmissionBound:
    """Return what the best policy returns on average in episodes that begin as those of ``seeds``, or a bound of it.

    Exact by dynamic programming where the system is small (``best_revenue``), else from the fluid limit
    (``fluid_revenue``); the proofs stand there. Unlike a hindsight bound it may be exceeded by luck in one episode, not
    in the mean over many.

    Args:
        network: the loss system and the length of an episode.
        task: the control problem; its reward is the revenue, scaled.
        seeds: (B,) of the episodes, each the first of its seed.
    """
    world = task.world(network, len(seeds))
    world.start(seeds, np.zeros(len(seeds), np.int64))
    most = best_revenue if is_small(network.system) else fluid_revenue
    revenue = most(network, world.window)
    requests = network.episode_requests
    return AdmissionBound((revenue - requests * network.lowest) / (network.highest - network.lowest))


def loss_system_optimum(
    capacity: int, units: ArrayLike, arrival_rates: ArrayLike, service_rates: ArrayLike, rewards: ArrayLike
) -> tuple[float, Bool]:
    """Return the greatest average reward per unit of time of a loss system, and the policy that earns it.

    Poisson requests, exponential holding times, no queue; the answer is exact to rounding (``twin/loss/optimum.py``
    gives the proof of optimality with it). Rates are per second, or per any other unit of time.

    Args:
        capacity: units, whole, 1 or more.
        units: (K,) units of one admission, whole, 1 or more.
        arrival_rates: (K,) requests per unit of time; one number stands for every class, here and below.
        service_rates: (K,) departures per unit of time of one admission.
        rewards: (K,) reward of one admission.

    Returns:
        The gain, and the policy (limit of class 0 + 1, ..., limit of the last + 1, K): whether to admit each class
        with so many of every class in service. False where the state or the admission does not fit.

    Raises:
        ValueError: on a value out of range, lengths that do not match, or a system too large for an exact answer.
    """
    b, arriving, served, earned = (
        row.tolist() for row in _rows(units, arrival_rates, service_rates, rewards)
    )
    found = optimum(LossSystem.of(capacity, b, arriving, served, earned))
    return found.gain, found.table


def loss_system_blocking(
    capacity: int, units: ArrayLike, offered_erlang: ArrayLike, reservation: ArrayLike | None = None
) -> F64:
    """Return the share of each class's requests that is refused when whatever fits is admitted, (K,).

    The Kaufman-Roberts recursion: exact for any holding times. With trunk reservation it is an approximation.

    Args:
        capacity: units, whole, 0 or more.
        units: (K,) units of one admission, whole, 1 or more.
        offered_erlang: (K,) arrival rate x mean holding time, 0 or more; one number stands for every class.
        reservation: (K,) units that must stay free after an admission; None reserves nothing.

    Raises:
        ValueError: on a value out of range, or lengths that do not match.
    """
    b, load, kept = _rows(units, offered_erlang, 0 if reservation is None else reservation)
    return blocking(capacity, b, load, kept)


def _rows(*values: ArrayLike) -> list[np.ndarray]:
    """Return every argument with one value per class, (K,); a plain number stands for every class, a list never."""
    given = [np.asarray(value) for value in values]
    odd = next((row.shape for row in given if row.ndim > 1), None)
    if odd is not None:
        raise ValueError(f"arguments of shape {odd}; give one value per class, (K,)")
    lengths = [len(row) for row in given if row.ndim == 1]
    if len(set(lengths)) > 1:
        raise ValueError(f"arguments with {lengths} values; give one value per class to each")
    return [np.array(row) for row in np.broadcast_arrays(*np.atleast_1d(*given))]
