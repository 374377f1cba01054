"""The right half of the picture: clock, the number that matters, what users are promised, slices and the episode."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...twin.params import Params
from ..palette import FAINT, INK, WAKING
from ..topics import Topics
from ..trail import Trail
from .badges import HEAD, BadgeView, promises_of
from .curves import curves_of, headline
from .frame import Frame
from .layers import Part
from .plots import plots_in
from .slices import SliceView
from .text import HEIGHT, WIDTH, board_at, set_elided, width_of

LEFT, RIGHT = 692, WIDTH - 18  # pixels
_HEADER, _TOP, _BOTTOM = 106, 116, 6
_CLOCK = 190  # pixels of the clock
_ROWS = {3: 42, 4: 37}  # height of a badge, pixels, by how many there are
_SECONDS_PER_MINUTE = 60


class PanelView:
    """Artists of the panel, made once and moved by ``update``."""

    def __init__(self, figure: Figure, params: Params, topics: Topics) -> None:
        self._params, self._topics, width = params, topics, RIGHT - LEFT
        board = board_at(figure, (LEFT, 0, width, _HEADER))
        self._clock = board.text(0, 34, "", fontsize=30, fontweight="bold", color=INK, va="center")
        self._number = board.text(width, 34, "", fontsize=30, fontweight="bold", color=INK, va="center")
        self._day = board.text(0, 68, "", fontsize=9.5, color=FAINT, va="center_baseline")
        self._note = board.text(width, 68, "", fontsize=9.5, color=FAINT, va="center_baseline")
        self._facts = board.text(0, 90, "", fontsize=9.5, color=INK, va="center_baseline")
        for text in (self._number, self._note):
            text.set(ha="right")
        y, rows = _TOP, len(promises_of(params))
        high = HEAD + rows * _ROWS[rows]
        self._badges = BadgeView(figure, params, (LEFT, y, width, high))
        y += high + 8
        self._slices: SliceView | None = None
        if topics.slices:
            self._slices = SliceView(figure, params, (LEFT, y, width, SliceView.height(params)))
            y += SliceView.height(params) + 10
        hours = params.scenario.timing.episode_s / 3600.0
        box = (LEFT, y, width, HEIGHT - y - _BOTTOM)
        self._plots = plots_in(figure, box, curves_of(topics), hours)

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        return [artist for plot in self._plots for artist in plot.moving]

    @property
    def parts(self) -> list[Part]:
        """What a new frame changes, each in its own box."""
        width, slices = RIGHT - LEFT, [] if self._slices is None else self._slices.parts
        head = [
            Part([self._clock], (LEFT, 4, _CLOCK, 54)),
            Part([self._number], (LEFT + _CLOCK, 4, width - _CLOCK + 4, 54)),
            Part([self._day, self._note], (LEFT, 58, width, 21)),
            Part([self._facts], (LEFT, 79, width, 21)),
        ]
        return [*head, *self._badges.parts, *slices]

    @property
    def scales(self) -> tuple[float, ...]:
        """Upper ends of the axes; the rest of the picture must be drawn again when they change."""
        return tuple(plot.top for plot in self._plots)

    def update(self, frame: Frame, trail: Trail) -> None:
        """Show a frame and the episode so far."""
        day, minutes = divmod(round(frame.time_s / _SECONDS_PER_MINUTE), 24 * 60)
        self._clock.set_text(f"{minutes // 60:02d}:{minutes % 60:02d}")
        number, note = headline(self._params, self._topics, frame.values, trail)
        self._number.set_text(number)
        self._note.set_text(note)
        room = RIGHT - LEFT - width_of(self._note) - 24
        set_elided(self._day, f"day {day + 1}, {self._params.scenario.name}", room)
        set_elided(self._facts, "; ".join(facts_of(self._params, self._topics, frame)), RIGHT - LEFT)
        self._badges.update(frame.margins.tolist(), frame.true_margins.tolist())
        if self._slices is not None and frame.slices is not None:
            self._slices.update(frame.slices)
        for plot in self._plots:
            plot.update(trail)


def facts_of(params: Params, topics: Topics, frame: Frame) -> list[str]:
    """Return what is remarkable now, in words, the most remarkable first."""
    found, cells = _troubles(frame), params.n_cells
    if topics.sleep:
        asleep = int(np.sum((frame.carrier > 1) & (frame.carrier < WAKING) & (frame.down == 0)))
        found.append(f"{asleep} of {cells} carriers asleep now")
    if topics.patterns:
        choosers = params.n_beams > 1
        found.append(f"{int((frame.beam[choosers] > 0).sum())} of {choosers.sum()} patterns off plan")
    if topics.offsets:
        found.append(f"{int(frame.came.sum())} users moved")
    if topics.count == 1 and frame.slices is not None:
        found.append(f"{int((frame.slices.request_kind >= 0).sum())} ask for a slice")
    return found


def _troubles(frame: Frame) -> list[str]:
    found, down, lost = list[str](), int((frame.down > 0).sum()), int((frame.lost_s > 0).sum())
    if down:
        unnoticed = int(((frame.down == 1) & ~frame.is_cut_off).sum())
        found.append(
            f"{down} of {len(frame.down)} cells out of order"
            + (f", {unnoticed} unnoticed" if unnoticed else "")
        )
    if lost:
        found.append(f"{lost} report{'s' * (lost > 1)} lost")
    if frame.late_s > 0:
        found.append(f"reports {frame.late_s / _SECONDS_PER_MINUTE:.0f} min late")
    return found
