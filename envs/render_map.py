"""The left half of the picture: sites, sectors coloured by load, sleeping carriers, users and crowd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Wedge
from matplotlib.text import Text

from ..twin.beam_pattern import TENTHS, standard_pattern
from ..twin.params import Params
from ..twin.scenario import Carrier, Scenario, Site
from ..twin.types import F64
from .frame import Frame
from .palette import (
    BLACK,
    BLUE,
    FAINT,
    INK,
    ORANGE,
    PAPER,
    STATE_COLOURS,
    STATE_WORDS,
    VERMILION,
    WAKING,
    YELLOW,
)

LOAD_COLOURS = LinearSegmentedColormap.from_list(
    "load", ["#FFFBE8", "#FFE39A", "#F9B233", "#D9730D", "#7A2E00"]
)
_HATCHES = {"MICRO": "...", "LIGHT": "//", "DEEP": "xx", "WAKING": "--"}
_GROUND, _AREA_LINES = "#EEF1F4", "#C9D1D9"
_MOST_LINKS = 300  # beyond, links hide more than they show
_WORD_WIDTH, _WORD_HEIGHT = 0.078, 0.046  # room of a word, shares of the map's width
_FEW_AREAS = 3  # of more, the lines become fainter


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
    def middle(self) -> tuple[float, float]:
        """Where its word stands and its users' links end, m."""
        if self.width_deg >= 360 and self.inner_m == 0:
            return self.x_m, self.y_m
        is_around = self.width_deg >= 360 and self.inner_m > 0.5 * self.outer_m  # around another carrier
        azimuth_deg = self.azimuth_deg + (90.0 if is_around else 0.0)
        angle, radius = np.radians(azimuth_deg), 0.54 * (self.inner_m + self.outer_m)
        return self.x_m + radius * float(np.cos(angle)), self.y_m + radius * float(np.sin(angle))


class MapView:
    """Artists of the map, made once and moved by ``update``."""

    def __init__(self, axes: Axes, params: Params) -> None:
        self._params = params
        self._shapes = cell_shapes(params.scenario)
        _prepare(axes, params)
        self._links = LineCollection([], colors=FAINT, linewidths=0.7, alpha=0.45, zorder=2)
        axes.add_collection(self._links)
        self._wedges = [_wedge(shape) for shape in self._shapes]
        for wedge in self._wedges:
            axes.add_patch(wedge)
        self._words = [_word(axes, shape) for shape in self._shapes]
        self._has_words = words_fit(self._shapes, params.scenario.width_m)
        self._halo = _dots(axes, "o", 14, YELLOW, BLACK)
        self._halo.set_alpha(0.9)
        self._served = _dots(axes, "o", 6, BLUE, PAPER)
        self._below = _dots(axes, "^", 8.5, VERMILION, BLACK)
        self._tenants = _dots(axes, "s", 11, ORANGE, BLACK)
        marks = [self._served, self._below, self._halo, self._tenants]
        _legend(axes, marks if params.scenario.slicing.types else marks[:-1])

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        return [
            self._links,
            *self._wedges,
            self._halo,
            self._tenants,
            self._served,
            self._below,
            *self._words,
        ]

    def update(self, frame: Frame) -> None:
        """Show a frame."""
        for cell, (wedge, word) in enumerate(zip(self._wedges, self._words, strict=True)):
            _paint(wedge, word, int(frame.carrier[cell]), float(frame.load[cell]))
            if frame.carrier[cell] <= 1 and self._params.n_beams[cell] > 1:
                self._aim(cell, int(frame.beam[cell]))
            if frame.ssb_period[cell]:
                period_ms = self._params.scenario.sleep.periods_ms[frame.ssb_period[cell]]
                word.set_text(f"{word.get_text()}\nSSB {period_ms:g} ms")
            word.set_visible(self._has_words)
        active = frame.is_active
        for dots, who in (
            (self._halo, active & frame.is_crowd),
            (self._tenants, active & frame.is_tenant),
            (self._served, active & frame.is_served),
            (self._below, active & ~frame.is_served),
        ):
            dots.set_data(frame.user_x[who], frame.user_y[who])
        self._links.set_segments(self._segments(frame))

    def _aim(self, cell: int, beam: int) -> None:
        """Draw a cell as wide as its broadcast pattern, where that looks, and name it."""
        wedge, word, shape = self._wedges[cell], self._words[cell], self._shapes[cell]
        name = self._params.cells[cell].carrier.patterns[beam - 1] if beam else "planned"
        word.set_text(word.get_text().replace(STATE_WORDS[0], "\n".join(name.rsplit(" ", 1))))
        if not isinstance(wedge, Wedge):
            return
        azimuth_deg, width_deg = shape.azimuth_deg, shape.width_deg
        if beam:
            envelope = standard_pattern(name).envelope
            azimuth_deg -= envelope.beam_azimuth / TENTHS  # positive looks to the right
            width_deg = min(envelope.beam_horiz_width / TENTHS, width_deg)
        wedge.set_theta1(azimuth_deg - width_deg / 2)
        wedge.set_theta2(azimuth_deg + width_deg / 2)

    def _segments(self, frame: Frame) -> list[F64]:
        linked = np.flatnonzero(frame.is_active & (frame.serving >= 0))
        if len(linked) > _MOST_LINKS:
            return []
        ends = np.array([shape.middle for shape in self._shapes])[frame.serving[linked]]
        users = np.stack([frame.user_x[linked], frame.user_y[linked]], axis=1)
        return list(np.stack([users, ends], axis=1))


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


def _prepare(axes: Axes, params: Params) -> None:
    width_m = params.scenario.width_m
    axes.set(xlim=(0, width_m), ylim=(0, width_m), xticks=[], yticks=[], aspect="equal", facecolor=_GROUND)
    axes.spines[:].set_color(_AREA_LINES)
    arrays = params.arrays
    if params.n_areas > 1:
        axis = (np.arange(arrays.n_x) + 0.5) * arrays.pixel_m
        area = arrays.pixel_area.reshape(arrays.n_y, arrays.n_x)
        for index in range(params.n_areas):
            axes.contour(axis, axis, area == index, levels=[0.5], colors=_AREA_LINES, linewidths=0.8, zorder=1,
                         alpha=min(1.0, _FEW_AREAS / params.n_areas))  # fmt: skip
    _scale_bar(axes, width_m)
    _colour_bar(axes)


def _scale_bar(axes: Axes, width_m: float) -> None:
    length_m = 10 ** np.floor(np.log10(width_m / 4))
    left, low = 0.03 * width_m, 0.03 * width_m
    axes.plot([left, left + length_m], [low, low], color=INK, linewidth=2, solid_capstyle="butt", zorder=6)
    axes.text(
        left + length_m / 2, low * 1.3, f"{length_m:.0f} m", color=INK, fontsize=8, ha="center", va="bottom"
    )


def _colour_bar(axes: Axes) -> None:
    mappable = ScalarMappable(Normalize(0, 100), LOAD_COLOURS)
    place = axes.inset_axes((0.72, -0.042, 0.28, 0.02))
    bar = axes.figure.colorbar(mappable, cax=place, orientation="horizontal", ticks=[0, 50, 100])
    bar.outline.set_edgecolor(FAINT)
    place.tick_params(labelsize=8, length=2, colors=INK, pad=1)
    axes.text(
        0.705,
        -0.032,
        "PRB load, %",
        transform=axes.transAxes,
        fontsize=8.5,
        color=INK,
        ha="right",
        va="center",
    )


def _legend(axes: Axes, dots: list[Line2D]) -> None:
    axes.legend(
        dots,
        ["guaranteed rate now", "below it", "crowd", "slice"][: len(dots)],
        loc="center left",
        bbox_to_anchor=(-0.02, -0.034),
        ncols=len(dots),
        fontsize=8.5,
        handletextpad=0.25,
        columnspacing=0.8,
        labelcolor=INK,
        frameon=False,
    )


def _wedge(shape: Shape) -> Wedge | Circle:
    edge = {"edgecolor": INK, "linewidth": 0.9, "zorder": 3}
    if shape.width_deg >= 360 and shape.inner_m == 0:
        return Circle((shape.x_m, shape.y_m), shape.outer_m, **edge)
    first = shape.azimuth_deg - shape.width_deg / 2
    ring_m = shape.outer_m - shape.inner_m
    return Wedge((shape.x_m, shape.y_m), shape.outer_m, first, first + shape.width_deg, width=ring_m, **edge)


def _word(axes: Axes, shape: Shape) -> Text:
    word = axes.text(*shape.middle, "", fontsize=8, fontweight="bold", ha="center", va="center", zorder=7)
    word.set_bbox({"boxstyle": "round,pad=0.18", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85})
    return word


def _dots(axes: Axes, marker: str, size: float, face: str, edge: str) -> Line2D:
    dots = Line2D([], [], linestyle="none", marker=marker, markersize=size, zorder=5)
    dots.set(markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.8)
    axes.add_line(dots)
    return dots


def _paint(wedge: Wedge | Circle, word: Text, state: int, load: float) -> None:
    name, is_serving = STATE_WORDS[state], state <= 1
    wedge.set_facecolor(LOAD_COLOURS(load) if is_serving else STATE_COLOURS[state])
    wedge.set_hatch(_HATCHES.get(name, ""))
    wedge.set_edgecolor(INK if is_serving else PAPER)
    wedge.set_linewidth(0.9 if is_serving else 0.6)
    word.set_text(f"{name}\n{100 * load:.0f} %" if is_serving else name)
    word.set_color(INK if state != WAKING else BLACK)
