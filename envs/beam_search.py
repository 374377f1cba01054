"""Coordinate search over broadcast patterns in the twin: one cell after the other takes the pattern that pays most."""

from __future__ import annotations

import numpy as np

from ..twin.advance import advance
from ..twin.command import Command
from ..twin.kpis import measure
from ..twin.params import Params
from ..twin.sla import shares
from ..twin.state import NEVER_S, State, begin, gather_crowd, open_period
from ..twin.types import F64, I64
from .beam_control import N_SSB, BeamControl, beam_cells, user_efficiency, user_mbps
from .task import weighted

SEED = 0x424D  # of the twin's own days; has nothing to do with the network's
SWEEPS = 2
NOON_S = 12 * 3600.0


def first_states(params: Params, seeds: I64) -> State:
    """Return the states in which the episodes of ``seeds`` begin."""
    return begin(params, seeds, np.zeros(len(seeds), np.int64))


def crowd_at(params: Params, venue: int | None, n: int) -> State:
    """Return n states at noon, with a crowd of the law's middle size at a venue, or nowhere."""
    state, law = first_states(params, SEED + np.arange(n, dtype=np.int64)), params.scenario.surge
    state.arrays.step[:] = round(NOON_S / params.scenario.timing.twin_step_s)
    state.arrays.surge[:, :, 0] = NEVER_S
    if venue is not None:
        state.arrays.surge[:, 0] = (0.0, 1.0, NEVER_S, np.mean(law.peak_mbps), venue)
        gather_crowd(params, state, np.arange(n), 0)
    return state


def best_patterns(params: Params, state: State, *, whole_day: bool = False) -> tuple[int, ...]:
    """Return the choices of the cells with patterns that pay most, from a state that stays as it is.

    Args:
        params: the twin.
        state: where to begin, one row per day.
        whole_day: judge an episode, else one control period.
    """
    cells = beam_cells(params)
    chosen, periods = (
        np.zeros(len(cells), np.int64),
        params.scenario.timing.periods_per_episode if whole_day else 1,
    )
    for _ in range(SWEEPS):
        before = chosen.copy()
        for column, cell in enumerate(cells.tolist()):
            tries = np.tile(chosen, (int(params.n_beams[cell]), 1))
            tries[:, column] = np.arange(int(params.n_beams[cell]))
            chosen[column] = int(np.argmax(_worth(params, state, tries, periods)))
        if np.array_equal(before, chosen):
            break
    return tuple(chosen.tolist())


def usual_users(params: Params, state: State, choices: tuple[int, ...]) -> F64:
    """Return the active users of every SSB beam under a joint choice, (C * N_SSB,), mean over the states."""
    members = state.copy()
    _run_period(params, members, _command(params, np.tile(np.array(choices), (state.n_replicas, 1))))
    kpis = measure(params, members)
    counted = np.stack([getattr(kpis, f"ssb_{k}") for k in range(N_SSB)], axis=2)
    return counted.mean(axis=0, dtype=np.float64).ravel()


def _worth(params: Params, state: State, tries: I64, periods: int) -> F64:
    """Return the mean reward of each of several joint choices (T, A), all on the same days."""
    task, n = BeamControl(), state.n_replicas
    members, command = _tiled(state, len(tries)), _command(params, np.repeat(tries, n, axis=0))
    total = np.zeros(len(tries) * n)
    for _ in range(periods):
        _run_period(params, members, command)
        kpis = measure(params, members)
        terms = task.quality(params, user_mbps(kpis), shares(kpis)[:, 1], user_efficiency(kpis))
        total += weighted(terms | {"calm": np.ones(len(total))}, task.weights)
    return total.reshape(len(tries), n).mean(axis=1)


def _tiled(state: State, times: int) -> State:
    """Return the states, all of them again and again."""
    return state.rows(np.tile(np.arange(state.n_replicas), times))


def _command(params: Params, choices: I64) -> Command:
    beam = np.zeros((len(choices), params.n_cells), np.int8)
    beam[:, beam_cells(params)] = choices
    return Command(np.zeros_like(beam), beam)


def _run_period(params: Params, state: State, command: Command) -> None:
    open_period(state)
    advance(params, state, command, params.scenario.timing.steps_per_period)
