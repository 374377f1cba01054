"""Recommendations of an advisory loop: they expire, and are shielded again when a person accepts one."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..twin.canonical import digest_of
from ..twin.carrier import CarrierState
from ..twin.command import Command

LIFE_PERIODS = 2
KEPT = 50


@dataclass(frozen=True)
class Recommendation:
    """A change the policy would make, already judged by the shield once."""

    id: str
    command: Command  # (1, C)
    changes: tuple[str, ...]  # "cell: old -> new"
    made_at: int  # control period
    expires_at: int  # last control period in which it may be accepted

    def as_json(self, now: int) -> dict[str, object]:
        """Return what a person sees."""
        return {
            "id": self.id,
            "changes": list(self.changes),
            "periods left": max(0, self.expires_at - now + 1),
        }


@dataclass
class AdviceBox:
    """The open recommendations, newest last."""

    open: dict[str, Recommendation] = field(default_factory=dict)

    def offer(
        self, cells: tuple[str, ...], before: Command, wanted: Command, period: int
    ) -> Recommendation | None:
        """Put a recommendation in the box, replacing an equal or older one; None when nothing would change."""
        old, new = before.carrier_state[0], wanted.carrier_state[0]
        changes = tuple(
            f"{cell}: {CarrierState(a).name} -> {CarrierState(b).name}"
            for cell, a, b in zip(cells, old, new, strict=True)
            if a != b
        )
        if not changes:
            return None
        name = digest_of([list(changes), period])[:8]
        made = Recommendation(name, wanted, changes, period, period + LIFE_PERIODS - 1)
        self.open = {name: made}
        return made

    def outdated(self, period: int) -> list[Recommendation]:
        """Remove and return what was not recommended in this period: the loop no longer says so."""
        old = [made for made in self.open.values() if made.made_at != period]
        self.open = {name: made for name, made in self.open.items() if made.made_at == period}
        return old

    def current(self, period: int) -> list[Recommendation]:
        """Drop what has expired and return the rest."""
        self.open = {name: made for name, made in self.open.items() if made.expires_at >= period}
        return list(self.open.values())

    def take(self, name: str, period: int) -> Recommendation | None:
        """Remove and return an open recommendation; None when there is none of that id any more."""
        self.current(period)
        return self.open.pop(name, None)
