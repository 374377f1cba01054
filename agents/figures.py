"""Figures of reports, each an SVG string: a day, margins, comparisons, evidence, the mode ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ..envs.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, STATE_COLOURS, STATE_WORDS, VERMILION
from ..twin.types import F64, I8
from .svg import LEFT, RIGHT, WIDTH, Drawing, Panel, Scale, padded, panel

Event = tuple[float, str]  # hour, label
_SERIES = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
_LETTER_PX = 6.2
_STRIP_PX, _MOST_LETTERS = 15.0, 12  # of a carrier's strip, and of the name beside it


def timeline(
    hours: F64,
    power_w: Mapping[str, F64],
    load: Mapping[str, F64],
    states: Mapping[str, I8],
    events: Sequence[Event] = (),
) -> str:
    """Draw a day: power, load and the state of every capacity carrier, with events as vertical lines.

    Args:
        hours: (T,) end of each control period, hours.
        power_w: lines by name, each (T,); by custom "agent", "always on", "bound"; the first is bold.
        load: PRB load 0..1 by layer name, each (T,).
        states: (T,) indices into ``STATE_WORDS`` by carrier name.
        events: hour and label, for example mode changes, surge onset, rollback.
    """
    rows = _rows_of_labels(events, (float(hours[0]), float(hours[-1])))
    head = 18.0 * (1 + max(rows, default=-1))
    strips = _STRIP_PX * len(states)
    drawing = Drawing(head + 392 + strips)
    ends = float(min(hours[0], 0.0)), float(hours[-1])
    upper = panel(drawing, ends, padded(list(power_w.values())), head + 40, 120)
    lower = panel(drawing, ends, (0.0, _load_top(load)), head + 208, 90)
    _lines(upper, hours, power_w, "Power, W")
    _lines(lower, hours, {name: 100 * np.asarray(v, np.float64) for name, v in load.items()}, "PRB load, %")
    _strips(drawing, lower.x, hours, states, head + 322)
    _mark_events(drawing, lower.x, events, rows, (head + 34, head + 322 + strips))
    _hour_axis(drawing, lower.x, head + 322 + strips)
    drawing.legend(list(zip(STATE_WORDS, STATE_COLOURS, strict=True)), LEFT, head + 378 + strips)
    return drawing.done(f"Power, load and carrier states over {ends[1] - ends[0]:.3g} hours")


def margin_timeline(hours: F64, margins: F64, names: Sequence[str], events: Sequence[Event] = ()) -> str:
    """Draw how far each promise was from breaking.

    Args:
        hours: (T,).
        margins: (T, N) shares; below zero is broken and shaded.
        names: N names.
        events: hour and label.
    """
    ends = float(min(hours[0], 0.0)), float(hours[-1])
    rows = _rows_of_labels(events, ends)
    head = 18.0 * (1 + max(rows, default=-1))
    drawing = Drawing(head + 250)
    percent = 100 * np.asarray(margins, np.float64)
    axes = panel(drawing, ends, padded([percent]), head + 40, 160)
    zero, bottom = float(axes.y(0.0)), axes.y.start
    drawing.rect(
        (axes.x.start, zero, axes.x.stop - axes.x.start, bottom - zero), VERMILION, style="opacity:.13"
    )
    _lines(
        axes,
        hours,
        {name: percent[:, i] for i, name in enumerate(names)},
        "Margin, percentage points (below 0: broken)",
    )
    drawing.line((axes.x.start, zero), (axes.x.stop, zero), "stroke-width:1.4")
    _mark_events(drawing, axes.x, events, rows, (head + 34, bottom))
    _hour_axis(drawing, axes.x, bottom)
    return drawing.done(f"Margins of {', '.join(names)} over {ends[1] - ends[0]:.3g} hours")


def bars_with_intervals(
    names: Sequence[str],
    means: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    unit: str,
    bound: float | None = None,
) -> str:
    """Draw a horizontal bar with its interval for each name; ``bound`` is what nobody can beat."""
    values = [np.array(v, np.float64) for v in (means, lows, highs)]
    extra = [] if bound is None else [np.array([bound])]
    low, high = padded([*values, *extra])
    room = min(240.0, 24 + 6.6 * max(len(name) for name in names))
    drawing = Drawing(66 + 30.0 * len(names))
    axes = Panel(drawing, Scale(low, high, room, WIDTH - 110), Scale(0, 1, 30 + 30.0 * len(names), 26))
    for tick in axes.x.ticks(6):
        place = float(axes.x(tick))
        drawing.line((place, axes.y.start), (place, axes.y.stop), "stroke-opacity:.14")
        drawing.text(place, axes.y.start + 15, f"{tick:,.10g}", "middle", "opacity:.75")
    drawing.text(axes.x.stop, axes.y.start + 30, unit, "end", "opacity:.75")
    for row, name in enumerate(names):
        _bar(axes, 45.0 + 30 * row, name, tuple(float(v[row]) for v in values), unit)
    if bound is not None:
        place = float(axes.x(bound))
        drawing.line((place, axes.y.stop), (place, axes.y.start), "stroke-width:1.6;stroke-dasharray:5 4")
        drawing.text(place, axes.y.stop - 6, f"bound {bound:,.4g}", "middle", "font-weight:600")
    return drawing.done(f"{', '.join(names)} compared, in {unit}")


def wealth(log_e_path: F64, threshold: float) -> str:
    """Draw the evidence gathered against "the promise is broken", episode by episode.

    Args:
        log_e_path: (N,) natural logarithm of the e-value after each episode.
        threshold: what the e-value itself must reach, 1 / alpha.
    """
    path = np.concatenate([[0.0], np.asarray(log_e_path, np.float64)])
    goal = float(np.log(threshold))
    drawing = Drawing(252)
    axes = panel(
        drawing, (0.0, float(max(len(path) - 1, 1))), padded([path, np.array([1.1 * goal])]), 34, 168
    )
    axes.frame("Evidence, ln e-value", axes.x.ticks(8), "episodes")
    axes.level(goal, f"1/\u03b1 = {threshold:,.4g}: enough")
    reached = np.flatnonzero(path >= goal)
    axes.plot(np.arange(len(path), dtype=np.float64), path, BLUE, "stroke-width:2.2", "ln e-value")
    if reached.size:
        x, y = float(axes.x(float(reached[0]))), float(axes.y(float(path[reached[0]])))
        drawing.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{GREEN}" stroke="currentColor"/>'
        )
        drawing.text(
            x, y + 50, f"after {reached[0]} episodes", "end" if x > WIDTH / 2 else "start", "font-weight:600"
        )
    return drawing.done(f"Evidence over {len(path) - 1} episodes; needed: {threshold:,.4g}")


def ladder(modes: Sequence[str], reached: str) -> str:
    """Draw the modes from least to most trusted; all up to ``reached`` are filled.

    Raises:
        ValueError: if ``reached`` is not one of the modes.
    """
    if reached not in modes:
        raise ValueError(f"mode {reached!r} is not on the ladder; it has {', '.join(modes)}")
    drawing = Drawing(30 + 17.0 * len(modes) + 30)
    wide = (WIDTH - 8.0) / len(modes)
    place = list(modes).index(reached)
    for step, mode in enumerate(modes):
        top = 28 + 17.0 * (len(modes) - 1 - step)
        box = (4 + step * wide, top, wide - 6, drawing.height - 4 - top)
        fill, opacity = (BLUE, 1.0) if step == place else (SKY, 0.75) if step < place else ("none", 1.0)
        drawing.rect(box, fill, style=f"stroke:currentColor;stroke-opacity:.5;fill-opacity:{opacity}")
        weight = "font-weight:700" if step == place else "opacity:.8"
        drawing.text(box[0] + box[2] / 2, top - 6, mode.replace("_", " "), "middle", weight)
    return drawing.done(f"Mode ladder: {reached} reached, step {place + 1} of {len(modes)}")


def _bar(axes: Panel, y: float, name: str, values: tuple[float, ...], unit: str) -> None:
    mean, low, high = (float(axes.x(value)) for value in values)
    zero = float(axes.x(0.0))
    label = f"{name}: {values[0]:,.4g} {unit} ({values[1]:,.4g} to {values[2]:,.4g})"
    axes.drawing.rect((min(zero, mean), y - 8, abs(mean - zero), 16), SKY, label)
    for start, stop in (((low, y), (high, y)), ((low, y - 5), (low, y + 5)), ((high, y - 5), (high, y + 5))):
        axes.drawing.line(start, stop, "stroke-width:1.8")
    axes.drawing.text(axes.x.start - 8, y + 4, name, "end")
    axes.drawing.text(axes.x.stop + 8, y + 4, f"{values[0]:,.4g}", style="font-weight:600")


def _load_top(load: Mapping[str, F64]) -> float:
    top = max((float(np.nanmax(v, initial=0.0)) for v in load.values()), default=0.0)
    return float(np.clip(100 * 1.1 * top, 10.0, 100.0))


def _lines(axes: Panel, hours: F64, lines: Mapping[str, F64], title: str) -> None:
    axes.frame(title, _hour_ticks(axes.x))
    styles = ["stroke-width:2.3"] + ["stroke-width:1.6"] * len(lines)
    for (name, values), colour, style in zip(lines.items(), _SERIES, styles, strict=False):
        axes.plot(hours, np.asarray(values, np.float64), colour, style, name)
    width = sum(31 + 6.3 * len(name) for name in lines)
    axes.drawing.legend(list(zip(lines, _SERIES, strict=False)), axes.x.stop - width, axes.y.stop - 8)


def _strips(drawing: Drawing, x: Scale, hours: F64, states: Mapping[str, I8], top: float) -> None:
    edges = np.concatenate([[x.low], np.asarray(hours, np.float64)])
    for row, (name, values) in enumerate(states.items()):
        y = top + _STRIP_PX * row
        drawing.text(LEFT - 6, y + 10, _shortened(name), "end", "font-size:9.5px")
        for first, stop in _runs(np.asarray(values)):
            state = int(values[first])
            left, right = float(x(edges[first])), float(x(edges[stop]))
            label = f"{name}: {STATE_WORDS[state]}, {edges[first]:.2f} to {edges[stop]:.2f} h"
            style = "stroke:currentColor;stroke-opacity:.25;stroke-width:.5"
            drawing.rect((left, y, right - left, _STRIP_PX - 3), STATE_COLOURS[state], label, style)


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else "\u2026" + name[1 - _MOST_LETTERS :]


def _runs(values: I8) -> list[tuple[int, int]]:
    """Return first and past-the-last index of every stretch of equal values."""
    cuts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return list(pairwise(cuts))


def _hour_ticks(x: Scale) -> F64:
    step = next((s for s in (1, 3, 6, 12, 24) if (x.high - x.low) / s <= 9), 24)
    ticks = np.arange(np.ceil(x.low / step) * step, x.high + 1e-9, step)
    return ticks if len(ticks) > 1 else x.ticks()


def _hour_axis(drawing: Drawing, x: Scale, y: float) -> None:
    for tick in _hour_ticks(x):
        drawing.text(float(x(tick)), y + 15, f"{tick:g}", "middle", "opacity:.75")
    drawing.text(x.stop, y + 30, "hour", "end", "opacity:.75")


def _rows_of_labels(events: Sequence[Event], ends: tuple[float, float]) -> list[int]:
    """Return the row of each event's label such that none overlap."""
    x = Scale(min(ends[0], 0.0), ends[1], LEFT, WIDTH - RIGHT)
    taken: list[list[tuple[float, float]]] = []
    rows = []
    for hour, label in events:
        span = _label_span(float(x(hour)), label)
        is_free = [all(span[1] < a or span[0] > b for a, b in row) for row in taken]
        row = is_free.index(True) if True in is_free else len(taken)
        taken += [] if row < len(taken) else [[]]
        taken[row].append(span)
        rows.append(row)
    return rows


def _label_span(x: float, label: str) -> tuple[float, float]:
    width = _LETTER_PX * len(label) + 10
    return (x - width, x) if x + width > WIDTH else (x, x + width)


def _mark_events(
    drawing: Drawing, x: Scale, events: Sequence[Event], rows: Sequence[int], ends: tuple[float, float]
) -> None:
    for (hour, label), row in zip(events, rows, strict=True):
        place, top = float(x(hour)), 14.0 + 18 * row
        drawing.line(
            (place, top - 9), (place, ends[1]), f"stroke:{VERMILION};stroke-width:1.2;stroke-dasharray:3 3"
        )
        is_left = _label_span(place, label)[0] < place
        drawing.text(
            place + (-4 if is_left else 4), top, label, "end" if is_left else "start", "font-weight:600"
        )
