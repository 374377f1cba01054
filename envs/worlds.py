"""The world, the network and the observation of any control problem, on the twin or on a world of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..twin.params import Params
from ..twin.promises import constraints_digest
from ..twin.rules import Rules, project
from ..twin.types import F32, I64
from .catalogue import UnknownArgumentError
from .features import observe
from .task import Task
from .world import World, WorldTask
from .world_twin import TwinWorld, params_of

AnyTask = Task | WorldTask
DEFAULT_SCENARIO = "urban"


def default_scenario(task: AnyTask) -> str:
    """Return the scenario of a problem where none is named."""
    return getattr(task, "scenarios", (DEFAULT_SCENARIO,))[0]


def network_of(task: AnyTask, scenario: Any, settings: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
    """Return the network that a scenario and its settings describe: ``Params`` for a problem on the twin.

    Args:
        task: the control problem.
        scenario: a name, what a name stands for, or a ready network; None is the problem's default.
        settings: numbers that the scenario takes.

    Raises:
        ValueError: for an unknown scenario or setting, naming the nearest, or a value out of range.
    """
    chosen = default_scenario(task) if scenario is None else scenario
    if isinstance(task, WorldTask):
        return task.network(chosen, settings or {})
    if settings:
        raise UnknownArgumentError(sorted(settings)[0])
    return params_of(chosen)


def runs_on(task: AnyTask, network: Any) -> bool:  # noqa: ANN401
    """Tell whether a control problem takes a ready network."""
    if not isinstance(task, WorldTask):
        return isinstance(network, Params)
    try:
        task.network(network, {})
    except (TypeError, ValueError):
        return False
    return True


def budget_of(task: AnyTask, network: Any) -> float:  # noqa: ANN401
    """Return the largest allowed episode mean of the cost: the network's, where it has one, or the problem's."""
    return float(getattr(network, "budget", task.budget))


def constraints_digest_of(network: Any) -> str:  # noqa: ANN401
    """Return the digest of the promises that judge an episode on a network.

    Raises:
        AttributeError: if a network of another world does not tell its own.
    """
    if isinstance(network, Params):
        return constraints_digest(network.scenario)
    return network.constraints_digest


def world_of(task: AnyTask, network: Any, n_replicas: int) -> World:  # noqa: ANN401
    """Return B replicas of a network under a control problem."""
    if isinstance(task, WorldTask):
        return task.world(network, n_replicas)
    return TwinWorld(task, network, n_replicas)


def observed(task: AnyTask, network: Any, window: Any) -> F32:  # noqa: ANN401
    """Return the observation of every replica, (B, size), from what a controller may look at."""
    if isinstance(task, WorldTask):
        return task.observe(network, window)
    return observe(task.features, network, window)


def legal(task: AnyTask, network: Any, window: Any, actions: I64) -> I64:  # noqa: ANN401
    """Return the actions (B, A) that are obeyed when ``actions`` are asked for."""
    if isinstance(task, WorldTask):
        return task.legal(network, window, actions)
    wanted = task.decode(network, actions, window.precedent)
    return task.encode(network, project(Rules.of(network), window.precedent, wanted))
