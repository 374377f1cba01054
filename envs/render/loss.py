"""A picture of a loss system: the capacity and who holds it, who asks, and what the episode brought.

Needs matplotlib, an optional extra; only ``render`` loads this module.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from ..loss_scenario import LossScenario
from ..loss_trail import LossTrail
from ..palette import FAINT, GREEN, INK, PAPER, VERMILION

try:
    from matplotlib import pyplot
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    from .layers import Layers, Part
    from .loss_bar import LossBar
    from .loss_curves import LossCurves
    from .loss_table import LossTable
    from .text import DPI, WIDTH, board_at, set_elided, size_inches
except ModuleNotFoundError as error:
    raise gym.error.DependencyNotInstalled(
        f"rendering needs {error.name}: pip install 'ranrein[train]', or leave render_mode out"
    ) from error

from .render import open_window

_LEFT, _WIDE = 48, WIDTH - 48 - 24  # pixels
_TOP, _NOTE, _HEAD = 30, 64, 80  # middle of the large line, of the small one, height of both
_PLATE = 120


class LossPainter:
    """Draws an episode of a loss system; the figure is made once.

    Args:
        network: the loss system.
        mode: ``rgb_array`` or ``human``.

    Raises:
        NoDisplayError: in ``human`` mode where no window can be opened.
    """

    def __init__(self, network: LossScenario, mode: str) -> None:
        self._is_window = mode == "human"
        size = size_inches()
        self._figure = open_window("Ranrein: admission", size, DPI) if self._is_window else Figure(size, DPI)
        self._figure.set_facecolor("white")
        self._head = _Head(self._figure, network)
        self._bar = LossBar(self._figure, network.system, (_LEFT, 128, _WIDE, 88))
        self._table = LossTable(self._figure, network, (_LEFT, 264, 560, 420))
        self._curves = LossCurves(self._figure, network, (_LEFT + 610, 264, _WIDE - 610, 440))
        moving, parts = [*self._bar.moving, *self._curves.moving], [*self._head.parts, *self._table.parts]
        self._layers = None if self._is_window else Layers(self._figure, parts, moving)

    def draw(self, trail: LossTrail, asks: int) -> np.ndarray | None:
        """Draw the episode so far and the class at the door: (720, 1280, 3) uint8, or None where a window shows it."""
        self._head.update(trail)
        self._bar.update(trail.held[-1], asks)
        self._table.update(trail)
        self._curves.update(trail)
        if self._layers is not None:
            return self._layers.paint(self._curves.scales)
        self._figure.canvas.draw()
        self._figure.canvas.flush_events()
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._is_window:
            pyplot.close(self._figure)


class _Head:
    """How far the episode is, what it earned, and whether the capacity was kept."""

    def __init__(self, figure: Figure, network: LossScenario) -> None:
        board = board_at(figure, (_LEFT, 0, _WIDE, _HEAD))
        self._requests, middle = network.episode_requests, _WIDE / 2
        large: dict[str, Any] = {"fontsize": 26, "fontweight": "bold", "color": INK, "va": "center"}
        small: dict[str, Any] = {"fontsize": 9.5, "color": FAINT, "va": "center_baseline"}
        self._title = board.text(0, _TOP, "", **large)
        self._earned = board.text(_WIDE, _TOP, "", ha="right", **large)
        self._note = board.text(0, _NOTE, "", **small)
        self._rate = board.text(_WIDE, _NOTE, "", ha="right", **small)
        self._beyond = board.text(middle, _NOTE, "", ha="center", **small)
        plate = FancyBboxPatch((middle - _PLATE / 2 + 4, _TOP - 12), _PLATE - 8, 24, edgecolor="none")
        plate.set_boxstyle("round,pad=4,rounding_size=8")
        board.add_patch(plate)
        self._plate = plate
        self._badge = board.text(middle, _TOP, "", fontsize=11, fontweight="bold", color=PAPER, ha="center")
        self._badge.set(va="center_baseline")
        left, right = _LEFT + middle - _PLATE / 2, _LEFT + middle + _PLATE / 2
        self.parts = [
            Part([self._title], (_LEFT, 4, left - _LEFT, 50)),
            Part([self._plate, self._badge], (left, 4, _PLATE, 50)),
            Part([self._earned], (right, 4, _LEFT + _WIDE - right + 4, 50)),
            Part([self._note, self._beyond, self._rate], (_LEFT, 54, _WIDE, 20)),
        ]

    def update(self, trail: LossTrail) -> None:
        """Show the episode so far."""
        revenue = trail.revenue[-1]
        self._title.set_text(f"{trail.answered:,} of {self._requests:,} answered")
        last = "nobody was answered yet"
        if trail.last is not None:
            kind, is_admitted = trail.last
            last = f"last: {trail.system.classes[kind].name} {'admitted' if is_admitted else 'refused'}"
        set_elided(self._note, f"loss_system, after {trail.seconds:,.0f} s; {last}", 420)
        self._earned.set_text(f"{revenue:,.0f} earned".replace("-", "\u2212"))
        per_s = revenue / trail.seconds if trail.seconds > 0 else 0.0
        self._rate.set_text(f"rewards less penalties; {per_s:,.3g} per second".replace("-", "\u2212"))
        self._plate.set_facecolor(VERMILION if trail.beyond else GREEN)
        self._badge.set_text("\u2717 BROKEN" if trail.beyond else "\u2713 OK")
        self._beyond.set_text(f"{trail.beyond:,} admissions asked for beyond capacity")
