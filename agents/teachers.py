"""What a learner may begin as an imitation of: a rule of its control problem, by name or the best of them all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ..envs.baselines import candidates
from ..envs.controller import Controller
from ..envs.energy_saving import EnergySaving
from ..envs.slice_admission import SliceAdmission
from ..envs.slice_baselines import slice_candidates
from ..envs.steering_baselines import steering_candidates
from ..envs.traffic_steering import TrafficSteering
from ..twin.params import Params
from .comparison import rules_of
from .config import ConfigError, nearest
from .episodes import run_episodes
from .evaluate import Setting
from .seeds import Domain, episode_seeds
from .tuning import FEW, MANY, SURVIVORS

BEST = "best"


def teacher_of(name: str, settings: Mapping[str, float], setting: Setting, limit: float) -> Controller:
    """Return the rule that is to be imitated.

    Args:
        name: of one of ``rules_of`` the problem, or ``"best"``: tuned on the selection days of ``setting.seeds``.
        settings: of that rule, where not its own.
        setting: the problem, the network and the days to tune on, ``tuning_days``.
        limit: share of the days that may be over the budget, where the best is asked for.

    Raises:
        ConfigError: for an unknown rule or setting, naming the nearest, or if the problem has no rules.
    """
    if name == BEST and settings:
        raise ConfigError(
            f"warm_start=best tunes the settings itself; leave warm_start_settings={dict(settings)} out"
        )
    if name == BEST:
        return best_rule(_candidates(setting), setting, limit)
    rules = {rule.name: rule for rule in _known(setting)}
    wanted = name.replace("_", " ")
    if wanted not in rules:
        raise ConfigError(f"warm_start: unknown rule {name!r}; {nearest(wanted, [BEST, *rules])}")
    return _with(rules[wanted], settings)


def tuning_days(seed: int) -> list[int]:
    """Return the selection days that ``tune`` uses: a few for every setting, then as many more for what is left."""
    return [*episode_seeds(seed, Domain.SELECT, 0, FEW), *episode_seeds(seed, Domain.SELECT, 1, MANY)]


def best_rule(rules: Sequence[Controller], setting: Setting, limit: float) -> Controller:
    """Return the best of some rules by successive halving, as ``tune`` does.

    Args:
        rules: with their settings.
        setting: ``seeds`` holds the few days of the first round, then those of the second.
        limit: share of the days that may be over the budget.
    """
    few, many = setting.seeds[:FEW], setting.seeds[FEW:]
    left = sorted(rules, key=lambda rule: _standing(rule, setting, few, limit))[:SURVIVORS]
    return min(left, key=lambda rule: _standing(rule, setting, many, limit))


def _standing(rule: Controller, setting: Setting, seeds: Sequence[int], limit: float) -> tuple[float, float]:
    """Order rules, best first: feasible ones by energy or else by return, others by how often they break a promise."""
    result = run_episodes(rule, setting.params, setting.task, seeds)
    energy_kwh = float(result.energy_kwh.mean())  # NaN where energy is not at stake
    amount = -float(result.episode_return.mean()) if math.isnan(energy_kwh) else energy_kwh
    return max(0.0, result.violated_share - limit), amount


def _known(setting: Setting) -> list[Any]:
    rules = rules_of(setting)
    if not rules:
        raise ConfigError(
            f"warm_start: {type(setting.task).__name__} has no rule that can be imitated; leave it out"
        )
    return rules


def _candidates(setting: Setting) -> list[Any]:
    """List the settings to tune over; the rules of other problems come tuned, on selection days too."""
    task, params = setting.task, setting.params
    if isinstance(task, EnergySaving):
        families = candidates(len(params.scenario.sleep.periods_ms))
    elif isinstance(task, SliceAdmission) and isinstance(params, Params):
        families = slice_candidates()
    elif isinstance(task, TrafficSteering):
        families = {"load balancing": steering_candidates()}
    else:
        families = {"as they are": _known(setting)}
    return [rule for rules in families.values() for rule in rules]


def _with(rule: Any, settings: Mapping[str, float]) -> Controller:  # noqa: ANN401  (each rule is a class of its own)
    numbers = _numbers(rule)
    for name in settings:
        if name not in numbers:
            hint = nearest(name, numbers) if numbers else "it has none"
            raise ConfigError(f"warm_start: unknown setting of the {rule.name} {name!r}; {hint}")
    return replace(rule, **settings) if settings else rule


def _numbers(rule: Any) -> list[str]:  # noqa: ANN401
    known = [f.name for f in fields(rule) if f.repr] if is_dataclass(rule) else []
    return [name for name in known if isinstance(getattr(rule, name), int | float)]
