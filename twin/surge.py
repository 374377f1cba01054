"""Flash crowds: the law of a day's surge, and the two humps of an event at its venue."""

from __future__ import annotations

from dataclasses import dataclass

from .ranges import require_in_range
from .scenario_ranges import RANGES


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class Humps:
    """An event: a hump of traffic while people arrive, a dip while they watch, a hump while they leave.

    Traffic is linear between corners, relative to the arrival peak. Two humps with a dip between are what macro cells
    beside stadia measure (``area_load.VenueEvent``); the numbers are assumptions, 8 minutes of egress and 1.3 m/s are
    those that stands are planned for. A crowd user walks from the rim to its place, and back when all is over.
    """

    play_frac: float = 0.5  # during play
    egress_frac: float = 1.0  # at the egress peak
    seated_s: float = 2700.0  # from the arrival peak until everybody watches
    egress_s: float = 480.0  # from the end to the egress peak; within it everybody sets out
    decay_s: float = 3600.0  # from the egress peak until nobody is left
    walk_mps: float = 1.3
    rim_m: float = 150.0  # walked on the way in and on the way out

    def __post_init__(self) -> None:
        require_in_range(RANGES["Humps"], self, "surge.humps.")
        _require(
            self.play_frac <= min(1.0, self.egress_frac),
            f"surge.humps.play_frac={self.play_frac} is above a hump: traffic dips during play",
        )


@dataclass(frozen=True)
class Surge:
    """The flash-crowd law: at most one per episode at one of the venues.

    Without ``humps`` traffic ramps up, holds and decays within another ramp. With them the hold lasts from the arrival
    peak to the end of the event.
    """

    probability: float
    peak_mbps: tuple[float, float]
    ramp_s: tuple[float, float]
    hold_s: tuple[float, float]
    hours: tuple[float, float]  # onset, hour of day
    venues: tuple[tuple[float, float], ...]  # x, y in metres
    radius_m: float = 60.0
    humps: Humps | None = None

    def __post_init__(self) -> None:
        require_in_range(RANGES["Surge"], self, "surge.")
        _require(len(self.venues) > 0, "surge.venues is empty; give at least one x, y")
        for name in ("peak_mbps", "ramp_s", "hold_s", "hours"):
            low, high = getattr(self, name)
            _require(low <= high, f"surge.{name}={(low, high)} is not ascending; give the least first")
        _require(
            self.humps is None or self.humps.seated_s <= min(self.hold_s),
            f"surge.hold_s={self.hold_s} ends before everybody watches; make it at least humps.seated_s",
        )

    @property
    def top_mbps(self) -> float:
        """The most that the law's largest crowd asks for at once."""
        return self.peak_mbps[1] * (max(1.0, self.humps.egress_frac) if self.humps else 1.0)

    @property
    def steepest_ramp_s(self) -> float:
        """The time from nothing to the top at the fastest growth that the law allows; the shield prepares for it."""
        if self.humps is None:
            return self.ramp_s[0]
        egress = (self.humps.egress_frac - self.humps.play_frac) / self.humps.egress_s
        return max(1.0, self.humps.egress_frac) / max(1.0 / self.ramp_s[0], egress)
