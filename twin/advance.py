"""Move the network on, and look at what the kernel sees."""

from __future__ import annotations

import numpy as np

from .command import Command
from .kernels.layout import make_scratch
from .kernels.rules import holds_other
from .kernels.step import advance_replicas, view_radio
from .params import Params
from .state import State
from .types import F32, I8


def advance(params: Params, state: State, command: Command, n_steps: int = 1) -> None:
    """Move every replica ``n_steps`` twin steps on, in place, obeying ``command`` from the first step.

    Raises:
        ValueError: for a command that the network cannot obey, see ``check_command``, or negative ``n_steps``.
    """
    check_command(params, command, state.n_replicas)
    if n_steps < 0:
        raise ValueError(f"n_steps={n_steps} is negative")
    advance_replicas(params.arrays, state.arrays, command.settings, n_steps, make_scratch(state.arrays))


def check_command(params: Params, command: Command, n_replicas: int) -> None:
    """Refuse what the network cannot obey.

    Raises:
        ValueError: if the command's shape is not (replicas, cells), or it names a beam or an SSB period that a cell
            does not have.
    """
    shape = (n_replicas, params.n_cells)
    if command.carrier_state.shape != shape:
        raise ValueError(
            f"command is for {command.carrier_state.shape} (replicas, cells), the state has {shape}"
        )
    places = params.scenario.slicing.requests
    if command.admit.shape[1] not in (0, places):
        raise ValueError(
            f"admit answers {command.admit.shape[1]} requests, the scenario has {places} at a time"
        )
    if holds_other(command.ssb_period, 0, 0):
        offer = f"it may choose from 0..{{}} of {params.scenario.sleep.periods_ms} ms"
        _refuse_beyond(params, "ssb_period", offer, command.ssb_period, params.n_ssb_periods)
    if holds_other(command.beam, 0, params.fewest_beams - 1):
        _refuse_beyond(params, "beam", "it has patterns 0..{}", command.beam, params.n_beams)


def _refuse_beyond(params: Params, what: str, offer: str, chosen: I8, counts: np.ndarray) -> None:
    """Refuse choices (B, C) that a cell with so many of them, (C,), does not have; ``offer`` tells the last it has."""
    strange = np.argwhere(chosen >= counts)
    if len(strange):
        row, cell = strange[0]
        has = offer.format(counts[cell] - 1)
        raise ValueError(f"{what} {chosen[row, cell]} of cell {params.cells[cell].name!r}: {has}")


def radio_view(params: Params, state: State) -> tuple[F32, F32]:
    """Return the present RSRP in dBm (B, C, U) and offered traffic in Mbit/s (B, U); changes nothing."""
    n = state.n_replicas
    rsrp = np.empty((n, params.n_cells, params.n_users), np.float32)
    offered = np.empty((n, params.n_users), np.float32)
    view_radio(params.arrays, state.arrays, rsrp, offered, make_scratch(state.arrays))
    return rsrp, offered
