"""The classes of a loss system as a table: what they hold and pay, how many were refused, admitted ones as a bar."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from ..loss_scenario import LossScenario
from ..loss_trail import LossTrail
from ..palette import BLACK, FAINT, INK, kind_colour
from .layers import Part
from .text import Box, board_at, set_elided

_ROWS, _MOST = (28, 84), 13  # least and most pixels of a row; rows, of more classes the first are shown
_BAR, _WITH_BAR = 10, 44  # pixels: height of a bar, of a row that has room for one
_NAME = 24
_COLUMNS = {"class": _NAME, "units": 200, "reward": 268, "in service": 348, "asked": 412, "admitted": 484,
            "blocked": 558}  # right ends, pixels; the name's is its left one  # fmt: skip


class LossTable:
    """Texts of the table, made once and changed by ``update``."""

    def __init__(self, figure: Figure, network: LossScenario, box: Box) -> None:
        board, self._rows = board_at(figure, box), list[list[Text]]()
        self.parts = list[Part]()
        for name, x in _COLUMNS.items():
            side = "left" if x == _NAME else "right"
            board.text(x, 10, name, fontsize=9, color=FAINT, ha=side, va="center_baseline")
        classes, (_, _, width, height) = network.system.classes, box
        self._width = width - 2  # a border has its place
        row = float(np.clip((height - 50) / len(classes), *_ROWS))
        self._bars = list[Rectangle]()
        for kind, one in enumerate(classes[:_MOST]):
            y = 34 + row * kind
            if row >= _WITH_BAR:
                self._bars.append(self._bar(board, y + 14, kind))
            board.add_patch(
                Rectangle((1, y - 8), 16, 16, facecolor=kind_colour(kind), edgecolor=BLACK, linewidth=0.8)
            )
            name = board.text(_NAME, y, "", fontsize=10, color=INK, fontweight="bold", va="center_baseline")
            set_elided(name, one.name, 140)
            fixed = f"{one.units}", f"{one.reward:g}"
            ends = [x for x in _COLUMNS.values() if x != _NAME]
            cells = [
                board.text(x, y, "", fontsize=10, color=INK, ha="right", va="center_baseline") for x in ends
            ]
            for text, word in zip(cells, fixed, strict=False):
                text.set_text(word)
            self._rows.append(cells[len(fixed) :])
            bar = self._bars[-1:]  # of this row, where there are bars
            self.parts.append(
                Part([*self._rows[-1], *bar], (box[0], box[1] + y - 12, width, min(row, _WITH_BAR)))
            )
        if self._bars:
            words, y = "bars: share of its requests that was admitted", 34 + row * len(classes) - 8
            board.text(_NAME, y, words, fontsize=9, color=FAINT, va="center_baseline")
        if len(classes) > _MOST:
            y = 34 + row * _MOST
            board.text(
                _NAME, y, f"and {len(classes) - _MOST} more", fontsize=9, color=FAINT, va="center_baseline"
            )

    def _bar(self, board: Axes, y: float, kind: int) -> Rectangle:
        """Draw the frame of a bar and return what fills it: the share that was admitted."""
        filled = Rectangle((_NAME, y), 0, _BAR, facecolor=kind_colour(kind), linewidth=0)
        board.add_patch(filled)
        frame = Rectangle((_NAME, y), self._width - _NAME, _BAR, fill=False, edgecolor=FAINT, linewidth=0.8)
        board.add_patch(frame)
        return filled

    def update(self, trail: LossTrail) -> None:
        """Show the episode so far."""
        held, blocking = trail.held[-1], trail.blocking
        for kind, row in enumerate(self._rows):
            share = blocking[kind]
            blocked = f"{100 * share:.0f} %" if np.isfinite(share) else "\u2013"
            words = f"{held[kind]:,}", f"{trail.asked[kind]:,}", f"{trail.admitted[kind]:,}", blocked
            for text, word in zip(row, words, strict=True):
                text.set_text(word)
        for kind, bar in enumerate(self._bars):
            admitted = 1.0 - blocking[kind]
            bar.set_width((self._width - _NAME) * (admitted if np.isfinite(admitted) else 0.0))
