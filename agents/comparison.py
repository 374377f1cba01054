"""From a configuration to results on disk: policy, baselines and bound on the evaluation seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..envs.as_it_stands import AsItStands
from ..envs.baselines import AlwaysOn, Forecast, Greedy, LoadThreshold
from ..envs.beam_baselines import AsPlanned
from ..envs.beam_control import BeamControl
from ..envs.beam_tuning import tuned_rules
from ..envs.bounds import bound_of
from ..envs.controller import Controller
from ..envs.energy_saving import EnergySaving
from ..envs.joint_baselines import joint_rules
from ..envs.joint_control import JointControl
from ..envs.loss_baselines import admission_reference, admission_rules
from ..envs.slice_admission import SliceAdmission
from ..envs.slice_baselines import slice_rules
from ..envs.steering_baselines import LoadBalancing, NoSteering
from ..envs.traffic_steering import TrafficSteering
from ..envs.world import WorldTask
from ..twin.params import Params
from .bundle import load_bundle
from .certify import calibrated_shield
from .config import ConfigError, EvaluateConfig, nearest
from .conflict_table import write_conflicts
from .episodes import Progress, no_progress, record_day
from .evaluate import Bound, Setting, Table, evaluate
from .plots import plot_comparison, plot_day
from .problem import any_problem_of
from .results import write_results
from .seeds import Domain, episode_seeds

_BOUND_SHARE = 0.4  # of the time, for the progress bar
_CALIBRATION_SHARE = 0.1
_PLANNING_DAYS = 16  # that a plan is tuned on


def compare(config: EvaluateConfig, folder: Path, progress: Progress = no_progress) -> Table:
    """Run the comparison and write tables and plots into ``folder``.

    Raises:
        ConfigError: for an unknown baseline, if there is nothing to compare, or nothing to run behind the shield, or
            if the bound is not proven for the network.
        BundleError: if the policy must not be used here.
        CalibrationError: if the twin cannot foresee the demand, so that there is no shield.
    """
    setting = setting_of(config)
    policies = _policies(config, setting)
    baselines = chosen_baselines(config.baselines, rules_of(setting))
    if not policies and not baselines:
        raise ConfigError("nothing to compare: give policy=runs/NAME or baselines=all")
    if config.shielded and isinstance(setting.task, WorldTask):
        raise ConfigError(
            f"shielded=true: the shield guards carriers; {config.env.id} has none, leave it out"
        )
    if config.shielded and not policies:
        raise ConfigError("shielded=true needs a policy to run behind the shield: give policy=runs/NAME")
    bound = _proven_bound(config, setting, _part(progress, 0.0, _BOUND_SHARE))
    ready = _BOUND_SHARE + _CALIBRATION_SHARE
    calibrating = _part(progress, _BOUND_SHARE, ready)
    shield = calibrated_shield(setting.params, calibrating) if config.shielded else None
    table = evaluate(
        [*policies, *_references(config, setting)],
        baselines,
        setting,
        bound,
        _part(progress, ready, 1.0),
        shield,
    )
    write_results(table, folder)
    if type(setting.task) is JointControl:
        write_conflicts([*policies, *baselines], setting, folder)
    if config.plots:
        plot_comparison(table, folder / "comparison.png")
    if config.plots and not isinstance(setting.task, WorldTask):
        day = record_day((*policies, *baselines)[0], setting.params, setting.task, setting.seeds[0])
        plot_day(day, folder / "day.png")
    return table


def setting_of(config: EvaluateConfig) -> Setting:
    """Return network, problem and the evaluation seeds."""
    seeds = episode_seeds(config.seed, Domain.EVALUATE, 0, config.episodes)
    task, params = any_problem_of(config.env, config.scenario, config.load_file, config.load_column)
    return Setting(params, task, seeds)


def rules_of(setting: Setting) -> list[Any]:
    """Return the rules that a problem is compared with; each decides in the problem's own world."""
    if isinstance(setting.task, JointControl):
        return list(joint_rules())
    if isinstance(setting.task, SliceAdmission):
        return list(slice_rules() if _is_twin(setting) else admission_rules(setting.params))
    if isinstance(setting.task, TrafficSteering):
        return [NoSteering(), LoadBalancing()]
    if isinstance(setting.task, BeamControl):
        days = np.asarray(episode_seeds(0, Domain.SELECT, 0, _PLANNING_DAYS), np.int64)
        return [AsPlanned(), *tuned_rules(setting.params, days)]
    if isinstance(setting.task, EnergySaving):
        return [AlwaysOn(), Greedy(), LoadThreshold(), Forecast()]
    return [] if isinstance(setting.task, WorldTask) else [AsItStands(setting.task)]


def chosen_baselines(names: str, rules: Sequence[Controller]) -> list[Controller]:
    """Return those of the rules that ``"all"``, ``"none"`` or names separated by commas choose."""
    known = {rule.name: rule for rule in rules}
    if names in ("all", "none"):
        return list(known.values()) if names == "all" else []
    wanted = [name.strip().replace("_", " ") for name in names.split(",")]
    for name in wanted:
        if name not in known:
            valid = ["all", "none", *known]
            raise ConfigError(f"unknown baseline {name!r}; {nearest(name, valid)}")
    return [known[name] for name in wanted]


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Return progress over a part of the whole."""
    return lambda share: progress(start + (end - start) * share)


def _is_twin(setting: Setting) -> bool:
    return isinstance(setting.params, Params)


def _references(config: EvaluateConfig, setting: Setting) -> list[Any]:
    """Return what shows how far anybody can come, beside the policies."""
    wanted = config.baselines == "all" and isinstance(setting.task, SliceAdmission) and not _is_twin(setting)
    return list(admission_reference(setting.params)) if wanted else []


def _policies(config: EvaluateConfig, setting: Setting) -> list[Controller]:
    return [load_bundle(Path(config.policy), setting.params, config.env.id)] if config.policy else []


def _proven_bound(config: EvaluateConfig, setting: Setting, progress: Progress) -> Bound | None:
    try:
        return _bound(config, setting, progress)
    except ValueError as error:  # the proof does not speak of such a network
        raise ConfigError(str(error)) from error


def _bound(config: EvaluateConfig, setting: Setting, progress: Progress) -> Bound | None:
    seeds = np.asarray(setting.seeds, np.int64)
    return bound_of(setting.task, setting.params, seeds, progress) if config.bound else None
