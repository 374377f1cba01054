"""What users are promised: a row for each promise with what is reported of it, and what is true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from ...twin.params import Params
from ...twin.sla import CONSTRAINTS, SLICES
from ..palette import FAINT, GREEN, INK, PAPER, VERMILION, signed
from .layers import Part
from .text import Box, board_at

_PROMISES = {
    "throughput": "users below guaranteed rate",
    "coverage": "users without coverage",
    "blocking": "traffic turned away",
    "slices": "slices with a broken promise",
}
HEAD = 26  # pixels of the headings
_PLATE, _NAME = 118, 132  # pixels: width of a plate, where a name begins
_COLUMNS = (0.83, 1.0)  # right ends of reported and true margins, shares of the width


def promises_of(params: Params) -> tuple[str, ...]:
    """Return the names of what is promised."""
    return (*CONSTRAINTS, SLICES) if params.scenario.slicing.types else CONSTRAINTS


class BadgeView:
    """Artists of the badges, made once and moved by ``update``."""

    def __init__(self, figure: Figure, params: Params, box: Box) -> None:
        board, names, (_, _, width, height) = board_at(figure, box), promises_of(params), box
        minutes, row = params.scenario.timing.control_period_s / 60, (height - HEAD) / len(names)
        board.text(0, 10, "Promises, as reported", fontsize=10, fontweight="bold", color=INK, va="center")
        heading = f"Margin, last {minutes:g} min:  reported"
        for end, word in zip(_COLUMNS, (heading, "true"), strict=True):
            board.text(end * width, 10, word, fontsize=9, color=FAINT, ha="right", va="center")
        self._plates, self._states = list[FancyBboxPatch](), list[Text]()
        self._margins = list[tuple[Text, Text]]()
        for index, name in enumerate(names):
            top, middle = HEAD + index * row + 3, HEAD + (index + 0.5) * row
            plate = FancyBboxPatch((4, top + 4), _PLATE - 8, row - 14, boxstyle="round,pad=4,rounding_size=8")
            plate.set_edgecolor("none")
            board.add_patch(plate)
            self._plates.append(plate)
            self._states.append(_text(board.text(_PLATE / 2, middle, ""), 11, PAPER, "center"))
            _text(board.text(_NAME, middle - 8, name.capitalize()), 11, INK, "left")
            board.text(_NAME, middle + 8, _PROMISES[name], color=FAINT, fontsize=9, va="center_baseline")
            ends = [_text(board.text(end * width, middle, ""), 11, INK, "right") for end in _COLUMNS]
            self._margins.append((ends[0], ends[1]))

        self.parts = [
            Part([plate, state, *margins], (box[0], box[1] + HEAD + index * row, width, row))
            for index, (plate, state, margins) in enumerate(
                zip(self._plates, self._states, self._margins, strict=True)
            )
        ]

    def update(self, reported: Sequence[float], true: Sequence[float]) -> None:
        """Show margins (shares) of every promise; not a number counts as broken."""
        rows = zip(self._plates, self._states, self._margins, reported, true, strict=True)
        for plate, state, (told, real), margin, truth in rows:
            plate.set_facecolor(VERMILION if _is_broken(margin) else GREEN)
            state.set_text("\u2717 BROKEN" if _is_broken(margin) else "\u2713 OK")
            told.set_text(_points(margin))
            real.set_text(_points(truth))
            real.set_color(VERMILION if _is_broken(truth) else INK)
            real.set_fontweight("bold" if _is_broken(truth) != _is_broken(margin) else "normal")


def _is_broken(margin: float) -> bool:
    return not (margin >= 0)


def _points(margin: float) -> str:
    return f"{signed(100 * margin, 1)} pp" if np.isfinite(margin) else "unknown"


def _text(text: Text, size: float, colour: str, side: str) -> Text:
    weight = "normal" if side == "right" else "bold"
    text.set(fontsize=size, color=colour, ha=side, va="center_baseline", fontweight=weight)
    return text
