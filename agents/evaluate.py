"""Compare policies with baselines and bound on the same seeds, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..envs.baselines import AlwaysOn
from ..envs.bounds import EnergyBound
from ..envs.controller import Controller
from ..envs.task import Task
from ..twin.params import Params
from ..twin.types import F64
from .episodes import Episodes, Progress, no_progress, run_episodes
from .stats import Interval, mean_interval, paired_difference, ratio_interval, score, share_interval

FEASIBLE_SHARE = 0.01  # of episodes that may exceed the budget


@dataclass(frozen=True)
class Setting:
    """Where a comparison takes place."""

    params: Params
    task: Task
    seeds: Sequence[int]


@dataclass(frozen=True)
class Row:
    """What is known of one controller; differences are paired with the best feasible baseline."""

    controller: str
    is_baseline: bool
    feasible: bool  # at most 1 % of the episodes exceed the budget
    episode_return: Interval
    energy_kwh: Interval
    saving_pct: Interval | None  # of energy against always on
    violated_share: Interval  # of episodes
    cost: Interval
    switches: Interval
    return_gain: Interval | None  # against the best feasible baseline
    energy_gain_kwh: Interval | None  # spent more (+) or less (-) than it
    score: Interval | None  # 0 the best feasible baseline, 1 the bound; None where that cannot be told


@dataclass(frozen=True)
class Table:
    """The comparison, in the order given: policies, then baselines."""

    rows: tuple[Row, ...]
    episodes: int
    best_baseline: str | None
    bound_return: Interval | None
    bound_energy_kwh: Interval | None


def evaluate(
    policies: Sequence[Controller],
    baselines: Sequence[Controller],
    setting: Setting,
    bound: EnergyBound | None = None,
    progress: Progress = no_progress,
) -> Table:
    """Run every controller on every seed and compare.

    Args:
        policies: what is judged.
        baselines: what it is judged against; always on is run in any case.
        setting: network, problem and seeds.
        bound: of the same seeds, or None for no score.
        progress: called with the share done.

    Raises:
        ValueError: if two controllers share a name or the bound is for another number of seeds.
    """
    controllers = [*policies, *baselines]
    _require_comparable(controllers, setting, bound)
    results = _run_all([*controllers, AlwaysOn(name="always on (reference)")], setting, progress)
    reference = results.pop()
    best = best_feasible(results[len(policies) :])
    rows = [
        _row(result, index >= len(policies), reference, best, bound) for index, result in enumerate(results)
    ]
    return Table(
        rows=tuple(rows),
        episodes=len(setting.seeds),
        best_baseline=None if best is None else best.controller,
        bound_return=None if bound is None else mean_interval(bound.episode_return),
        bound_energy_kwh=None if bound is None else mean_interval(bound.energy_kwh),
    )


def is_feasible(result: Episodes) -> bool:
    """Tell whether a controller keeps its promise: at most 1 % of its episodes exceed the budget."""
    return result.violated_share <= FEASIBLE_SHARE


def best_feasible(results: Sequence[Episodes]) -> Episodes | None:
    """Return the feasible controller of the highest mean return, if any is feasible."""
    return max(
        filter(is_feasible, results), key=lambda result: float(result.episode_return.mean()), default=None
    )


def _require_comparable(
    controllers: Sequence[Controller], setting: Setting, bound: EnergyBound | None
) -> None:
    names = [controller.name for controller in controllers]
    if len(set(names)) != len(names):
        raise ValueError(f"controllers share a name: {sorted(names)}; give each its own")
    if bound is not None and len(bound.energy_kwh) != len(setting.seeds):
        raise ValueError(
            f"the bound is for {len(bound.energy_kwh)} seeds, the comparison has {len(setting.seeds)}"
        )


def _run_all(controllers: Sequence[Controller], setting: Setting, progress: Progress) -> list[Episodes]:
    count = len(controllers)
    return [
        run_episodes(
            controller,
            setting.params,
            setting.task,
            setting.seeds,
            lambda share, done=done: progress((done + share) / count),
        )
        for done, controller in enumerate(controllers)
    ]


def _row(
    result: Episodes, is_baseline: bool, reference: Episodes, best: Episodes | None, bound: EnergyBound | None
) -> Row:
    saving = ratio_interval(100.0 * (reference.energy_kwh - result.energy_kwh), reference.energy_kwh)
    gain, spent = (None, None) if best is None else _against(result, best)
    return Row(
        controller=result.controller,
        is_baseline=is_baseline,
        feasible=is_feasible(result),
        episode_return=mean_interval(result.episode_return),
        energy_kwh=mean_interval(result.energy_kwh),
        saving_pct=saving,
        violated_share=share_interval(int(result.violated.sum()), len(result.violated)),
        cost=mean_interval(result.cost),
        switches=mean_interval(result.switches),
        return_gain=gain,
        energy_gain_kwh=spent,
        score=None if best is None or bound is None else _score(result.episode_return, best, bound),
    )


def _against(result: Episodes, best: Episodes) -> tuple[Interval, Interval]:
    return (
        paired_difference(result.episode_return, best.episode_return),
        paired_difference(result.energy_kwh, best.energy_kwh),
    )


def _score(values: F64, best: Episodes, bound: EnergyBound) -> Interval | None:
    return score(np.asarray(values), best.episode_return, bound.episode_return)
