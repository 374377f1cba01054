"""Who decides and sees what when the cells, or the sites, of a network decide for themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from ..twin.command import Command
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.types import I64, Bool
from .actions import Actions, ActionSpace, choices_of
from .task import Task, choices_of_task


@dataclass(frozen=True)
class Share:
    """One agent's part of the action and of the observation."""

    actions: I64  # (n,) indices of its elements of the action
    elements: I64  # (m,) indices of what it sees of the observation


def shares_of(task: Task, params: Params, *, by_site: bool) -> dict[str, Share]:
    """Return the agents by name, in the order of the cells: those that have something to choose.

    An agent sees the elements named after its cells and after the coverage cells that these overlay, and those named
    after no cell.

    Raises:
        ValueError: if a choice is not about exactly one cell.
    """
    owners = cell_of_each_choice(task, params)
    names = [cell.site if by_site else cell.name for cell in params.cells]
    about = np.array(list(_cell_of_each_element(task, params)), np.int64)
    shares: dict[str, Share] = {}
    for name in dict.fromkeys(names):
        cells = [c for c, owner in enumerate(names) if owner == name]
        actions = np.flatnonzero(np.isin(owners, cells))
        if len(actions):
            below = params.coverage_cells[params.area_of_cell[cells]]
            shares[name] = Share(actions, _in_order(about, [*cells, *below.tolist(), -1]))
    return shares


def cell_of_each_choice(task: Task, params: Params) -> I64:
    """Return the cell that every element of the action is about, (A,), found by trying every choice alone.

    Raises:
        ValueError: if there is no choice, or one changes what is asked of no cell, of several, or of something else.
    """
    space = choices_of_task(task, params)
    element, tried = _tries(space)
    command = task.decode(params, tried, Precedent.fresh(len(tried), params.n_cells))
    changed = _changed(command)
    touched = np.stack([changed[1:][element == e].any(axis=0) for e in range(space.shape[0])])
    for index in np.flatnonzero((touched[:, :-1].sum(axis=1) != 1) | touched[:, -1]):
        what = f"element {index} of the action of {type(task).__name__} is not about exactly one cell"
        raise ValueError(f"{what}; use the single environment")
    return touched.argmax(axis=1).astype(np.int64)


def _tries(space: ActionSpace) -> tuple[I64, Actions]:
    """Return which element each row but the first differs in, and the rows: every choice, or the ends of a box."""
    if isinstance(space, spaces.Box):
        ends = np.stack([space.low, space.high])
        element = np.repeat(np.arange(space.shape[0]), len(ends))
        tried = np.tile(ends.mean(axis=0), (1 + len(element), 1))
        tried[1:][np.arange(len(element)), element] = ends.T.ravel()
        return element, tried.astype(np.float64)
    choices = choices_of(space)
    element = np.repeat(np.arange(len(choices)), choices - 1)
    tried = np.zeros((1 + len(element), len(choices)), np.int64)
    tried[1:][np.arange(len(element)), element] = np.concatenate([np.arange(1, n) for n in choices])
    return element, tried


def _changed(command: Command) -> Bool:
    """Return what differs from row 0, (rows, C + 1): per cell, and last whether anything else does."""
    arrays = (command.carrier_state, command.beam, command.offset_db, command.ssb_period)
    cells = np.any([array != array[:1] for array in arrays], axis=0)
    return np.column_stack([cells, (command.admit != command.admit[:1]).any(axis=1)])


def _cell_of_each_element(task: Task, params: Params) -> Iterator[int]:
    """Yield the cell each element of the observation is named after, -1 where there is none."""
    index = {cell.name: c for c, cell in enumerate(params.cells)}
    for feature in task.features:
        for element in feature.elements(params):
            yield index.get(element.partition("=")[0], -1)


def _in_order(about: I64, cells: list[int]) -> I64:
    """Return the elements about some cells, cell by cell, so that agents of one kind see alike."""
    return np.concatenate([np.flatnonzero(about == cell) for cell in dict.fromkeys(cells)])
