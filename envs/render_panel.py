"""The right half of the picture: clock, power, what users are promised, and the episode so far."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.text import Text

from ..twin.params import Params
from ..twin.sla import CONSTRAINTS, SLICES
from .frame import Frame, Trail
from .palette import BLUE, FAINT, GREEN, INK, ORANGE, PAPER, VERMILION

_LEFT, _WIDTH = 0.575, 0.405  # of the figure
_PROMISES = {
    "throughput": "users below guaranteed rate",
    "coverage": "users without coverage",
    "blocking": "traffic turned away",
    "slices": "slices with a broken promise",
}
_GRID = "#DDE3E9"


class PanelView:
    """Artists of the panel, made once and moved by ``update``."""

    def __init__(self, figure: Figure, params: Params) -> None:
        self._params = params
        board = figure.add_axes((_LEFT, 0.47, _WIDTH, 0.5), xlim=(0, 1), ylim=(0, 1))
        board.axis("off")
        self._clock = board.text(0, 0.985, "", fontsize=34, fontweight="bold", color=INK, va="top")
        self._day = board.text(0, 0.775, "", fontsize=10, color=FAINT, va="top")
        self._power = board.text(
            1, 0.985, "", fontsize=34, fontweight="bold", color=INK, va="top", ha="right"
        )
        self._share = board.text(1, 0.775, "", fontsize=10, color=FAINT, va="top", ha="right")
        minutes = params.scenario.timing.control_period_s / 60
        names = (*CONSTRAINTS, SLICES) if params.scenario.slicing.types else CONSTRAINTS
        scale = len(CONSTRAINTS) / len(names)
        self._badges = [
            Badge(board, name, (0.605 - scale * (0.145 + 0.215 * row), scale), minutes)
            for row, name in enumerate(names)
        ]
        self._plots = _plots(figure, params)

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        parts = [artist for part in (*self._badges, *self._plots) for artist in part.moving]
        return [self._clock, self._day, self._power, self._share, *parts]

    @property
    def scales(self) -> tuple[float, ...]:
        """Upper ends of the axes; the rest of the picture must be drawn again when they change."""
        return tuple(plot.top for plot in self._plots)

    def update(self, frame: Frame, trail: Trail) -> None:
        """Show a frame and the episode so far."""
        day, minutes = divmod(round(frame.time_s / 60), 24 * 60)
        self._clock.set_text(f"{minutes // 60:02d}:{minutes % 60:02d}")
        asleep, cells = int(np.sum((frame.carrier > 1) & (frame.carrier < 5))), self._params.n_cells
        self._day.set_text(
            f"{self._params.scenario.name}, day {day + 1}: {asleep} of {cells} carriers asleep"
        )
        self._power.set_text(f"{frame.power_w:,.0f} W")
        self._share.set_text(f"{frame.power_w / self._params.full_power_w:.0%} of full power")
        for badge, margin in zip(self._badges, frame.margins, strict=True):
            badge.update(float(margin))
        for plot, names in zip(self._plots, (["power_w"], ["coverage_load", "capacity_load"]), strict=True):
            plot.update(trail.hours, [getattr(trail, name) for name in names])


class Badge:
    """One promise: OK or BROKEN, with the margin; ``place`` is its lower edge and its size."""

    def __init__(self, board: Axes, name: str, place: tuple[float, float], minutes: float) -> None:
        y, scale = place
        title_y, note_y = y + 0.115 * scale, y + 0.035 * scale
        self._plate = FancyBboxPatch(
            (0.012, y + 0.012), 0.29, 0.142 * scale - 0.012, boxstyle="round,pad=0.012,rounding_size=0.03"
        )
        self._plate.set_edgecolor("none")
        board.add_patch(self._plate)
        self._word = board.text(
            0.157,
            y + 0.077 * scale,
            "",
            color=PAPER,
            fontsize=12,
            fontweight="bold",
            ha="center",
            va="center_baseline",
        )
        board.text(0.35, title_y, name.capitalize(), color=INK, fontsize=12, fontweight="bold", va="center")
        board.text(0.35, note_y, _PROMISES[name], color=FAINT, fontsize=9.5, va="center")
        self._margin: Text = board.text(1, title_y, "", color=INK, fontsize=12, ha="right", va="center")
        board.text(
            1, note_y, f"margin, last {minutes:g} min", color=FAINT, fontsize=9.5, ha="right", va="center"
        )
        self.moving: list[Artist] = [self._plate, self._word, self._margin]

    def update(self, margin: float) -> None:
        """Show a margin (a share); not a number counts as broken."""
        is_broken = not (margin >= 0)
        self._plate.set_facecolor(VERMILION if is_broken else GREEN)
        self._word.set_text("\u2717 BROKEN" if is_broken else "\u2713 OK")
        self._margin.set_text(
            f"{100 * margin:+.1f} pp".replace("-", "\u2212") if np.isfinite(margin) else "unknown"
        )


class Plot:
    """Lines over the hours of an episode, the first one filled to zero."""

    def __init__(self, axes: Axes, colours: list[str], scale: float, hours: float) -> None:
        self._axes, self._scale = axes, scale
        self._fill = Polygon(np.zeros((1, 2)), facecolor=colours[0], alpha=0.18, edgecolor="none")
        axes.add_patch(self._fill)
        self._lines = [axes.plot([], [], color=colour, linewidth=1.8)[0] for colour in colours]
        self._dot = axes.plot([], [], "o", color=colours[0], markersize=5)[0]
        self.moving: list[Artist] = [self._fill, *self._lines, self._dot]
        self.top = 0.0
        axes.set_xlim(0, hours)
        axes.set_xticks(np.linspace(0, hours, 9 if hours == 24 else 5))
        axes.grid(color=_GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(FAINT)
        axes.tick_params(labelsize=8.5, colors=FAINT, length=2.5)

    def update(self, hours: list[float], series: list[list[float]]) -> None:
        """Show the values until now."""
        scaled = [np.array(values) * self._scale for values in series]
        for line, values in zip(self._lines, scaled, strict=True):
            line.set_data(hours, values)
        self._dot.set_data(hours[-1:], scaled[0][-1:])
        outline = np.column_stack([hours, scaled[0]])
        self._fill.set_xy(np.vstack([[hours[0], 0], outline, [hours[-1], 0]]))
        self.top = nice_top(max(float(np.nanmax(values, initial=1.0)) for values in scaled))
        self._axes.set_ylim(0, self.top)


def nice_top(value: float) -> float:
    """Return the end of an axis that shows ``value`` > 0: 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step for step in (1, 2, 3, 4, 5, 6, 8, 10) if value <= step * power) * power)


def _plots(figure: Figure, params: Params) -> tuple[Plot, Plot]:
    hours = params.scenario.timing.episode_s / 3600.0
    upper = figure.add_axes((_LEFT + 0.035, 0.275, _WIDTH - 0.035, 0.135))
    lower = figure.add_axes((_LEFT + 0.035, 0.075, _WIDTH - 0.035, 0.135))
    upper.tick_params(labelbottom=False)
    _title(upper, [("Power, W", INK)])
    _title(lower, [("Mean PRB load, %:", INK), ("coverage", BLUE), ("capacity", ORANGE)])
    lower.set_xlabel("hour of the episode", fontsize=8.5, color=FAINT, labelpad=1)
    return Plot(upper, [INK], 1.0, hours), Plot(lower, [BLUE, ORANGE], 100.0, hours)


def _title(axes: Axes, words: list[tuple[str, str]]) -> None:
    x = 0.0
    for word, colour in words:
        axes.text(x, 1.06, word, transform=axes.transAxes, fontsize=9.5, fontweight="bold", color=colour)
        x += 0.0165 * len(word) + 0.025
