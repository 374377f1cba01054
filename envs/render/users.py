"""Users on the map: who is served well, who belongs to the crowd or to a slice; and where slices are asked for."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ...twin.params import Params
from ...twin.types import I8
from ..palette import BLACK, BLUE, PAPER, VERMILION, YELLOW, kind_colour
from .frame import Frame

_LONGEST = 11  # letters of a type's name in the legend


class UserView:
    """Dots, made once and moved by ``update``."""

    def __init__(self, axes: Axes, params: Params) -> None:
        types = params.scenario.slicing.types
        self._halo = _dots(axes, "o", 14, YELLOW, BLACK)
        self._halo.set_alpha(0.9)
        self._tenants = [_dots(axes, "s", 11, kind_colour(kind), BLACK) for kind in range(len(types))]
        self._served = _dots(axes, "o", 6, BLUE, PAPER)
        self._below = _dots(axes, "^", 8.5, VERMILION, BLACK)
        self._asked = [_dots(axes, "D", 13, kind_colour(kind), BLACK) for kind in range(len(types))]
        for dots in self._asked:
            dots.set_markeredgewidth(2.4)
        names = [f"{each.name[:_LONGEST]}" for each in types]
        self.legend = {"guaranteed rate": self._served, "below it": self._below, "crowd": self._halo}
        self.legend |= dict(zip(names, self._tenants, strict=True))
        if types:
            self.legend["asks"] = Line2D([], [], marker="D", markersize=8, markerfacecolor=PAPER, color=BLACK)

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        return [self._halo, *self._tenants, self._served, self._below, *self._asked]

    def update(self, frame: Frame) -> None:
        """Show a frame."""
        active = frame.is_active
        groups = [(self._halo, active & frame.is_crowd)]
        groups += [(dots, active & (frame.slice_kind == kind)) for kind, dots in enumerate(self._tenants)]
        groups += [(self._served, active & frame.is_served), (self._below, active & ~frame.is_served)]
        for dots, who in groups:
            dots.set_data(frame.user_x[who], frame.user_y[who])
        for kind, dots in enumerate(self._asked):
            asked = frame.door_xy[_asks(frame) == kind]
            dots.set_data(asked[:, 0], asked[:, 1])


def _asks(frame: Frame) -> I8:
    """Return the type that is asked for at each place, (R,); -1 where nobody asks."""
    return np.full(len(frame.door_xy), -1, np.int8) if frame.slices is None else frame.slices.request_kind[0]


def _dots(axes: Axes, marker: str, size: float, face: str, edge: str) -> Line2D:
    dots = Line2D([], [], linestyle="none", marker=marker, markersize=size, zorder=5)
    dots.set(markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.8)
    axes.add_line(dots)
    return dots
