"""Which services the users of a scenario have, and what the laws of their packets add up to over a twin step.

A resident belongs to one service, drawn by its seed, and stands for so many terminals of it. The hour of the day, its
area and its weight give its activity; full activity is that at which the network asks for its full load. The laws are
those of `traffic_models.py` and `xr.py`, seen through a step that is long against packets and frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .checks import one_of
from .kernels.services import BURSTS, FILES, SESSIONS
from .ranges import require_in_range
from .scenario_ranges import RANGES
from .traffic_models import INSTANT_MESSAGES, URLLC, Ftp3, MmtcBurst, Voip
from .types import F64
from .xr import XrVideo, xr_video

BURST_GAP_S = 300.0  # mean time between two causes at full activity, assumption
MOST_TERMINALS = 64  # of a service with sessions
_XR = {"xr_vr": "VR-30", "xr_ar": "AR-30", "xr_cg": "CG-8"}
SERVICES = ("ftp3", "im", "voip", "urllc", "mmtc", *_XR)


@dataclass(frozen=True)
class Service:
    """A service and who has it."""

    name: str  # one of ``SERVICES``
    share: float  # of the residents
    terminals: int = 1  # behind each of them

    def __post_init__(self) -> None:
        one_of("traffic service", self.name, SERVICES)
        require_in_range(RANGES["Service"], self, f"traffic service {self.name!r}: ")
        most = 1_000_000 if self.law[0] != SESSIONS else MOST_TERMINALS
        if not 1 <= self.terminals <= most:
            raise ValueError(
                f"traffic service {self.name!r}: terminals={self.terminals} is outside 1..{most}"
            )

    @property
    def law(self) -> tuple[int, float]:
        """Return the kind of law and the mean Mbit/s of one terminal at full activity."""
        if self.name in ("ftp3", "im"):
            return FILES, self._files.mean_mbps
        if self.name == "mmtc":
            return BURSTS, 8e-6 * MmtcBurst().packet_bytes / BURST_GAP_S
        if self.name == "voip":
            return SESSIONS, Voip().mean_mbps
        return SESSIONS, URLLC.mean_mbps if self.name == "urllc" else self._video.mean_mbps

    @property
    def mean_mbps(self) -> float:
        """Return the mean rate of one user at full activity."""
        return self.terminals * self.law[1]

    @property
    def _files(self) -> Ftp3:
        return Ftp3() if self.name == "ftp3" else INSTANT_MESSAGES

    @property
    def _video(self) -> XrVideo:
        return xr_video(_XR[self.name])

    def row(self, step_s: float) -> tuple[float, float, float, float]:
        """Return the service's numbers for the kernel, see ``kernels/services.py``."""
        kind, mbps = self.law
        if kind == FILES:
            return kind, 8e-6 * self._files.packet_bytes, self.terminals / self._files.mean_gap_s, 0.0
        if kind == BURSTS:
            burst = MmtcBurst()
            return kind, 8e-6 * burst.packet_bytes * self.terminals, 1.0 / BURST_GAP_S, burst.duration_s
        return kind, mbps, self.terminals, self._spread_mbps(step_s)

    def _spread_mbps(self, step_s: float) -> float:
        """Return the standard deviation of one busy terminal's rate over a step."""
        if self.name == "voip":
            return _talk_spread_mbps(Voip(), step_s)
        if self.name == "urllc":
            return 0.0
        return self._video.size_std_frac * self._video.mean_mbps / math.sqrt(self._video.fps * step_s)


@dataclass(frozen=True)
class Traffic:
    """The mix of a scenario's services; without any, users ask for their mean in every step."""

    services: tuple[Service, ...] = ()
    session_s: float = 600.0  # a terminal of a session is busy or not for so long, assumption

    def __post_init__(self) -> None:
        require_in_range(RANGES["Traffic"], self, "traffic.")
        total = sum(service.share for service in self.services)
        if self.services and not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"traffic.services: shares add up to {total:g}; make them 1")

    @property
    def mean_mbps(self) -> float:
        """Return the mean rate of a user at full activity, over all services."""
        return float(sum(service.share * service.mean_mbps for service in self.services))

    @property
    def bounds(self) -> F64:
        """Return the uniform number below which a user has each service or an earlier one, (K,)."""
        return np.cumsum([service.share for service in self.services])

    def table(self, step_s: float, user_mbps: float) -> F64:
        """Return one row per service for the kernel, (K, 4).

        Args:
            step_s: the twin step.
            user_mbps: what a user asks for at full load.

        Raises:
            ValueError: if terminals would have to be busy more than all the time.
        """
        if self.services and user_mbps > self.mean_mbps:
            raise ValueError(
                f"traffic.services: at full load a user asks for {user_mbps:.3g} Mbit/s, but all terminals of the mix "
                f"together make {self.mean_mbps:.3g} Mbit/s: give more terminals or less load.full_load_mbps"
            )
        return np.array([service.row(step_s) for service in self.services]).reshape(-1, 4)


def _talk_spread_mbps(voip: Voip, step_s: float) -> float:
    """Return the deviation of the mean rate over a step of a process that alternates between talk and silence.

    With exponential spells its covariance decays with the time constant tau of both: the variance of the share of
    talk is 2 p (1 - p) (tau / T) (1 - (tau / T) (1 - exp(-T / tau))).
    """
    talk_mbps = 8e-6 * voip.packet_bytes / voip.frame_s
    silent_mbps = 8e-6 * voip.silence_bytes / voip.silence_gap_s
    tau = 1.0 / (1.0 / voip.mean_spurt_s + 1.0 / voip.mean_silence_s) / step_s
    share = 2.0 * voip.activity * (1.0 - voip.activity) * tau * (1.0 - tau * (1.0 - math.exp(-1.0 / tau)))
    return (talk_mbps - silent_mbps) * math.sqrt(share)
