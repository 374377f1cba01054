"""The control problem and the network that a configuration names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..envs.catalogue import UnknownNameError
from ..envs.fit_source import FitFileError
from ..envs.inventory.rows import InventoryError
from ..envs.registry import make_task
from ..envs.scenario_source import scenario_named
from ..envs.task import Task, choices_of_task
from ..envs.world import WorldTask
from ..envs.worlds import AnyTask, network_of
from ..twin.params import Params
from .config import ConfigError, EnvConfig
from .load_file import Rows, read_load_file


def problem_of(
    env: EnvConfig, scenario: str, load_file: str | None = None, load_column: str | None = None
) -> tuple[Task, Params]:
    """Return the problem with its weights, and the network.

    Args:
        env: the control problem, one on the twin.
        scenario: name of a shipped scenario, ``inventory:PATH``, ``inventory:PATH@K`` or ``fit:PATH``.
        load_file: CSV of measured load in place of the scenario's own days; see ``docs/load_file.md``.
        load_column: the column of ``load_file`` with the load; None means ``load``.

    Raises:
        ConfigError: for an unknown problem or scenario, weights that do not match the reward terms, or an
            inventory or a load file that cannot be used.
    """
    task = _task(env)
    if isinstance(task, WorldTask):
        raise ConfigError(f"{env.id} does not run on the twin; this verb needs a problem that does")
    if env.given:
        raise ConfigError(f"env.settings has {sorted(env.given)}; {env.id} takes none")
    try:
        params = network_of(task, scenario_named(scenario, _measured(load_file, load_column)))
    except (UnknownNameError, InventoryError, FitFileError) as error:
        raise ConfigError(str(error)) from error
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"scenario={scenario}: {error}") from error
    try:
        task.action_space(params)
    except ValueError as error:
        raise ConfigError(f"{env.id}: {error}") from error
    return task, params


def decided_problem_of(
    env: EnvConfig, scenario: str, load_file: str | None = None, load_column: str | None = None
) -> tuple[Task, Params]:
    """Return the problem and a network that leaves it something to choose; see ``problem_of``.

    Raises:
        ConfigError: if there is nothing to choose, too.
    """
    task, params = problem_of(env, scenario, load_file, load_column)
    try:
        choices_of_task(task, params)
    except ValueError as error:
        raise ConfigError(f"{env.id}: {error}") from error
    return task, params


def any_problem_of(
    env: EnvConfig, scenario: str, load_file: str | None = None, load_column: str | None = None
) -> tuple[AnyTask, Any]:
    """Return the problem and what it runs on, ``Params`` or the network of another world; see ``problem_of``."""
    task = _task(env)
    if not isinstance(task, WorldTask):
        return decided_problem_of(env, scenario, load_file, load_column)
    if load_file is not None or load_column is not None:
        raise ConfigError(f"load_file and load_column are for the twin; {env.id} has its own scenarios")
    try:
        return task, task.network(scenario, env.given)
    except ValueError as error:
        raise ConfigError(f"scenario={scenario}: {error}") from error


def _task(env: EnvConfig) -> AnyTask:
    try:
        return make_task(env.id, env.weights)
    except ValueError as error:
        raise ConfigError(f"env: {error}") from error


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


def training_network(params: Any, headroom: float) -> Any:  # noqa: ANN401  (the network of any world)
    """Return what is trained on: the twin with tighter promises, or another world as it is.

    Raises:
        ConfigError: if another world is to keep promises that it does not have.
    """
    if isinstance(params, Params):
        return stricter(params, headroom)
    if headroom:
        raise ConfigError(f"sla_headroom={headroom} is for problems on the twin; leave it out")
    return params


def _measured(load_file: str | None, load_column: str | None) -> Rows | None:
    if load_file is None and load_column is not None:
        raise ConfigError(f"load_column={load_column!r} needs load_file=PATH; leave it out or name the file")
    return None if load_file is None else read_load_file(Path(load_file), load_column)
