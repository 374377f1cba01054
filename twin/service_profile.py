"""What a slice is promised: `ServiceProfile` of TS 28.541 clause 6.3.3, filled from a NEST of GSMA NG.116.

Attributes keep the names of the standard, so that a profile can be read from and written to an O1 interface as it is.
Rates are in kbit/s, delays in ms, speeds in km/h, shares in percent, as the standard has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import IntEnum


class SliceSimultaneousUse(IntEnum):
    """Which other slices a terminal may use at the same time, GSMA NG.116 clause 3.4.28."""

    ANY = 0
    SAME_SST = 1
    SAME_SD = 2
    NONE = 3
    OPERATOR_DEFINED = 4


def _need(name: str, value: float | None, low: float, high: float = math.inf) -> None:
    if value is not None and not (low <= value <= high and math.isfinite(value)):
        most = f" and at most {high:g}" if math.isfinite(high) else ""
        raise ValueError(f"{name} = {value} is out of range: give a finite value of at least {low:g}{most}")


@dataclass(frozen=True)
class DlThpt:
    """A guaranteed and a largest downlink rate in kbit/s; None leaves it open."""

    guaThpt: float | None = None
    maxThpt: float | None = None

    def __post_init__(self) -> None:
        for name in ("guaThpt", "maxThpt"):
            _need(f"DlThpt.{name}", getattr(self, name), 0.0)
        if self.guaThpt is not None and self.maxThpt is not None and not (self.guaThpt <= self.maxThpt):
            raise ValueError(
                f"DlThpt.guaThpt = {self.guaThpt:g} is above maxThpt = {self.maxThpt:g}: raise maxThpt"
            )


@dataclass(frozen=True)
class ServiceProfile:
    """The promises and limits of one slice; None where nothing is promised."""

    maxNumberofUEs: int
    dLThptPerSlice: DlThpt = DlThpt()
    dLThptPerUE: DlThpt = DlThpt()
    dLLatency: float | None = None  # ms
    uLLatency: float | None = None  # ms
    dLReliability: float | None = None  # percent of packets within dLLatency
    availability: float | None = None  # percent of the time
    termDensity: float | None = None  # terminals per km2
    activityFactor: float | None = None  # percent of the terminals that are active at once
    jitter: float | None = None  # ms
    survivalTime: float | None = None  # ms
    uESpeed: float | None = None  # km/h
    maxNumberofPDUSessions: int | None = None
    sliceSimultaneousUse: SliceSimultaneousUse = SliceSimultaneousUse.ANY
    energyEfficiency: float | None = None  # bit/J over the slice's own traffic, GSMA NG.116

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in _LIMITS:
                _need(f"ServiceProfile.{field.name}", getattr(self, field.name), *_LIMITS[field.name])
        for name in ("maxNumberofUEs", "maxNumberofPDUSessions"):
            value = getattr(self, name)
            if value is not None and value != int(value):
                raise ValueError(f"ServiceProfile.{name} = {value} is not whole: give a count")
        if self.sliceSimultaneousUse not in tuple(SliceSimultaneousUse):
            raise ValueError(
                f"ServiceProfile.sliceSimultaneousUse = {self.sliceSimultaneousUse} is unknown: use 0 to 4"
            )
        self._refuse_rates_that_contradict()

    def _refuse_rates_that_contradict(self) -> None:
        one, all_of_them = self.dLThptPerUE.guaThpt, self.dLThptPerSlice.maxThpt
        if one is not None and all_of_them is not None and not (one <= all_of_them):
            raise ValueError(
                f"dLThptPerUE.guaThpt = {one:g} is above dLThptPerSlice.maxThpt = {all_of_them:g}: "
                "no single terminal could be served; raise maxThpt"
            )
        if self.dLReliability is not None and self.dLLatency is None:
            raise ValueError(
                f"dLReliability = {self.dLReliability:g} % has no deadline: give dLLatency in ms with it"
            )

    @property
    def expected_active_ues(self) -> float:
        """Return the terminals that are active at once when the slice is full."""
        return self.maxNumberofUEs * (1.0 if self.activityFactor is None else self.activityFactor / 100.0)

    @property
    def guaranteed_kbps(self) -> float:
        """Return the rate the slice must be able to carry when full: the larger of both promises."""
        per_ue = (self.dLThptPerUE.guaThpt or 0.0) * self.expected_active_ues
        return max(self.dLThptPerSlice.guaThpt or 0.0, per_ue)


_LIMITS = {  # lowest and highest permitted value
    "maxNumberofUEs": (1.0, math.inf),
    "dLLatency": (0.0, math.inf),
    "uLLatency": (0.0, math.inf),
    "dLReliability": (0.0, 100.0),
    "availability": (0.0, 100.0),
    "termDensity": (0.0, math.inf),
    "activityFactor": (0.0, 100.0),
    "jitter": (0.0, math.inf),
    "survivalTime": (0.0, math.inf),
    "uESpeed": (0.0, math.inf),
    "energyEfficiency": (0.0, math.inf),
    "maxNumberofPDUSessions": (1.0, math.inf),
}
