"""What no choice of patterns and offsets can beat: the proof behind the bounds of beam control and traffic steering."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..twin.advance import advance
from ..twin.command import Command
from ..twin.kernels.layout import make_scratch
from ..twin.kernels.relax_settings import N_RELAXED, Relaxed, make_room, relax_settings
from ..twin.params import Params
from ..twin.state import State, begin, open_period
from ..twin.types import F64, I8, I64
from .bound_checks import refuse_waiting

MAX_SETTINGS = 1024  # the relaxation looks at every one of them
TOLERANCE = 1e-4  # float32 sums of the kernel against float64 here


@dataclass(frozen=True)
class SettingsBound:
    """Best conceivable result per episode."""

    on_average: ClassVar[bool] = False  # it holds in every episode

    episode_return: F64  # (B,), no controller returns more


@dataclass(frozen=True)
class Best:
    """What a control period can bring at best under each of K settings, whatever came before."""

    throughput_mbps: F64  # (B, K), mean of active users, at most
    uncovered: F64  # (B, K), share of users, at least
    efficiency: F64  # (B, K), bit/s/Hz, mean of active users at its end, at most
    load: F64  # (B, K, C), mean of every cell, at least


def best_periods(params: Params, beams: I8, offsets: I8, seeds: I64) -> Iterator[Best]:
    """Yield the best that each control period of the episodes of ``seeds`` can bring under each setting.

    Claim: a controller under which all carriers are active and whose cells have setting k throughout a control period
    sees no more throughput and efficiency in it, no fewer users uncovered and no less load than told for k.

    Proof. Users, their demand and their path gains under each pattern do not depend on commands, so the moments of a
    run as planned are those of every run. Fix a twin step under setting k.

    1. Cells. After event A3, whose time to trigger is no longer than a step, a user's cell ranks within the A3 margin
       of its best; so it is one of the candidates.
    2. Loads. The twin works out loads in rounds that begin with those of the last step. A user with one candidate, in
       range of it even if every other cell were full, loads it in every round. Lower bounds of the loads before a
       round are lower bounds of the interference, hence upper bounds of the rates, hence, by the users that are
       certain, lower bounds of the loads after it, capped at 1. Within a period the same setting was in force in the
       step before; at its beginning any may have been, so that the least over all settings is taken.
    3. Sums. A user's throughput is its rate times the free share of its cell: at most the largest over its
       candidates. Its link is at most the best of theirs; it is covered only if a candidate is heard well enough.

    Args:
        params: the network.
        beams: (K, C), the settings.
        offsets: (K, C), dB.
        seeds: (B,) of the episodes, each the first of its seed.

    Raises:
        ValueError: if the A3 time to trigger outlasts a step, a site's backhaul limits its cells, or traffic can wait.
    """
    refuse_waiting(params)
    if max(params.arrays.ttt_s, params.arrays.wait_s[0]) > params.arrays.step_s:
        raise ValueError("the bound needs handover.time_to_trigger_s <= timing.twin_step_s")
    if len(params.arrays.backhaul_mbps):
        raise ValueError("the bound needs backhaul without limits: a full link empties its cells")
    timing = params.scenario.timing
    state = begin(params, seeds, np.zeros(len(seeds), np.int64))
    state.arrays.step[:] = -timing.steps_per_period
    _walk(params, state, timing.steps_per_period)
    load = np.zeros((len(seeds), len(beams), params.n_cells))
    for _ in range(timing.periods_per_episode):
        sums, last = _relaxed_period(params, state, (beams, offsets), load)
        load[:] = load.min(axis=1, keepdims=True)
        yield _best(sums / timing.steps_per_period, last)


def every_setting(choices: Sequence[Sequence[int]]) -> I8:
    """List every joint setting of the cells, (K, C), from the choices of each.

    Raises:
        ValueError: if there are more than ``MAX_SETTINGS``.
    """
    count = int(np.prod([len(each) for each in choices], dtype=np.float64))
    if count > MAX_SETTINGS:
        raise ValueError(f"{count} joint settings of {len(choices)} cells; the bound handles {MAX_SETTINGS}")
    return np.array(list(itertools.product(*choices)), dtype=np.int8)


def summed(
    rewards: Iterator[F64], n: int, periods: int, progress: Callable[[float], None] | None
) -> SettingsBound:
    """Add up the best reward of every period, (B,) each, telling the share done."""
    total = np.zeros(n)
    for done, reward in enumerate(rewards):
        total += reward
        if progress is not None:
            progress((done + 1) / periods)
    return SettingsBound(total)


def _walk(params: Params, state: State, n_steps: int) -> None:
    advance(params, state, Command.all_active(state.n_replicas, params.n_cells), n_steps)


def _relaxed_period(params: Params, state: State, settings: tuple[I8, I8], load: F64) -> tuple[F64, F64]:
    """Advance one control period; return the relaxation summed over its steps and that of the last, (B, K, ...)."""
    scratch, room = make_scratch(state.arrays), make_room(params.arrays, params.n_users)
    shape = (*load.shape[:2], N_RELAXED + params.n_cells)
    total = last = np.zeros(shape)
    for _ in range(params.scenario.timing.steps_per_period):
        open_period(state)
        _walk(params, state, 1)
        last = np.zeros(shape)
        state.arrays.step[:] -= 1  # the step that was just accounted for
        relax_settings(params.arrays, state.arrays, scratch, *settings, room, load, last)
        state.arrays.step[:] += 1
        total = total + last
    return total, last


def _best(mean: F64, last: F64) -> Best:
    return Best(
        throughput_mbps=_share(mean, Relaxed.THROUGHPUT, Relaxed.ACTIVE) * (1 + TOLERANCE),
        uncovered=_share(mean, Relaxed.UNCOVERED, Relaxed.USERS) * (1 - TOLERANCE),
        efficiency=_share(last, Relaxed.EFFICIENCY, Relaxed.CONNECTED) * (1 + TOLERANCE),
        load=mean[..., N_RELAXED:] * (1 - TOLERANCE),
    )


def _share(sums: F64, part: Relaxed, whole: Relaxed) -> F64:
    """Return one column over another; nothing out of nothing is 0."""
    return sums[..., part] / np.maximum(sums[..., whole], 1e-9)
