"""Arrows between cells: where users were handed over in the last control period."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from ...twin.types import I64
from ..palette import INK
from .cell_shapes import Shape

_MOST = 8  # arrows
_CLEAR = 0.72  # of the way, in the middle
_BEND = 0.18
_WIDTHS = (1.2, 5.0)  # of one user, and of ten or more
_MANY = 10


class MoveView:
    """One arrow for each pair of cells with handovers, as wide as they are many; the most of them are shown.

    Args:
        axes: the map.
        shapes: of the cells; none, or cells that share a site, have no arrows.
    """

    def __init__(self, axes: Axes, shapes: list[Shape]) -> None:
        sites = {(shape.x_m, shape.y_m) for shape in shapes}
        self._middles = [np.array(shape.middle) for shape in shapes] if len(sites) == len(shapes) else []
        self._arrows = [_arrow() for _ in range(_MOST if self._middles else 0)]
        for arrow in self._arrows:
            axes.add_patch(arrow)

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        return list(self._arrows)

    def update(self, came: I64) -> None:
        """Show how many users came from each cell (row) to each other."""
        if not self._arrows:
            return
        order = np.argsort(-came, axis=None, kind="stable")[:_MOST]
        for arrow, pair in zip(self._arrows, order, strict=False):
            source, target = divmod(int(pair), len(came))
            count = int(came[source, target])
            arrow.set_visible(count > 0)
            start, end = self._middles[source], self._middles[target]
            gap = 0.5 * (1 - _CLEAR) * (end - start)
            arrow.set_positions(tuple(start + gap), tuple(end - gap))
            arrow.set_linewidth(_WIDTHS[0] + (_WIDTHS[1] - _WIDTHS[0]) * min(count / _MANY, 1.0))


def _arrow() -> FancyArrowPatch:
    arrow = FancyArrowPatch((0, 0), (1, 1), connectionstyle=f"arc3,rad={_BEND}", arrowstyle="-|>")
    arrow.set(mutation_scale=16, color=INK, alpha=0.75, zorder=6)
    return arrow
