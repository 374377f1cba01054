"""Transport delays: fibre, microwave, and low-orbit satellites with their 15-second pattern."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import positive, within
from .types import F64

FIBRE_MS_PER_KM = 4.9e-3  # one way, group index 1.468
LIGHT_KM_PER_MS = 299.792458
EARTH_RADIUS_KM = 6371.0
FRONTHAUL_LIMIT_MS = 0.1  # split 7.2x, one way, O-RAN CUS plane (spec-recall)
MICROWAVE_HOP_MS = 0.35  # middle of 0.2 to 0.5 ms (assumption)


def fibre_delay_ms(length_km: ArrayLike) -> F64:
    """Return the one-way delay of a fibre in ms; ValueError on a negative length."""
    return FIBRE_MS_PER_KM * within("length_km", length_km, 0.0)


def microwave_delay_ms(hops: ArrayLike, hop_ms: float = MICROWAVE_HOP_MS) -> F64:
    """Return the one-way delay of a chain of microwave hops in ms."""
    return float(positive("hop_ms", hop_ms)) * within("hops", hops, 0.0)


def fronthaul_delay_ms(length_km: ArrayLike, equipment_ms: float = 0.0) -> F64:
    """Return the one-way delay between radio unit and distributed unit in ms.

    Raises ValueError when it passes the 0.1 ms that split 7.2x allows: 20.4 km of fibre and no equipment.
    """
    delay = fibre_delay_ms(length_km) + float(within("equipment_ms", equipment_ms, 0.0))
    worst = float(np.max(delay, initial=0.0))
    if not (worst <= FRONTHAUL_LIMIT_MS + 1e-12):
        raise ValueError(
            f"fronthaul of {worst:.3g} ms passes the {FRONTHAUL_LIMIT_MS:g} ms of split 7.2x: move the distributed "
            f"unit to within {(FRONTHAUL_LIMIT_MS - equipment_ms) / FIBRE_MS_PER_KM:.1f} km or use split 2 (F1)"
        )
    return delay


def slant_range_km(altitude_km: ArrayLike, elevation_deg: ArrayLike) -> F64:
    """Return the distance from a ground station to a satellite: the law of cosines on a spherical Earth."""
    orbit = EARTH_RADIUS_KM + positive("altitude_km", altitude_km)
    elevation = np.radians(within("elevation_deg", elevation_deg, 0.0, 90.0))
    across, up = EARTH_RADIUS_KM * np.cos(elevation), EARTH_RADIUS_KM * np.sin(elevation)
    return np.sqrt(orbit * orbit - across * across) - up


def bent_pipe_delay_ms(
    altitude_km: ArrayLike, elevation_deg: ArrayLike, gateway_elevation_deg: ArrayLike | None = None
) -> F64:
    """Return the one-way delay terminal - satellite - gateway in ms, both at one elevation unless told otherwise.

    550 km: 3.7 ms overhead, 7.5 ms at 25 degrees.
    """
    gateway = elevation_deg if gateway_elevation_deg is None else gateway_elevation_deg
    path_km = slant_range_km(altitude_km, elevation_deg) + slant_range_km(altitude_km, gateway)
    return path_km / LIGHT_KM_PER_MS


@dataclass(frozen=True)
class LeoPath:
    """A low-orbit backhaul whose round trip is stable within a period and spikes where satellites change.

    Period and spikes: about 140 ms at the start and 75 ms at the end of each 15 s (measured for Starlink,
    arXiv 2601.08439). How long a spike lasts and what equipment and the path behind the gateway add are
    assumptions. ValueError where a value is impossible.
    """

    altitude_km: float = 550.0
    elevation_deg: float = 40.0
    beyond_gateway_ms: float = 25.0  # round trip: scheduling, gateway, terrestrial path
    period_s: float = 15.0
    start_spike_ms: float = 140.0  # round trip during the spike
    end_spike_ms: float = 75.0
    spike_s: float = 0.3  # how long each spike lasts

    def __post_init__(self) -> None:
        for name in ("altitude_km", "period_s"):
            positive(f"LeoPath.{name}", getattr(self, name))
        within("LeoPath.elevation_deg", self.elevation_deg, 0.0, 90.0)
        for name in ("beyond_gateway_ms", "start_spike_ms", "end_spike_ms"):
            within(f"LeoPath.{name}", getattr(self, name), 0.0)
        if not (0.0 <= 2.0 * self.spike_s <= self.period_s):
            raise ValueError(
                f"LeoPath.spike_s = {self.spike_s}: two spikes must fit into the {self.period_s:g} s period"
            )

    @property
    def calm_rtt_ms(self) -> float:
        """Return the round trip between the spikes in ms."""
        return 2.0 * float(bent_pipe_delay_ms(self.altitude_km, self.elevation_deg)) + self.beyond_gateway_ms

    def rtt_ms(self, time_s: ArrayLike) -> F64:
        """Return the round-trip time at times in s, the period beginning at 0."""
        phase = np.mod(within("time_s", time_s, -math.inf), self.period_s)
        calm = self.calm_rtt_ms
        rtt = np.where(phase < self.spike_s, max(self.start_spike_ms, calm), calm)
        return np.where(phase >= self.period_s - self.spike_s, max(self.end_spike_ms, calm), rtt)

    @property
    def mean_rtt_ms(self) -> float:
        """Return the round-trip time averaged over a period."""
        calm, share = self.calm_rtt_ms, self.spike_s / self.period_s
        excess = max(self.start_spike_ms - calm, 0.0) + max(self.end_spike_ms - calm, 0.0)
        return calm + share * excess
