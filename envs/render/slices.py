"""Slices: who asks at the door, who is served in which slot and at which tier, and whose promise is broken."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from ...twin.params import Params
from ...twin.slice_report import SliceReport, broken_promises
from ...twin.slicing import Answer, Tier
from ..palette import BLACK, FAINT, INK, PAPER, VERMILION, kind_colour
from .layers import Part
from .text import Box, board_at, set_elided, width_of

_ANSWERS = {Answer.REFUSED: "refused", Answer.FULL: "admitted in full", Answer.REDUCED: "admitted reduced",
            Answer.NO_SLOT: "no free slot"}  # fmt: skip
_KEY = (("", VERMILION, "promise broken"), ("////", INK, "reduced tier"), ("", INK, "in full"))
_FREE = "#F4F6F8"
_LINE, _SLOT = 20, 30  # pixels: height of a line, of a slot
_NARROW = 34  # pixels of a slot that has no room for words
_MOST_PLACES = 2  # at the door that have a line


class SliceView:
    """Artists of the door and the slots, made once and moved by ``update``."""

    def __init__(self, figure: Figure, params: Params, box: Box) -> None:
        self._params, self._width = params, box[2]
        slicing, board = params.scenario.slicing, board_at(figure, box)
        places = min(slicing.requests, _MOST_PLACES)
        _bold(board, 0, 10, "At the door")
        left, top, width, _ = box
        asked = [(left + 96, top + _LINE * place, width - 96, _LINE) for place in range(places)]
        self._asks = [_Ask(board, 96, 10 + _LINE * place, each) for place, each in enumerate(asked)]
        y = 10 + _LINE * places + 4
        self._count = _bold(board, 0, y, "")
        self._counted = Part([self._count], (left, top + y - 10, 180, _LINE))
        _key(board, self._width, y)
        wide = self._width / slicing.slots
        self._slots = [
            _Slot(board, (slot * wide, y + 14, wide - 4, _SLOT), (left, top)) for slot in range(slicing.slots)
        ]

    @staticmethod
    def height(params: Params) -> int:
        """Return how many pixels it needs."""
        return 10 + _LINE * min(params.scenario.slicing.requests, _MOST_PLACES) + 18 + _SLOT

    @property
    def parts(self) -> list[Part]:
        """What a new frame changes."""
        return [self._counted, *(shown.part for shown in (*self._asks, *self._slots))]

    def update(self, report: SliceReport) -> None:
        """Show who asks and who is served; of one replica."""
        types = self._params.scenario.slicing.types
        for place, ask in enumerate(self._asks):
            kind = int(report.request_kind[0, place])
            before = _ANSWERS.get(Answer(int(report.answer[0, place])))
            words = "nobody"
            if kind >= 0:
                where = f"area {report.request_area[0, place] + 1}"
                words = f"{types[kind].name}, {where}, for {report.request_hours[0, place]:.1f} h"
            ask.update(kind, words, f"before: {before}" if before else "", self._width)
        broken, served = broken_promises(self._params, report)[0], report.kind[0] >= 0
        self._count.set_text(f"{served.sum()} of {len(served)} slots used")
        for slot, shown in enumerate(self._slots):
            tier, left_h = int(report.tier[0, slot]), float(report.left_hours[0, slot])
            shown.update(int(report.kind[0, slot]), tier, left_h, bool(broken[slot]))


class _Ask:
    """One place at the door."""

    def __init__(self, board: Axes, x: float, y: float, box: Box) -> None:
        self._x = x
        self._swatch = board.add_patch(Rectangle((x, y - 6), 12, 12, edgecolor=BLACK, linewidth=0.8))
        self._words = board.text(x + 18, y, "", fontsize=9.5, color=INK, va="center_baseline")
        self._answer = board.text(0, y, "", fontsize=9, color=FAINT, ha="right", va="center_baseline")
        self.part = Part([self._swatch, self._words, self._answer], box)

    def update(self, kind: int, words: str, answer: str, right: float) -> None:
        """Show who asks, and what became of who asked before."""
        self._swatch.set_visible(kind >= 0)
        self._swatch.set_facecolor(kind_colour(max(kind, 0)))
        self._answer.set_text(answer)
        self._answer.set_x(right)
        set_elided(self._words, words, right - self._x - 30 - (width_of(self._answer) if answer else 0))


class _Slot:
    """One slot: its type by colour, reduced by hatching, and how long it has left, in half hours begun."""

    def __init__(self, board: Axes, box: Box, corner: tuple[float, float]) -> None:
        left, top, width, height = box
        self._is_narrow = width < _NARROW
        self._plate = board.add_patch(Rectangle((left + 1, top + 1), width - 2, height - 2))
        self._words = board.text(left + width / 2, top + height / 2, "", fontsize=8, color=INK, ha="center")
        self._words.set(va="center", fontweight="bold")
        self._words.set_bbox(
            {"boxstyle": "round,pad=0.12", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8}
        )
        self.part = Part([self._plate, self._words], (corner[0] + left, corner[1] + top, width, height))

    def update(self, kind: int, tier: int, left_h: float, is_broken: bool) -> None:
        """Show who is in it; kind -1 is nobody."""
        is_served = kind >= 0
        self._plate.set(facecolor=kind_colour(kind) if is_served else _FREE)
        self._plate.set_hatch("////" if is_served and tier == Tier.REDUCED else "")
        self._plate.set_edgecolor(VERMILION if is_broken else INK if is_served else FAINT)
        self._plate.set_linewidth(2.6 if is_broken else 0.8)
        mark = "\u2717 " if is_broken else ""
        words = mark.strip() if self._is_narrow else f"{mark}{math.ceil(2 * left_h) / 2:g} h"
        self._words.set_text(words if is_served else "")
        self._words.set_visible(bool(is_served and words))
        self._words.set_color(VERMILION if is_broken else INK)


def _bold(board: Axes, x: float, y: float, words: str) -> Text:
    return board.text(x, y, words, fontsize=9.5, fontweight="bold", color=INK, va="center_baseline")


def _key(board: Axes, right: float, y: float) -> None:
    """Write what the looks of a slot mean, from the right."""
    for hatch, edge, words in _KEY:
        text = board.text(right, y, words, fontsize=8.5, color=FAINT, ha="right", va="center_baseline")
        right -= width_of(text) + 22
        width = 2.0 if edge == VERMILION else 0.8
        swatch = Rectangle(
            (right, y - 5), 16, 10, facecolor=_FREE, edgecolor=edge, linewidth=width, hatch=hatch
        )
        board.add_patch(swatch)
        right -= 12
