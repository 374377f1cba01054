"""The capacity of a loss system as a bar: who holds which units, and over the free ones who asks."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ...twin.loss.system import LossSystem
from ...twin.types import I64
from ..palette import FAINT, GROUND, INK, PAPER, VERMILION, kind_colour
from .text import Box, axes_at

_ROOM = 46  # pixels over the bar, for who asks
_LOW, _HIGH = 1.08, 0.36  # lower edge and height of the request, bars
_GAP = 0.006  # between it and its words, share of the capacity


class LossBar:
    """Artists of the bar, made once and changed by ``update``; ``box`` is that of the bar itself."""

    def __init__(self, figure: Figure, system: LossSystem, box: Box) -> None:
        left, top, width, height = box
        axes = axes_at(figure, (left, top - _ROOM, width, height + _ROOM))
        axes.set(xlim=(0, system.capacity), ylim=(0, 1 + _ROOM / height), yticks=[])
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= system.capacity])
        axes.tick_params(labelsize=8.5, colors=FAINT, length=2.5)
        axes.spines[["top", "right", "left"]].set_visible(False)
        self._system = system
        axes.add_patch(
            Rectangle((0, 0), system.capacity, 1, facecolor=GROUND, edgecolor=FAINT, linewidth=0.8)
        )
        self._units = PolyCollection([], edgecolors=PAPER, linewidths=1.2)
        axes.add_collection(self._units)
        self._request = axes.add_patch(Rectangle((0, _LOW), 1, _HIGH, linewidth=2))
        self._words = axes.text(0, _LOW + _HIGH / 2, "", va="center_baseline", fontsize=10, color=INK)
        self._used = axes.text(0.5, -0.26, "", transform=axes.transAxes, fontsize=9.5, color=INK, ha="center")
        self.moving: list[Artist] = [self._units, self._request, self._words, self._used]

    def update(self, held: I64, asks: int) -> None:
        """Show admissions in service (K,) and the class at the door."""
        system, boxes, colours, place = self._system, [], [], 0
        for kind, (count, units) in enumerate(zip(held.tolist(), system.units.tolist(), strict=True)):
            for _ in range(count):
                boxes.append([(place, 0), (place + units, 0), (place + units, 1), (place, 1)])
                colours.append(kind_colour(kind))
                place += units
        self._units.set_verts(boxes)
        self._units.set_facecolor(colours)
        self._used.set_text(f"units of the capacity: {place} of {system.capacity} in use")
        self._ask(asks, place)

    def _ask(self, asks: int, used: int) -> None:
        system, units = self._system, int(self._system.units[asks])
        left, fits = min(used, system.capacity - units), units <= system.capacity - used
        self._request.set(
            x=left, width=units, facecolor=kind_colour(asks), edgecolor=INK if fits else VERMILION
        )
        self._words.set_text(
            f"{system.classes[asks].name} asks for {units}: {'fits' if fits else 'does not fit'}"
        )
        is_right = left + units / 2 > system.capacity / 2
        gap = _GAP * system.capacity
        self._words.set(x=left - gap if is_right else left + units + gap, ha="right" if is_right else "left")
