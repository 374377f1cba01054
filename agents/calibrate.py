"""Calibrate the shield's demand margin on episodes kept for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..safety.conformal import conformal_quantile, growth_scores
from ..safety.recoverability import n_members
from ..twin.backup import wake_everything
from ..twin.fitted import growth_margin
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.sync import assimilate, expect, first_belief
from .episodes import Progress, no_progress, started

EPS = 0.01  # the believed demand may be outgrown in one period of a hundred; crowds are imagined on top
LARGEST_FACTOR = 2.0  # more than this and the twin is of no use for looking ahead


class CalibrationError(ValueError):
    """The twin cannot foresee the demand of a network: there is no shield for it."""


def demand_factor(params: Params, seeds: Sequence[int], progress: Progress = no_progress) -> float:
    """Return the factor by which demand is raised in the look-ahead.

    It is the conformal (1 - EPS) quantile of realised over believed traffic two control periods ahead (the candidate's
    period and the wake-up), in episodes without crowds: those are imagined separately. Where the twin was fitted to a
    network, it is at least what that network's own days asked for.

    Raises:
        CalibrationError: if the factor exceeds ``LARGEST_FACTOR``: the twin does not fit the network.
    """
    calm = replace(params.scenario, surge=replace(params.scenario.surge, probability=0.0))
    quiet = replace(params, scenario=calm)
    simulation = started(quiet, seeds)
    members = n_members(params)
    belief = first_belief(quiet, simulation.window.kpis, simulation.window.precedent.command, members, seed=0)
    scores, expected = [], []
    periods = calm.timing.periods_per_episode
    for period in range(periods):
        ahead, _ = expect(quiet, belief, belief.command)
        _, later = expect(quiet, replace(belief, members=ahead), belief.command)
        expected.append(_mean_of_members(later, members))
        simulation.step(wake_everything(quiet, len(seeds)))
        belief = assimilate(quiet, belief, simulation.window.kpis, simulation.window.precedent.command)
        if period >= 1:
            scores.append(growth_scores(quiet, expected[period - 1], simulation.window.kpis))
        progress((period + 1) / periods)
    factor = max(growth_margin(params.scenario), conformal_quantile(np.concatenate(scores), EPS))
    if not factor <= LARGEST_FACTOR:
        raise CalibrationError(
            f"demand outgrows the belief by a factor of {factor:.2f} in two control periods, more than "
            f"{LARGEST_FACTOR:g}: calibrate the twin to the network, or average the load file over longer slots"
        )
    return factor


def _mean_of_members(kpis: Kpis, members: int) -> Kpis:
    """Average the traffic of the members of each network."""
    first = kpis.rows(slice(None, None, members))
    mean = lambda values: values.reshape(-1, members, values.shape[1]).mean(axis=1).astype(np.float32)  # noqa: E731
    return replace(first, volume_dl=mean(kpis.volume_dl), blocked_dl=mean(kpis.blocked_dl))
