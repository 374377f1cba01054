"""Standardised 5G QoS identifiers and slice types, TS 23.501 tables 5.7.4-1 and 5.15.2.2-1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_WINDOW_MS = 2000.0


class ResourceType(Enum):
    """What a QoS flow is promised, TS 23.501 clause 5.7.3.2."""

    GBR = "GBR"
    NON_GBR = "Non-GBR"
    DELAY_CRITICAL = "Delay-critical GBR"


@dataclass(frozen=True)
class Qos:
    """Characteristics of one 5QI."""

    resource_type: ResourceType
    priority: int  # lower goes first
    pdb_ms: float  # packet delay budget, terminal to user plane function
    per: float  # packet error rate
    mdbv_bytes: int | None = None  # largest burst within the budget, delay-critical only

    @property
    def averaging_window_ms(self) -> float | None:
        """Return the default window over which the guaranteed rate is judged; None without a guarantee."""
        return None if self.resource_type is ResourceType.NON_GBR else _WINDOW_MS

    def air_budget_ms(self, core_delay_ms: float) -> float:
        """Return the part of the delay budget left to the access network.

        The budget ends at the user plane function, so the delay between there and the access network is taken
        off (clause 5.7.3.4). Raises ValueError when nothing is left.
        """
        if not (0.0 <= core_delay_ms < self.pdb_ms):
            raise ValueError(
                f"core_delay_ms = {core_delay_ms} leaves nothing of the {self.pdb_ms:g} ms budget: "
                "bring the user plane function closer or choose another 5QI"
            )
        return self.pdb_ms - core_delay_ms


_GBR, _NON, _CRITICAL = ResourceType.GBR, ResourceType.NON_GBR, ResourceType.DELAY_CRITICAL
FIVE_QI = {
    1: Qos(_GBR, 20, 100.0, 1e-2),
    2: Qos(_GBR, 40, 150.0, 1e-3),
    3: Qos(_GBR, 30, 50.0, 1e-3),
    4: Qos(_GBR, 50, 300.0, 1e-6),
    65: Qos(_GBR, 7, 75.0, 1e-2),
    66: Qos(_GBR, 20, 100.0, 1e-2),
    67: Qos(_GBR, 15, 100.0, 1e-3),
    71: Qos(_GBR, 56, 150.0, 1e-6),
    72: Qos(_GBR, 56, 300.0, 1e-4),
    73: Qos(_GBR, 56, 300.0, 1e-8),
    74: Qos(_GBR, 56, 500.0, 1e-8),
    76: Qos(_GBR, 56, 500.0, 1e-4),
    5: Qos(_NON, 10, 100.0, 1e-6),
    6: Qos(_NON, 60, 300.0, 1e-6),
    7: Qos(_NON, 70, 100.0, 1e-3),
    8: Qos(_NON, 80, 300.0, 1e-6),
    9: Qos(_NON, 90, 300.0, 1e-6),
    10: Qos(_NON, 90, 1100.0, 1e-6),
    69: Qos(_NON, 5, 60.0, 1e-6),
    70: Qos(_NON, 55, 200.0, 1e-6),
    79: Qos(_NON, 65, 50.0, 1e-2),
    80: Qos(_NON, 68, 10.0, 1e-6),
    82: Qos(_CRITICAL, 19, 10.0, 1e-4, 255),
    83: Qos(_CRITICAL, 22, 10.0, 1e-4, 1354),
    84: Qos(_CRITICAL, 24, 30.0, 1e-5, 1354),
    85: Qos(_CRITICAL, 21, 5.0, 1e-5, 255),
    86: Qos(_CRITICAL, 18, 5.0, 1e-4, 1354),
    87: Qos(_CRITICAL, 25, 5.0, 1e-3, 500),
    88: Qos(_CRITICAL, 25, 10.0, 1e-3, 1125),
    89: Qos(_CRITICAL, 25, 15.0, 1e-4, 17000),
    90: Qos(_CRITICAL, 25, 20.0, 1e-4, 63000),
}
"""Characteristics by 5QI: priority, packet delay budget, packet error rate, maximum data burst volume."""

SST = {"eMBB": 1, "URLLC": 2, "MIoT": 3, "V2X": 4, "HMTC": 5, "HDLLC": 6}
"""Standardised slice/service types."""


def five_qi(value: int) -> Qos:
    """Return the characteristics of a standardised 5QI; ValueError naming the nearest one on another."""
    if value not in FIVE_QI:
        near = min(FIVE_QI, key=lambda known: (abs(known - value), known))
        raise ValueError(f"5QI {value} is not standardised: did you mean {near}? One of {sorted(FIVE_QI)}")
    return FIVE_QI[value]
