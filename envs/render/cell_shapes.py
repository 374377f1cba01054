"""Where a cell is drawn on a map: sites as rings, low bands outside, high bands inside; knows nothing of drawing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...twin.beam_pattern import TENTHS, standard_pattern
from ...twin.scenario import Carrier, Scenario, Site

_WORD_WIDTH, _WORD_HEIGHT = 0.078, 0.046  # room of a word, shares of the map's width
_NARROW_DEG = 60.0  # of a sector


@dataclass(frozen=True)
class Shape:
    """Where a cell is drawn: a ring segment."""

    x_m: float
    y_m: float
    inner_m: float
    outer_m: float
    azimuth_deg: float
    width_deg: float

    @property
    def is_round(self) -> bool:
        """Whether it goes all around its site."""
        return self.width_deg >= 360

    @property
    def middle(self) -> tuple[float, float]:
        """Where its word stands and its users' links end, m."""
        if self.is_round and self.inner_m == 0:
            return self.x_m, self.y_m
        is_around = self.is_round and self.inner_m > 0.5 * self.outer_m  # around another carrier
        azimuth_deg = self.azimuth_deg + (90.0 if is_around else 0.0)
        out = 0.66 if self.width_deg < _NARROW_DEG and self.inner_m == 0 else 0.54  # a word needs room
        angle, radius = np.radians(azimuth_deg), out * (self.inner_m + self.outer_m)
        return self.x_m + radius * float(np.cos(angle)), self.y_m + radius * float(np.sin(angle))

    @property
    def edges_deg(self) -> tuple[float, float]:
        """Where it begins and ends, degrees from east, counter-clockwise."""
        return self.azimuth_deg - self.width_deg / 2, self.azimuth_deg + self.width_deg / 2

    def aimed(self, pattern: str) -> Shape:
        """Return it as wide as a broadcast pattern, where that looks; all around stays all around."""
        if self.is_round:
            return self
        envelope = standard_pattern(pattern).envelope
        azimuth_deg = self.azimuth_deg - envelope.beam_azimuth / TENTHS  # positive looks to the right
        width_deg = min(envelope.beam_horiz_width / TENTHS, self.width_deg)
        return replace(self, azimuth_deg=azimuth_deg, width_deg=width_deg)


def cell_shapes(scenario: Scenario) -> list[Shape]:
    """Lay the cells out, in the order of the arrays: low bands outside, high bands inside."""
    reach_m = _reach_m(scenario)
    return [shape for site in scenario.sites for shape in _site_shapes(scenario, site, reach_m)]


def words_fit(shapes: list[Shape], width_m: float) -> bool:
    """Tell whether every cell's word has a place of its own on a map of this width."""
    places = np.array([shape.middle for shape in shapes]) / width_m
    apart = np.abs(places[:, None] - places[None]) / (_WORD_WIDTH, _WORD_HEIGHT)
    return bool(np.all((apart.max(axis=2) >= 1) | np.eye(len(places), dtype=np.bool_)))


def _has_coverage(scenario: Scenario, site: Site) -> bool:
    return any(scenario.carriers[c].layer == "coverage" for sector in site.sectors for c in sector.carriers)


def _reach_m(scenario: Scenario) -> float:
    """Radius of a site with a coverage layer, such that two neighbours do not overlap."""
    places = np.array([(s.x_m, s.y_m) for s in scenario.sites if _has_coverage(scenario, s)])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + np.diag(
        np.full(len(places), np.inf)
    )
    return float(min(0.22 * scenario.width_m, 0.46 * apart.min()))


def _site_shapes(scenario: Scenario, site: Site, reach_m: float) -> list[Shape]:
    outer_m = reach_m if _has_coverage(scenario, site) else 0.34 * reach_m
    shapes = []
    for sector in site.sectors:
        is_round = all(scenario.carriers[name].n_elements == 0 for name in sector.carriers)
        width_deg = 360.0 if is_round else min(120.0, 360.0 / len(site.sectors)) - 5.0
        rings = _rings([scenario.carriers[name] for name in sector.carriers], outer_m)
        shapes += [Shape(site.x_m, site.y_m, *ring, sector.azimuth_deg, width_deg) for ring in rings]
    return shapes


def _rings(carriers: list[Carrier], outer_m: float) -> list[tuple[float, float]]:
    """Inner and outer radius of each carrier of a sector; a lone carrier fills it."""
    if len(carriers) == 1:
        return [(0.0, outer_m)]
    order = sorted(range(len(carriers)), key=lambda i: (carriers[i].layer == "coverage", -carriers[i].fc_ghz))
    edges = outer_m * np.sqrt(np.linspace(0.03, 1.0, len(carriers) + 1) ** 1.25)
    rank = [order.index(i) for i in range(len(carriers))]
    return [(float(edges[r]), float(edges[r + 1]) - 0.015 * outer_m) for r in rank]
