"""Peak data rate of a terminal over its carriers, TS 38.306 clause 4.1.2."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .link import MAX_CODE_RATE, SUBCARRIERS_PER_PRB, SYMBOLS_PER_SLOT

OVERHEAD = {("DL", "FR1"): 0.14, ("DL", "FR2"): 0.18, ("UL", "FR1"): 0.08, ("UL", "FR2"): 0.10}
"""Share of the resource elements that carries no data, OH(j), by direction and frequency range."""
NUMEROLOGY = {15: 0, 30: 1, 60: 2, 120: 3}
SCALING_FACTORS = (1.0, 0.8, 0.75, 0.4)
MODULATION_ORDERS = (1, 2, 4, 6, 8, 10)
MOST_PRB = 275  # maxNrofPhysicalResourceBlocks, TS 38.331
MAX_LAYERS = {"DL": 8, "UL": 4}


@dataclass(frozen=True)
class ComponentCarrier:
    """One component carrier of a terminal; ValueError on a value that TS 38.306 does not know."""

    n_prb: int
    scs_khz: int
    layers: int
    modulation_order: int
    direction: str = "DL"
    frequency_range: str = "FR1"
    scaling_factor: float = 1.0
    duty_frac: float = 1.0  # share of symbols in this direction; 1 is the rate of the clause, TDD takes less

    def __post_init__(self) -> None:
        if (self.direction, self.frequency_range) not in OVERHEAD:
            raise ValueError(
                f'direction "{self.direction}", frequency_range "{self.frequency_range}": '
                "use DL or UL and FR1 or FR2"
            )
        if not (1 <= self.n_prb <= MOST_PRB and self.n_prb == int(self.n_prb)):
            raise ValueError(f"n_prb = {self.n_prb} is no carrier: give 1 to {MOST_PRB} resource blocks")
        if not (0.0 < self.duty_frac <= 1.0):
            raise ValueError(
                f"duty_frac = {self.duty_frac} is no share of the symbols: give a value in (0, 1]"
            )
        for name, value, valid in (
            ("scs_khz", self.scs_khz, tuple(NUMEROLOGY)),
            ("layers", self.layers, tuple(range(1, MAX_LAYERS[self.direction] + 1))),
            ("modulation_order", self.modulation_order, MODULATION_ORDERS),
            ("scaling_factor", self.scaling_factor, SCALING_FACTORS),
        ):
            if value not in valid:
                raise ValueError(f"{name} = {value} is not in TS 38.306: use one of {valid}")

    @property
    def peak_rate_mbps(self) -> float:
        """Return 1e-6 v Qm f Rmax (12 N_PRB / T_s) (1 - OH) in Mbit/s, with T_s = 1e-3 / (14 2^mu)."""
        symbols_per_s = 1000.0 * SYMBOLS_PER_SLOT * 2 ** NUMEROLOGY[self.scs_khz]
        data = 1.0 - OVERHEAD[self.direction, self.frequency_range]
        per_layer = SUBCARRIERS_PER_PRB * self.n_prb * symbols_per_s * data * self.duty_frac
        return 1e-6 * self.layers * self.modulation_order * self.scaling_factor * MAX_CODE_RATE * per_layer


def peak_rate_mbps(carriers: Iterable[ComponentCarrier]) -> float:
    """Return the peak rate in Mbit/s over the carriers of one direction, the sum of clause 4.1.2.

    Raises ValueError when the carriers mix directions.
    """
    chosen = list(carriers)
    if len({carrier.direction for carrier in chosen}) > 1:
        raise ValueError("the carriers mix DL and UL: call once per direction")
    return math.fsum(carrier.peak_rate_mbps for carrier in chosen)
