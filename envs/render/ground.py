"""What does not move on a map: areas, the scale bar above and the legends below; nothing of it lies on the cells."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ...twin.params import Params
from ..palette import FAINT, GROUND, INK, LINES, LOAD_STOPS
from .text import board_at, entry

LOAD_COLOURS = LinearSegmentedColormap.from_list("load", list(LOAD_STOPS))
LEFT, TOP, SIZE = 12, 32, 644  # of the map, pixels
_ROW = 19
_BAR = 90  # pixels of the colour bar
_FEW_AREAS = 3  # of more, the lines become fainter
LARGEST_SCALE_BAR = 4  # the bar is at most the map's width over this


def draw_ground(figure: Figure, axes: Axes, params: Params) -> None:
    """Draw the areas, and above them what the map shows and how long a metre is."""
    width_m = params.scenario.width_m
    axes.set(xlim=(0, width_m), ylim=(0, width_m), xticks=[], yticks=[], facecolor=GROUND)
    axes.spines[:].set_color(LINES)
    _areas(axes, params)
    head = board_at(figure, (LEFT, 0, SIZE, TOP))
    head.text(0, TOP - 12, "The network as it is now", fontsize=10, fontweight="bold", color=INK, va="center")
    length_m = round_length_m(width_m / LARGEST_SCALE_BAR)
    left = SIZE * (1 - length_m / width_m)
    head.plot([left, SIZE], [TOP - 9] * 2, color=INK, linewidth=2, solid_capstyle="butt")
    named = f"{length_m:.0f} m" if length_m < 1000 else f"{length_m / 1000:.0f} km"
    head.text(left - 6, TOP - 11, named, color=INK, fontsize=8.5, ha="right", va="center")


def round_length_m(most_m: float) -> float:
    """Return the longest of 1, 2 or 5 times a power of ten that is no longer than ``most_m`` metres."""
    power = 10.0 ** np.floor(np.log10(most_m))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most_m))


def _areas(axes: Axes, params: Params) -> None:
    if params.n_areas == 1:
        return
    arrays = params.arrays
    axis = (np.arange(arrays.n_x) + 0.5) * arrays.pixel_m
    area = arrays.pixel_area.reshape(arrays.n_y, arrays.n_x)
    faint = min(1.0, _FEW_AREAS / params.n_areas)
    for index in range(params.n_areas):
        axes.contour(
            axis, axis, area == index, levels=[0.5], colors=LINES, linewidths=0.8, zorder=1, alpha=faint
        )


def draw_legend(figure: Figure, dots: dict[str, Line2D], marks: dict[str, Line2D | Patch]) -> None:
    """Draw two rows below the map: the users, and the colours of the cells.

    Args:
        figure: the picture.
        dots: mark of each kind of users, by its words.
        marks: swatch or line of each condition of a cell, by its words.
    """
    board = board_at(figure, (LEFT, TOP + SIZE + 2, SIZE, 2 * _ROW + 2))
    x = 0.0
    for word, mark in dots.items():
        x = entry(board, (x, _ROW / 2), mark, word)
    x = _colour_bar(board, 1.5 * _ROW)
    for word, mark in marks.items():
        if isinstance(mark, Patch):
            x = _swatch(board, (x, 1.5 * _ROW), mark, word)
        else:
            x = entry(board, (x, 1.5 * _ROW), mark, word)


def _colour_bar(board: Axes, y: float) -> float:
    """Draw the colours of load; return where they end."""
    board.text(2, y, "PRB load", fontsize=8.5, color=INK, va="center_baseline")
    board.text(80, y, "0", fontsize=8.5, color=INK, va="center_baseline", ha="right")
    box = (84.0, 84.0 + _BAR, y + 5, y - 5)
    limits = board.axis()
    board.imshow(np.linspace(0, 1, 64)[None], cmap=LOAD_COLOURS, extent=box, aspect="auto")
    board.axis(limits)
    board.add_patch(Rectangle((84, y - 5), _BAR, 10, facecolor="none", edgecolor=FAINT, linewidth=0.8))
    board.text(88 + _BAR, y, "100 %", fontsize=8.5, color=INK, va="center_baseline")
    return 142.0 + _BAR


def _swatch(board: Axes, at: tuple[float, float], like: Patch, word: str) -> float:
    x, y = at
    shown = Rectangle((x, y - 5), 16, 10)
    shown.set(facecolor=like.get_facecolor(), edgecolor=like.get_edgecolor(), linewidth=like.get_linewidth())
    shown.set_hatch(like.get_hatch() or "")
    board.add_patch(shown)
    return entry(board, (x + 2, y), Line2D([], []), word)
