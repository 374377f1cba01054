"""Move the network on, and look at what the kernel sees."""

from __future__ import annotations

import numpy as np

from .command import Command
from .kernels.layout import make_scratch
from .kernels.step import advance_replicas, view_radio
from .params import Params
from .state import State
from .types import F32


def advance(params: Params, state: State, command: Command, n_steps: int = 1) -> None:
    """Move every replica ``n_steps`` twin steps on, in place, obeying ``command`` from the first step.

    Raises:
        ValueError: if the command's shape is not (replicas, cells) or ``n_steps`` is negative.
    """
    wanted = command.carrier_state
    if wanted.shape != state.arrays.carrier.shape:
        raise ValueError(
            f"command is for {wanted.shape} (replicas, cells), the state has {state.arrays.carrier.shape}"
        )
    if n_steps < 0:
        raise ValueError(f"n_steps={n_steps} is negative")
    advance_replicas(
        params.arrays, state.arrays, np.ascontiguousarray(wanted), n_steps, make_scratch(state.arrays)
    )


def radio_view(params: Params, state: State) -> tuple[F32, F32]:
    """Return the present RSRP in dBm (B, C, U) and offered traffic in Mbit/s (B, U); changes nothing."""
    n = state.n_replicas
    rsrp = np.empty((n, params.n_cells, params.n_users), np.float32)
    offered = np.empty((n, params.n_users), np.float32)
    view_radio(params.arrays, state.arrays, rsrp, offered, make_scratch(state.arrays))
    return rsrp, offered
