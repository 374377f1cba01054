"""The control problem and the network that a configuration names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..envs.catalogue import UnknownNameError
from ..envs.inventory_rows import InventoryError
from ..envs.registry import make_task
from ..envs.scenario_source import scenario_named
from ..envs.task import Task
from ..envs.vector import params_of
from ..twin.params import Params
from ..twin.scenario import Scenario
from .config import ConfigError, EnvConfig
from .load_file import read_load_file


def problem_of(
    env: EnvConfig, scenario: str, load_file: str | None = None, load_column: str | None = None
) -> tuple[Task, Params]:
    """Return the problem with its weights, and the network.

    Args:
        env: the control problem.
        scenario: name of a shipped scenario, or ``inventory:PATH`` or ``inventory:PATH@K``.
        load_file: CSV of measured load in place of the scenario's own days; see ``docs/load_file.md``.
        load_column: the column of ``load_file`` with the load; None means ``load``.

    Raises:
        ConfigError: for an unknown problem or scenario, weights that do not match the reward terms, or an
            inventory or a load file that cannot be used.
    """
    try:
        task, own = make_task(env.id, env.weights), make_task(env.id)
        params = params_of(_with_load(scenario_named(scenario), load_file, load_column))
    except (UnknownNameError, InventoryError) as error:
        raise ConfigError(str(error)) from error
    if set(task.weights) != set(own.weights):
        raise ConfigError(
            f"env.weights has {sorted(task.weights)}; give one weight for each of {sorted(own.weights)}"
        )
    if not all(weight >= 0 for weight in task.weights.values()) or not sum(task.weights.values()) > 0:
        raise ConfigError(f"env.weights = {task.weights}: weights must be non-negative and not all zero")
    return task, params


def stricter(params: Params, headroom: float) -> Params:
    """Return the network with tighter promises: an agent that learns with room to spare seldom needs the shield.

    Args:
        params: the network.
        headroom: share of each limit that is kept in reserve; 0 leaves the promises as they are.
    """
    sla, keep = params.scenario.sla, 1.0 - headroom
    tight = replace(
        sla,
        max_below_frac=sla.max_below_frac * keep,
        max_blocked_frac=sla.max_blocked_frac * keep,
    )
    return replace(params, scenario=replace(params.scenario, sla=tight))


def _with_load(scenario: Scenario, load_file: str | None, load_column: str | None) -> Scenario:
    if load_file is None and load_column is not None:
        raise ConfigError(f"load_column={load_column!r} needs load_file=PATH; leave it out or name the file")
    if load_file is None:
        return scenario
    rows = read_load_file(Path(load_file), load_column)
    return replace(scenario, load=replace(scenario.load, profile=rows))
