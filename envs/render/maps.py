"""The left half of the picture: sites, sectors coloured by load, what sleeps or has failed, users and crowd."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Wedge
from matplotlib.text import Text

from ...twin.params import Params
from ...twin.types import F64
from ..palette import (
    BLUE,
    FAINT,
    INK,
    MISSING,
    PAPER,
    PURPLE,
    STATE_COLOURS,
    STATE_WORDS,
    VERMILION,
)
from ..topics import Topics
from .cell_shapes import Shape, cell_shapes, words_fit
from .cell_words import brief_of, placed, words_of
from .frame import Frame
from .ground import LEFT, LOAD_COLOURS, SIZE, TOP, draw_ground, draw_legend
from .moves import MoveView
from .text import axes_at
from .users import UserView

_HATCHES = {"MICRO": "...", "LIGHT": "//", "DEEP": "xx", "WAKING": "--"}
_MUTED_HATCH = "||"  # half of the antennas; the colour stays that of the load
_MOST_LINKS = 300  # beyond, links hide more than they show
_BORDER = (0.9, 3.0)  # width of a border, and what is added at the largest offset
_LARGEST_SHIFT_DB = 6.0
_FEW_LINES = 2  # of a word, where there is little room


class MapView:
    """Artists of the map, made once and moved by ``update``."""

    def __init__(self, figure: Figure, params: Params, topics: Topics) -> None:
        self._params, self._topics = params, topics
        self._planned = cell_shapes(params.scenario)
        axes = axes_at(figure, (LEFT, TOP, SIZE, SIZE))
        draw_ground(figure, axes, params)
        self._links = LineCollection([], colors=FAINT, linewidths=0.7, alpha=0.45, zorder=2)
        axes.add_collection(self._links)
        self._wedges = [_wedge(shape) for shape in self._planned]
        for wedge in self._wedges:
            axes.add_patch(wedge)
        self._words = [_word(axes) for _ in self._planned]
        self._has_words = words_fit(self._planned, params.scenario.width_m)
        self._users = UserView(axes, params)
        is_told = topics.offsets and self._has_words
        self._moves = MoveView(axes, self._planned if is_told else [])
        draw_legend(figure, self._users.legend, self._legend())

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        return [self._links, *self._wedges, *self._users.moving, *self._moves.moving, *self._words]

    @property
    def words(self) -> list[Text]:
        """What is written on the cells."""
        return self._words

    def update(self, frame: Frame) -> None:
        """Show a frame."""
        shapes = [self._shape(frame, cell) for cell in range(self._params.n_cells)]
        for cell, (wedge, shape) in enumerate(zip(self._wedges, shapes, strict=True)):
            _paint(wedge, frame, cell)
            if isinstance(wedge, Wedge) and shape.edges_deg != (wedge.theta1, wedge.theta2):
                first, last = shape.edges_deg
                wedge.set_theta1(first)
                wedge.set_theta2(last)
        self._write(frame, shapes)
        self._users.update(frame)
        self._moves.update(frame.came)
        self._links.set_segments(_segments(frame, shapes))

    def _shape(self, frame: Frame, cell: int) -> Shape:
        shape, beam = self._planned[cell], int(frame.beam[cell])
        if beam == 0 or frame.carrier[cell] > 1 or frame.down[cell]:
            return shape
        return shape.aimed(self._params.cells[cell].carrier.patterns[beam - 1])

    def _write(self, frame: Frame, shapes: list[Shape]) -> None:
        scale = SIZE / self._params.scenario.width_m
        cells = sorted(range(len(shapes)), key=lambda cell: -int(frame.down[cell]))
        versions = [self._versions(frame, cell) for cell in cells]
        pixels = [(shapes[cell].middle[0] * scale, shapes[cell].middle[1] * scale) for cell in cells]
        for cell, text in zip(cells, placed(pixels, versions), strict=True):
            word = self._words[cell]
            word.set_text(text)
            word.set_position(shapes[cell].middle)
            word.set_color(VERMILION if frame.down[cell] else INK)
            word.set_visible(bool(text))

    def _versions(self, frame: Frame, cell: int) -> list[list[str]]:
        brief = brief_of(frame, cell)
        if not self._has_words:
            return [brief]
        lines = words_of(self._params, self._topics, frame, cell)
        return [lines, lines[:_FEW_LINES], lines[:1], brief]

    def _legend(self) -> dict[str, Patch | Line2D]:
        """Return the marks of what can happen to a cell here."""
        found: dict[str, Patch | Line2D] = {}
        if self._topics.sleep and not self._has_words:
            states = {
                word: face for word, face in zip(STATE_WORDS, STATE_COLOURS, strict=True) if word in _HATCHES
            }
            found["muted"] = Patch(
                facecolor=LOAD_COLOURS(0.0), edgecolor=INK, hatch=2 * _MUTED_HATCH, linewidth=0.6
            )
            found |= {word.lower(): _swatch(word, face) for word, face in states.items()}
        if self._params.scenario.failures.possible:
            name = "failed or cut off" if self._params.arrays.cuts_off.any() else "failed"
            found[name] = Patch(facecolor=MISSING, edgecolor=VERMILION, linewidth=1.8, hatch="xx")
        if self._topics.offsets:
            found["offset draws in"] = Patch(facecolor=PAPER, edgecolor=BLUE, linewidth=2.5)
            found["sends away"] = Patch(facecolor=PAPER, edgecolor=PURPLE, linewidth=2.5)
        if self._moves.moving:
            found["users who moved"] = Line2D([], [], marker="$\u2192$", markersize=13, color=INK)
        return found


def _segments(frame: Frame, shapes: list[Shape]) -> list[F64]:
    linked = np.flatnonzero(frame.is_active & (frame.serving >= 0))
    if len(linked) > _MOST_LINKS:
        return []
    ends = np.array([shape.middle for shape in shapes])[frame.serving[linked]]
    users = np.stack([frame.user_x[linked], frame.user_y[linked]], axis=1)
    return list(np.stack([users, ends], axis=1))


def _wedge(shape: Shape) -> Wedge | Circle:
    if shape.is_round and shape.inner_m == 0:
        return Circle((shape.x_m, shape.y_m), shape.outer_m, zorder=3)
    ring_m = shape.outer_m - shape.inner_m
    return Wedge((shape.x_m, shape.y_m), shape.outer_m, *shape.edges_deg, width=ring_m, zorder=3)


def _swatch(word: str, face: str) -> Patch:
    return Patch(facecolor=face, edgecolor=PAPER, hatch=2 * _HATCHES[word], linewidth=0.6)


def _word(axes: Axes) -> Text:
    word = axes.text(0, 0, "", fontsize=8, fontweight="bold", ha="center", va="center", zorder=7)
    word.set_bbox({"boxstyle": "round,pad=0.18", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.92})
    return word


def _paint(wedge: Wedge | Circle, frame: Frame, cell: int) -> None:
    state, shift_db = int(frame.carrier[cell]), float(frame.offset_db[cell])
    is_serving, is_down = state <= 1, bool(frame.down[cell])
    if is_down:
        face, hatch, edge, width = MISSING, "xx", VERMILION, 1.8
    elif is_serving:
        face, hatch = (
            LOAD_COLOURS(float(frame.load[cell])),
            _MUTED_HATCH if STATE_WORDS[state] == "MUTED" else "",
        )
        edge = INK if shift_db == 0 else BLUE if shift_db > 0 else PURPLE
        width = _BORDER[0] + _BORDER[1] * min(abs(shift_db) / _LARGEST_SHIFT_DB, 1.0)
    else:
        face, hatch, edge, width = STATE_COLOURS[state], _HATCHES.get(STATE_WORDS[state], ""), PAPER, 0.6
    wedge.set_facecolor(face)
    wedge.set_edgecolor(edge)
    wedge.set_linewidth(width)
    wedge.set_hatch(hatch)
