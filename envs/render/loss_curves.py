"""The episode of a loss system as curves: units in use by class, what was earned, and how many were refused."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from ..loss_scenario import LossScenario
from ..loss_trail import LossTrail
from ..palette import FAINT, GREEN, INK, LINES, VERMILION, kind_colour
from .plots import nice_top
from .text import Box, axes_at, board_at

_TITLE, _GAP, _LABELS = 22, 12, 34  # pixels
_MOST_STEPS = 400  # points of a curve; of more, every n-th is drawn
_TITLES = ("Units in use, by class", "Earned: rewards less penalties", "Refused so far, % of all requests")


class LossCurves:
    """Three plots over the requests of the episode, made once and changed by ``update``."""

    def __init__(self, figure: Figure, network: LossScenario, box: Box) -> None:
        left, top, width, height = box
        high, plots = (height - _LABELS - 2 * _GAP) / len(_TITLES), list[Axes]()
        for index, title in enumerate(_TITLES):
            y = top + index * (high + _GAP)
            text = board_at(figure, (left - 34, y, width, _TITLE)).text(0, 10, title, fontsize=9.5, color=INK)
            text.set(fontweight="bold", va="center")
            plots.append(axes_at(figure, (left, y + _TITLE, width, high - _TITLE)))
            _prepare(plots[-1], network.episode_requests, is_lowest=index == len(_TITLES) - 1)
        system = network.system
        self._stack = [_fill(plots[0], kind_colour(kind), 1.0) for kind in reversed(range(system.n_classes))]
        self._earned, self._refused = _Curve(plots[1], GREEN), _Curve(plots[2], VERMILION)
        self._money, self.scales = plots[1], (0.0, 0.0)  # ends of the axis of what was earned
        _stretch(plots[0], 0.0, float(system.capacity))
        _stretch(plots[2], 0.0, 100.0)

    @property
    def moving(self) -> list[Artist]:
        """What a new frame changes, in drawing order."""
        return [*self._stack, *self._earned.moving, *self._refused.moving]

    def update(self, trail: LossTrail) -> None:
        """Show the episode so far."""
        count = min(trail.answered + 1, _MOST_STEPS)
        steps = np.unique(np.linspace(0, trail.answered, count).astype(np.int64))
        tops = np.cumsum(np.array([trail.held[step] for step in steps]) * trail.system.units, axis=1)
        for polygon, top in zip(self._stack, tops.T[::-1], strict=True):  # the tallest lies behind
            _outline(polygon, np.repeat(steps, 2)[1:], np.repeat(top, 2)[:-1])
        earned = np.array([trail.revenue[step] for step in steps])
        refused = np.array([trail.refused[step] for step in steps])
        self._earned.update(steps, earned)
        self._refused.update(steps, 100.0 * refused / np.maximum(steps, 1))
        low, high = min(float(earned.min()), 0.0), max(float(earned.max()), 1.0)
        scales = (-nice_top(-low) if low < 0 else 0.0, nice_top(high))
        if scales != self.scales:
            self.scales = scales
            _stretch(self._money, *scales)


class _Curve:
    """A line filled to zero, with a dot where it is now."""

    def __init__(self, axes: Axes, colour: str) -> None:
        self._fill = _fill(axes, colour, 0.18)
        (self._line,) = axes.plot([], [], color=colour, linewidth=1.8)
        (self._dot,) = axes.plot([], [], "o", color=colour, markersize=4)
        self.moving: list[Artist] = [self._fill, self._line, self._dot]

    def update(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Show the values until now."""
        _outline(self._fill, steps, values)
        self._line.set_data(steps, values)
        self._dot.set_data(steps[-1:], values[-1:])


def _fill(axes: Axes, colour: str, alpha: float) -> Polygon:
    polygon = Polygon(np.zeros((1, 2)), facecolor=colour, alpha=alpha, edgecolor="none")
    axes.add_patch(polygon)
    return polygon


def _outline(polygon: Polygon, x: np.ndarray, y: np.ndarray) -> None:
    polygon.set_xy(np.vstack([[x[0], 0.0], np.column_stack([x, y]), [x[-1], 0.0]]))


def _prepare(axes: Axes, most: int, is_lowest: bool) -> None:
    ticks = np.linspace(0, most, 5)
    axes.set_xlim(0, most)
    axes.set_xticks(ticks)
    axes.set_xticklabels([f"{tick:,.0f}" for tick in ticks])
    axes.grid(color=LINES, linewidth=0.7, alpha=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=8.5, colors=FAINT, length=2.5, labelbottom=is_lowest)
    if is_lowest:
        axes.set_xlabel("requests answered", fontsize=8.5, color=FAINT, labelpad=1)


def _stretch(axes: Axes, low: float, high: float) -> None:
    axes.set_ylim(low, high)
    ticks = sorted({low, 0.0, high / 2, high})
    axes.set_yticks(ticks)
    axes.set_yticklabels([f"{tick:,g}".replace("-", "\u2212") for tick in ticks])
