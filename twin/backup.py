"""The safe controller everything falls back to: wake every carrier and keep it awake."""

from __future__ import annotations

from .command import Command
from .params import Params


def wake_everything(params: Params, n_replicas: int) -> Command:
    """Return the command that gives all capacity back; it is legal in every situation."""
    return Command.all_active(n_replicas, params.n_cells)
