"""How carriers sleep: delays until they serve again, and the SSB periods they may choose from."""

from __future__ import annotations

from dataclasses import dataclass

from .carrier import N_CARRIER_STATES
from .ranges import require_in_range
from .scenario_ranges import RANGES
from .ssb import INITIAL_ACCESS_MS, PERIODS_MS


@dataclass(frozen=True)
class Sleep:
    """Time until a carrier serves again, by the state it leaves (CarrierState order), assumption beyond TR 38.864.

    ``ssb_periods_ms`` are the SSB periods a capacity carrier may choose from, ascending, the planned one first; empty
    where there is no choice. ValueError on a delay or a period that cannot be.
    """

    wake_delay_s: tuple[float, ...] = (0.0, 0.0, 0.0, 60.0, 300.0)
    ssb_period_ms: float = 20.0  # planned
    ssb_periods_ms: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.wake_delay_s) != N_CARRIER_STATES:
            raise ValueError("sleep.wake_delay_s needs one value per carrier state")
        require_in_range(RANGES["Sleep"], self, "sleep.")
        if self.ssb_period_ms not in PERIODS_MS:
            raise ValueError(
                f"sleep.ssb_period_ms = {self.ssb_period_ms} does not exist: use one of {PERIODS_MS}"
            )
        if self.ssb_periods_ms:
            self._check_choice()

    def _check_choice(self) -> None:
        periods = self.ssb_periods_ms
        if not set(periods) <= set(PERIODS_MS) or list(periods) != sorted(set(periods)):
            raise ValueError(
                f"sleep.ssb_periods_ms={periods}: use some of {PERIODS_MS}, ascending, each once"
            )
        if not (periods[0] == self.ssb_period_ms <= INITIAL_ACCESS_MS):
            raise ValueError(
                f"sleep.ssb_periods_ms={periods} must begin with the planned period, ssb_period_ms="
                f"{self.ssb_period_ms:g}, of at most {INITIAL_ACCESS_MS} ms: all carriers begin with it, and terminals "
                "find no cell of a longer one by themselves (TS 38.213 4.1)"
            )

    @property
    def periods_ms(self) -> tuple[float, ...]:
        """The SSB periods there are, the planned one first."""
        return self.ssb_periods_ms or (self.ssb_period_ms,)

    @property
    def n_findable(self) -> int:
        """How many of the periods, counted from the first, terminals find by themselves; the planned one always."""
        return max(1, sum(period <= INITIAL_ACCESS_MS for period in self.periods_ms))
