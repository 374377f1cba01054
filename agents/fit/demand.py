"""What networks of a load law offer in the periods of a log, with noise of demand that is given.

The kernel's own noise has one sigma for all networks; here it neither fades nor grows, and what is given is put into
the state when a period begins, so that one compiled call moves networks whose noise differs.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from ...twin.command import Command
from ...twin.kernels.layout import make_scratch
from ...twin.kernels.step import advance_replicas
from ...twin.kpis import measure
from ...twin.params import Params
from ...twin.state import NEVER_S, begin, open_period
from ...twin.types import F64, I64
from .load import resident_mbps
from .series import Series

_FIRST_SEED = 9_000_000


def drawn_noise(series: Series, params: Params, laws: F64, rng: np.random.Generator) -> F64:
    """Return AR(1) noise of log demand, (n, periods, G), as a mean over each period, gaps of the log among them.

    Args:
        series: the log, for its periods.
        params: for the areas and the twin's step.
        laws: (n, 2), sigma and correlation time in s of each network.
        rng: draws it.
    """
    timing, periods = params.scenario.timing, _place(series, params)[-1] + 1
    shape = (periods, timing.steps_per_period, params.n_areas)
    noise = np.empty((len(laws), periods, params.n_areas))
    for number, (sigma, correlation_s) in enumerate(laws):
        keep = float(np.exp(-timing.twin_step_s / correlation_s))
        shocks = rng.standard_normal((shape[0] * shape[1], shape[2]))
        shocks[1:] *= np.sqrt(1.0 - keep**2)
        steps = sigma * np.asarray(lfilter([1.0], [1.0, -keep], shocks, axis=0), np.float64)
        noise[number] = np.log(np.exp(steps).reshape(shape).mean(axis=1))
    return noise


def offered_mbps(series: Series, params: Params, level_mbps: float, noise: F64) -> F64:
    """Return what networks offer in the periods of a log, (n, T, C) Mbit/s, with all carriers on.

    Args:
        series: the log, for its periods.
        params: the law that users, loads of the areas and crowds are drawn by.
        level_mbps: what every network asks for at the mean of the day, without noise.
        noise: (n, periods, G) of log demand, or (n, 1, 1) for networks without noise and without crowds.
    """
    timing, row, n = params.scenario.timing, _place(series, params), len(noise)
    state = begin(params, _FIRST_SEED + np.arange(n), np.zeros(n, np.int64))
    state.arrays.area_load[:] *= (level_mbps / resident_mbps(params, state.arrays))[:, None]
    state.arrays.step[:] = round(float(series.time_s[0]) / timing.twin_step_s) - timing.steps_per_period
    calm = noise.shape[1] == 1
    if calm:
        state.arrays.surge[:, :, 0] = NEVER_S
    arrays, work = params.arrays._replace(noise_keep=1.0, noise_gain=0.0), make_scratch(state.arrays)
    settings = Command.of(np.zeros((n, params.n_cells), np.int64)).settings
    mbps = np.zeros((n, row[-1] + 1, params.n_cells), np.float32)
    for period in range(row[-1] + 1):
        state.arrays.area_noise[:] = noise[:, 0 if calm else period]
        open_period(state)
        advance_replicas(arrays, state.arrays, settings, timing.steps_per_period, work)
        kpis = measure(params, state)
        mbps[:, period] = (kpis.volume_dl + kpis.blocked_dl) / (1000.0 * timing.control_period_s)
    return np.asarray(mbps[:, row], np.float64)


def _place(series: Series, params: Params) -> I64:
    """Return the number of each period of the log, (T,), counted through its gaps."""
    since = (series.time_s - series.time_s[0]) / params.scenario.timing.control_period_s
    return np.round(since).astype(np.int64)
