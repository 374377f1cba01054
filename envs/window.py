"""What a controller may look at: reports, the clock, the inventory and the last acknowledged command."""

from __future__ import annotations

from dataclasses import dataclass

from ..twin.kpis import Kpis
from ..twin.rules import Precedent
from ..twin.slice_report import SliceReport


@dataclass(frozen=True)
class Window:
    """The two latest reports and what is in force; never the network's state."""

    kpis: Kpis  # (B), the latest report
    before: Kpis  # (B), the report one period earlier
    precedent: Precedent  # (B), last acknowledged command and how long it has stood
    slices: SliceReport | None = (
        None  # (B), who asks for a slice and who is served, where the scenario has slices
    )
