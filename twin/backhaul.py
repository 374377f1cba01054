"""What connects a site with the core, and the core itself: capacity and delay."""

from __future__ import annotations

from dataclasses import dataclass

from .checks import one_of
from .ranges import require_in_range
from .scenario_ranges import RANGES
from .transport import LeoPath, fibre_delay_ms, microwave_delay_ms

KINDS = ("fibre", "microwave", "leo")
PACKET_MBIT = 1500 * 8e-6  # of one packet, for what queueing takes


@dataclass(frozen=True)
class Backhaul:
    """The link of one site. ValueError on a value that is impossible or belongs to another kind."""

    kind: str = "fibre"
    capacity_mbps: float = 0.0  # 0: more than anybody asks for
    length_km: float = 0.0  # of the fibre
    hops: int = 0  # of the microwave chain
    buffer_ms: float = 50.0  # longest queueing delay
    beyond_ms: float = 0.0  # one way, from the end of this link to the core

    def __post_init__(self) -> None:
        one_of("backhaul.kind", self.kind, KINDS)
        require_in_range(RANGES["Backhaul"], self, "backhaul.")
        for name, kind in (("length_km", "fibre"), ("hops", "microwave")):
            if getattr(self, name) > 0 and self.kind != kind:
                raise ValueError(
                    f"backhaul.{name}={getattr(self, name)} is of {kind}, this is {self.kind}: remove it"
                )
        if self.kind == "microwave" and self.hops == 0:
            raise ValueError("backhaul.hops=0: a microwave chain has 1 or more")

    @property
    def delay_ms(self) -> float:
        """Return the one-way delay to the core without queueing; of a satellite the mean over its 15 s pattern."""
        return self._own_ms + self.beyond_ms

    @property
    def _own_ms(self) -> float:
        if self.kind == "leo":
            return LeoPath().mean_rtt_ms / 2.0
        if self.kind == "microwave":
            return float(microwave_delay_ms(self.hops))
        return float(fibre_delay_ms(self.length_km))

    @property
    def matters(self) -> bool:
        """Tell whether it limits or delays anything."""
        return self.capacity_mbps > 0 or self.delay_ms > 0


@dataclass(frozen=True)
class Core:
    """The user plane function (TS 23.501 6.2.3) behind all sites, a last link. ValueError on a negative value."""

    upf_mbps: float = 0.0  # that it forwards; 0: more than anybody asks for
    buffer_ms: float = 50.0  # longest queueing delay

    def __post_init__(self) -> None:
        require_in_range(RANGES["Core"], self, "core.")
