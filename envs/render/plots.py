"""The episode so far: curves over its hours."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from ..palette import FAINT, INK
from ..trail import Trail
from .curves import Curves
from .text import Box, axes_at, board_at, flow

_GRID = "#DDE3E9"
_TITLE, _SCALE = 22, 38  # pixels above a plot, and left of it
_LABELS, _GAP = 34, 12  # pixels below the lowest plot, and between two
_NARROW, _SIZES = 400, (9.5, 8.5)  # pixels of a plot, and points of its title in a wide and a narrow one


class Plot:
    """Curves over the hours of an episode, the first one filled to zero."""

    def __init__(self, axes: Axes, curves: Curves, hours: float) -> None:
        self._axes, self._curves = axes, curves
        colours = [colour for _, _, colour in curves.lines]
        self._fill = Polygon(np.zeros((1, 2)), facecolor=colours[0], alpha=0.18, edgecolor="none")
        axes.add_patch(self._fill)
        self._lines = [axes.plot([], [], color=colour, linewidth=1.8)[0] for colour in colours]
        self._dots = [axes.plot([], [], "o", color=colour, markersize=4)[0] for colour in colours]
        self.moving: list[Artist] = [self._fill, *self._lines, *self._dots]
        self.top = 0.0
        axes.set_xlim(0, hours)
        axes.set_xticks(np.linspace(0, hours, 9 if hours == 24 else 5))
        axes.grid(color=_GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(FAINT)
        axes.tick_params(labelsize=8.5, colors=FAINT, length=2.5)

    def update(self, trail: Trail) -> None:
        """Show the values until now."""
        hours = trail.hours
        scaled = [np.array(trail.series[name]) * self._curves.scale for name, _, _ in self._curves.lines]
        for line, dot, values in zip(self._lines, self._dots, scaled, strict=True):
            line.set_data(hours, values)
            dot.set_data(hours[-1:], values[-1:])
        outline = np.column_stack([hours, np.nan_to_num(scaled[0])])
        self._fill.set_xy(np.vstack([[hours[0], 0], outline, [hours[-1], 0]]))
        highest = max(float(np.nanmax(values, initial=self._curves.least_top)) for values in scaled)
        self._stretch(nice_top(highest))

    def _stretch(self, top: float) -> None:
        if top != self.top:
            self.top = top
            self._axes.set_ylim(0, top)
            self._axes.set_yticks([0, top / 2, top])
            self._axes.set_yticklabels([f"{tick:,g}" for tick in (0, top / 2, top)])


def nice_top(value: float) -> float:
    """Return the end of an axis that shows ``value`` > 0: 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step for step in (1, 2, 3, 4, 5, 6, 8, 10) if value <= step * power) * power)


def plots_in(figure: Figure, box: Box, curves: tuple[Curves, ...], hours: float) -> list[Plot]:
    """Lay plots out in a box: up to three one below the other, more in two columns."""
    left, top, width, height = box
    columns = 1 if len(curves) <= 3 else 2
    rows = -(-len(curves) // columns)
    wide, high = (width - _GAP * (columns - 1)) / columns, (height - _LABELS - _GAP * (rows - 1)) / rows
    plots = []
    for index, each in enumerate(curves):
        row, column = divmod(index, columns)
        x, y = left + column * (wide + _GAP), top + row * (high + _GAP)
        is_lowest = index + columns >= len(curves)
        plots.append(_plot(figure, (x, y, wide, high), each, hours))
        plots[-1].moving[0].axes.tick_params(labelbottom=is_lowest)  # type: ignore[union-attr]
        if is_lowest:
            _name_hours(figure, (x + _SCALE, y + high + 16, wide - _SCALE, 18))
    return plots


def _plot(figure: Figure, box: Box, curves: Curves, hours: float) -> Plot:
    left, top, width, height = box
    axes = axes_at(figure, (left + _SCALE, top + _TITLE, width - _SCALE, height - _TITLE))
    named = [(words, colour) for _, words, colour in curves.lines if words]
    size = _SIZES[width < _NARROW]
    flow(board_at(figure, (left, top, width, _TITLE)), (0, 10), [(curves.title, INK), *named], size)
    return Plot(axes, curves, hours)


def _name_hours(figure: Figure, box: Box) -> None:
    text = board_at(figure, box).text(box[2] / 2, 9, "hour of the episode", fontsize=8.5, color=FAINT)
    text.set(ha="center", va="center")
