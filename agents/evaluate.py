"""Compare policies with baselines and bound on the same seeds, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..envs.baselines import AlwaysOn
from ..envs.bounds import AdmissionBound, EnergyBound, HindsightBound, SettingsBound
from ..envs.controller import Controller
from ..envs.energy_saving import EnergySaving
from ..envs.world import WorldTask
from ..envs.worlds import AnyTask
from ..safety.shield import Shield
from ..twin.types import F64
from .episodes import Episodes, Progress, no_progress, run_episodes
from .shielded import ShieldedEpisodes, run_shielded
from .stats import Interval, mean_interval, paired_difference, ratio_interval, score, share_interval

FEASIBLE_SHARE = 0.01  # of episodes that may exceed the budget
Bound = EnergyBound | AdmissionBound | SettingsBound | HindsightBound
SHIELDED = "{}, shielded"  # name of a policy behind the shield
_BARE_SHARE = 0.2  # of the time where a shield is to be looked through, for the progress bar


@dataclass(frozen=True)
class Setting:
    """Where a comparison takes place."""

    params: Any  # what the problem runs on: `Params` on the twin
    task: AnyTask
    seeds: Sequence[int]


@dataclass(frozen=True)
class Row:
    """What is known of one controller; differences are paired with the best feasible baseline."""

    controller: str
    is_baseline: bool
    feasible: bool  # at most 1 % of the episodes exceed the budget
    episode_return: Interval
    energy_kwh: Interval | None  # None where energy is not at stake
    saving_pct: Interval | None  # of energy against always on, where carriers sleep
    violated_share: Interval  # of episodes
    cost: Interval
    switches: Interval | None
    return_gain: Interval | None  # against the best feasible baseline
    energy_gain_kwh: Interval | None  # spent more (+) or less (-) than it
    score: Interval | None  # 0 the best feasible baseline, 1 the bound; None where that cannot be told
    intervention: Interval | None  # share of decisions that the shield changed; None without a shield
    revenue_per_s: Interval | None = None  # None where there is no revenue


@dataclass(frozen=True)
class Table:
    """The comparison, in the order given: policies, the same behind the shield if there is one, then baselines."""

    rows: tuple[Row, ...]
    episodes: int
    best_baseline: str | None
    bound_return: Interval | None
    bound_energy_kwh: Interval | None


def evaluate(
    policies: Sequence[Controller],
    baselines: Sequence[Controller],
    setting: Setting,
    bound: Bound | None = None,
    progress: Progress = no_progress,
    shield: Shield | None = None,
) -> Table:
    """Run every controller on every seed and compare.

    Args:
        policies: what is judged.
        baselines: what it is judged against; always on is run in any case where carriers sleep.
        setting: network, problem and seeds.
        bound: of the same seeds, or None for no score.
        progress: called with the share done.
        shield: calibrated; the policies are also run behind it. None leaves that out.

    Raises:
        ValueError: if two controllers share a name or the bound is for another number of seeds.
    """
    controllers = [*policies, *baselines]
    _require_comparable(controllers, setting, bound)
    share = 1.0 if shield is None else _BARE_SHARE
    awake = [AlwaysOn(name="always on (reference)")] if isinstance(setting.task, EnergySaving) else []
    results = _run_all([*controllers, *awake], setting, lambda done: progress(share * done))
    reference = results.pop() if awake else None
    bare, rules = results[: len(policies)], results[len(policies) :]
    best = best_feasible(rules)
    mark = _Mark(reference, best, bound)
    rest = lambda done: progress(share + (1.0 - share) * done)  # noqa: E731
    shielded = [] if shield is None else _run_shielded(policies, shield, setting, rest)
    return Table(
        rows=(
            *(_row(result, mark) for result in bare),
            *(
                _row(_common(name, result, setting.task), mark, result.intervention)
                for name, result in shielded
            ),
            *(_row(result, mark, is_baseline=True) for result in rules),
        ),
        episodes=len(setting.seeds),
        best_baseline=None if best is None else best.controller,
        bound_return=None if bound is None else mean_interval(bound.episode_return),
        bound_energy_kwh=mean_interval(bound.energy_kwh) if isinstance(bound, EnergyBound) else None,
    )


def is_feasible(result: Episodes) -> bool:
    """Tell whether a controller keeps its promise: at most 1 % of its episodes exceed the budget."""
    return result.violated_share <= FEASIBLE_SHARE


def best_feasible(results: Sequence[Episodes]) -> Episodes | None:
    """Return the feasible controller of the highest mean return, if any is feasible."""
    return max(
        filter(is_feasible, results), key=lambda result: float(result.episode_return.mean()), default=None
    )


def _require_comparable(controllers: Sequence[Controller], setting: Setting, bound: Bound | None) -> None:
    names = [controller.name for controller in controllers]
    if len(set(names)) != len(names):
        raise ValueError(f"controllers share a name: {sorted(names)}; give each its own")
    if bound is not None and len(bound.episode_return) != len(setting.seeds):
        raise ValueError(
            f"the bound is for {len(bound.episode_return)} seeds, the comparison has {len(setting.seeds)}"
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


def _run_shielded(
    policies: Sequence[Controller], shield: Shield, setting: Setting, progress: Progress
) -> list[tuple[str, ShieldedEpisodes]]:
    """Run the policies behind the shield on the same seeds, each with its name there."""
    task, count = setting.task, len(policies)
    if isinstance(task, WorldTask):
        raise ValueError(f"{type(task).__name__} does not run on the twin, which the shield guards")
    return [
        (
            SHIELDED.format(policy.name),
            run_shielded(
                policy,
                shield,
                task,
                setting.seeds,
                lambda share, done=done: progress((done + share) / count),
            ),
        )
        for done, policy in enumerate(policies)
    ]


def _common(name: str, result: ShieldedEpisodes, task: AnyTask) -> Episodes:
    """Return what shielded episodes have in common with others."""
    return Episodes(
        controller=name,
        seeds=result.seeds,
        episode_return=result.episode_return,
        energy_kwh=result.energy_kwh,
        cost=result.cost,
        violated=~(result.cost <= task.budget),
        switches=result.switches,
        constraint_cost={},
        reward_terms={},
    )


@dataclass(frozen=True)
class _Mark:
    """What every row is measured against."""

    reference: Episodes | None  # always on, where carriers sleep
    best: Episodes | None  # the best feasible baseline
    bound: Bound | None


def _row(result: Episodes, mark: _Mark, intervention: F64 | None = None, *, is_baseline: bool = False) -> Row:
    reference, best, bound = mark.reference, mark.best, mark.bound
    gain, spent = (None, None) if best is None else _against(result, best)
    return Row(
        controller=result.controller,
        is_baseline=is_baseline,
        feasible=is_feasible(result),
        episode_return=mean_interval(result.episode_return),
        energy_kwh=_interval(result.energy_kwh),
        saving_pct=None if reference is None else _saving(result, reference),
        violated_share=share_interval(int(result.violated.sum()), len(result.violated)),
        cost=mean_interval(result.cost),
        switches=_interval(result.switches),
        return_gain=gain,
        energy_gain_kwh=spent,
        score=None if best is None or bound is None else _score(result.episode_return, best, bound),
        intervention=None if intervention is None else mean_interval(intervention),
        revenue_per_s=None if result.revenue_per_s is None else mean_interval(result.revenue_per_s),
    )


def _interval(values: F64) -> Interval | None:
    """Return the mean, or None of what the problem does not have."""
    return None if np.isnan(values).all() else mean_interval(values)


def _saving(result: Episodes, reference: Episodes) -> Interval | None:
    return ratio_interval(100.0 * (reference.energy_kwh - result.energy_kwh), reference.energy_kwh)


def _against(result: Episodes, best: Episodes) -> tuple[Interval, Interval | None]:
    return (
        paired_difference(result.episode_return, best.episode_return),
        _interval(result.energy_kwh - best.energy_kwh),
    )


def _score(values: F64, best: Episodes, bound: Bound) -> Interval | None:
    return score(np.asarray(values), best.episode_return, bound.episode_return)
