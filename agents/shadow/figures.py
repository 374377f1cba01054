"""Pictures of a shadow run: recorded beside proposed states, power, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...envs.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, STATE_COLOURS, STATE_WORDS, VERMILION
from ...twin.carrier import N_CARRIER_STATES
from ...twin.types import F64, I8, I64
from ..svg import LEFT, Drawing, Scale, padded, panel
from .step import RECORDED, SHIELDED
from .summary import ShadowReport

SECONDS_PER_HOUR = 3600.0
_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
_ROW_PX, _PAIR_PX = 11.0, 28.0  # of one strip, and of a carrier's two
_MOST_LETTERS = 12


def states_figure(report: ShadowReport) -> str:
    """Draw two strips for every carrier that may sleep: above what was recorded, below what was proposed."""
    edges, names = hour_edges(report), list(report.agreement.carriers)
    drawing = Drawing(74 + _PAIR_PX * len(names))
    axes = panel(drawing, _ends(edges), (0.0, 1.0), 26, _PAIR_PX * len(names))
    recorded = np.stack([step.recorded for step in report.steps])
    proposed = np.stack([step.proposal for step in report.steps])
    for row, name in enumerate(names):
        cell, top = report.cells.index(name), 26 + _PAIR_PX * row
        drawing.text(LEFT - 6, top + _ROW_PX + 3, name[-_MOST_LETTERS:], "end", "font-size:9.5px")
        for kind, states, offset in (("recorded", recorded, 0.0), ("proposed", proposed, _ROW_PX)):
            _strip(drawing, axes.x, edges, states[:, cell], (top + offset, f"{name} {kind}"))
    for tick in axes.x.ticks(8):
        drawing.text(float(axes.x(tick)), axes.y.start + 14, f"{tick:g}", "middle", "opacity:.75")
    drawing.text(axes.x.stop, axes.y.start + 29, "hour", "end", "opacity:.75")
    drawing.text(LEFT, 14, "Per carrier: above as recorded, below as proposed", style="font-weight:600")
    legend = zip(STATE_WORDS[:N_CARRIER_STATES], STATE_COLOURS, strict=False)
    drawing.legend(list(legend), LEFT, drawing.height - 4)
    return drawing.done(f"Recorded and proposed states of {', '.join(names)}")


def power_figure(report: ShadowReport) -> str:
    """Draw the power as reported, and as the twin predicts it for the recorded and the shielded commands."""
    edges = hour_edges(report)
    predicted = lambda kind: np.array([step.expected[kind].power_w for step in report.steps])  # noqa: E731
    lines = {
        "reported": np.array([step.observed_power_w for step in report.steps]),
        "predicted, as recorded": predicted(RECORDED),
        "predicted, as proposed and shielded": predicted(SHIELDED),
    }
    drawing = Drawing(250)
    _lines(drawing, edges, lines, "Power, W", 40)
    return drawing.done("Reported and predicted power")


def residual_figure(report: ShadowReport) -> str:
    """Draw reported less predicted, one period ahead: PRB load, traffic and power."""
    edges, steps = hour_edges(report), report.steps
    load = np.stack([step.residuals.load_pct for step in steps])
    traffic = np.stack([step.residuals.traffic_mbps for step in steps])
    areas = range(traffic.shape[1])
    drawing = Drawing(650)
    _lines(
        drawing,
        edges,
        {f"area {i}": load[:, i] for i in areas},
        "PRB load of the coverage cell, % points",
        40,
    )
    _lines(drawing, edges, {f"area {i}": traffic[:, i] for i in areas}, "Traffic, Mbit/s", 240)
    power = np.array([step.residuals.power_w for step in steps])
    _lines(drawing, edges, {"all": power}, "Power, W", 440)
    return drawing.done("Residuals of load, traffic and power")


def hour_edges(report: ShadowReport) -> F64:
    """Return begin and end of every step, (T, 2) hours since midnight of the log's first day."""
    starts = np.array([step.start_s for step in report.steps]) / SECONDS_PER_HOUR
    return np.stack([starts, starts + report.period_s / SECONDS_PER_HOUR], axis=1)


def _lines(drawing: Drawing, edges: F64, lines: Mapping[str, F64], title: str, top: float) -> None:
    breaks = _breaks(edges)
    at = np.insert(edges[:, 1], breaks, edges[breaks, 0])
    axes = panel(drawing, _ends(edges), padded(list(lines.values())), top, 130)
    axes.frame(title, axes.x.ticks(8), "hour")
    for (name, values), colour in zip(lines.items(), _cycled(len(lines)), strict=True):
        axes.plot(at, np.insert(values, breaks, np.nan), colour, label=name)
    width = sum(31 + 6.3 * len(name) for name in lines)
    drawing.legend(list(zip(lines, _cycled(len(lines)), strict=True)), axes.x.stop - width, top - 8)


def _cycled(n: int) -> Sequence[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(n)]


def _breaks(edges: F64) -> I64:
    """Return the indices before which periods are missing."""
    apart = ~np.isclose(edges[1:, 0], edges[:-1, 1])
    return (np.flatnonzero(apart) + 1).astype(np.int64)


def _ends(edges: F64) -> tuple[float, float]:
    return float(edges.min()), float(edges.max())


def _strip(drawing: Drawing, x: Scale, edges: F64, states: I8, place: tuple[float, str]) -> None:
    """Draw one rectangle per stretch of equal states without a gap."""
    top, label = place
    changes = np.flatnonzero(np.diff(states)) + 1
    firsts = sorted({0, *changes.tolist(), *_breaks(edges).tolist()})
    for first, stop in zip(firsts, [*firsts[1:], len(states)], strict=True):
        left, right = float(x(edges[first, 0])), float(x(edges[stop - 1, 1]))
        words = f"{label}: {STATE_WORDS[states[first]]}, {edges[first, 0]:.2f} to {edges[stop - 1, 1]:.2f} h"
        drawing.rect((left, top, right - left, _ROW_PX - 1), STATE_COLOURS[states[first]], words)
