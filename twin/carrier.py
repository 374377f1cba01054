"""Power states of a carrier, from the one that serves everything to the one that saves most (TR 38.864 5.1)."""

from __future__ import annotations

from enum import IntEnum

from .types import I8, Bool


class CarrierState(IntEnum):
    """What a cell may be asked to do until the next command.

    ``ACTIVE`` and ``TRX_MUTED`` carry traffic; the three sleep states do not. In every state the deepest permitted
    symbol-level sleep is used between the symbols that must be sent (TR 38.864 table 5.1-3).
    """

    ACTIVE = 0  # all transceivers; micro sleep between data symbols
    TRX_MUTED = 1  # half of the transceivers: less power, less range, less rate
    MICRO_SLEEP = 2  # no users; SSB sent; micro sleep between bursts; serves again at once
    LIGHT_SLEEP = 3  # no users; SSB sent; deepest sleep that fits between bursts; serves again a little later
    DEEP_SLEEP = 4  # carrier off, no SSB; serves again after a boot that can outlast a control period


N_CARRIER_STATES = len(CarrierState)


def is_serving_state(carrier_state: I8) -> Bool:
    """Tell which of ``carrier_state`` (any shape) carry traffic."""
    return carrier_state <= CarrierState.TRX_MUTED
