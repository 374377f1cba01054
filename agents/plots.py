"""Pictures of a comparison, drawn without a display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ..twin.carrier import CarrierState
from .episodes import Day
from .evaluate import FEASIBLE_SHARE, Table
from .stats import Interval

# Readable with any colour vision: Okabe and Ito's palette, and one hue from awake to deep asleep.
BLUE, ORANGE, GREY, RED = "#0072b2", "#e69f00", "#767676", "#d55e00"
STATES = ListedColormap(["#f2c14e", "#c9d7e8", "#8fb0d3", "#4a7eb5", "#123a63"])


def plot_comparison(table: Table, path: Path) -> None:
    """Draw energy, revenue or else the return, and violated episodes of every controller with 95 % intervals."""
    figure = Figure(figsize=(10, 1.6 + 0.5 * len(table.rows)), layout="constrained")
    amount, violated = figure.subplots(1, 2, sharey=True)
    names = [row.controller for row in table.rows]
    colours = [GREY if row.is_baseline else BLUE for row in table.rows]
    title, values = _amount(table)
    _bars(amount, names, values, colours)
    _bars(violated, names, [_percent(row.violated_share) for row in table.rows], colours)
    amount.set_xlabel(title)
    violated.set_xlabel("episodes that break a promise, %")
    violated.axvline(100 * FEASIBLE_SHARE, color=RED, linestyle="--", label="feasible up to here")
    _legend_above(violated)
    if table.bound_energy_kwh is not None:
        amount.axvline(
            table.bound_energy_kwh.mean,
            color=RED,
            linestyle=":",
            label="bound for whoever keeps every promise",
        )
        _legend_above(amount)
    amount.invert_yaxis()
    _save(figure, path)


def plot_day(day: Day, path: Path) -> None:
    """Draw load, power and carrier states of one network over one episode."""
    figure = Figure(figsize=(10, 7), layout="constrained")
    load, power, states = figure.subplots(3, 1, sharex=True, height_ratios=[2, 1, 2])
    for cell, name in enumerate(day.cells):
        load.plot(day.hour, day.load[:, cell], label=name, linewidth=1)
    load.set_ylabel("PRB load, %")
    load.legend(loc="upper left", fontsize="small", ncols=4, frameon=False)
    power.plot(day.hour, day.power_w / 1000.0, color=BLUE)
    power.set_ylabel("power, kW")
    _mark_unsafe(power, day)
    _draw_states(figure, states, day)
    load.set_title(f"{day.controller}: one day")
    _save(figure, path)


def _amount(table: Table) -> tuple[str, list[Interval]]:
    """Return what a problem is about, and what every controller has of it."""
    titles = {"energy_kwh": "energy per day, kWh", "revenue_per_s": "revenue per s"}
    for name, title in titles.items():
        values = [getattr(row, name) for row in table.rows]
        if None not in values:
            return title, values
    return "return per day", [row.episode_return for row in table.rows]


def _percent(share: Interval) -> Interval:
    return Interval(100 * share.mean, 100 * share.low, 100 * share.high)


def _bars(axes: Axes, names: list[str], values: list[Interval], colours: list[str]) -> None:
    means = np.array([value.mean for value in values])
    errors = [[value.mean - value.low for value in values], [value.high - value.mean for value in values]]
    axes.barh(names, means, xerr=np.abs(errors), color=colours, capsize=4)
    axes.spines[["top", "right"]].set_visible(False)


def _legend_above(axes: Axes) -> None:
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)


def _mark_unsafe(axes: Axes, day: Day) -> None:
    if day.unsafe.any():
        axes.plot(
            day.hour[day.unsafe], day.power_w[day.unsafe] / 1000.0, "x", color=RED, label="promise broken"
        )
        axes.legend(loc="upper left", frameon=False)


def _draw_states(figure: Figure, axes: Axes, day: Day) -> None:
    edges = (
        np.concatenate([[2 * day.hour[0] - day.hour[1]], day.hour])
        if len(day.hour) > 1
        else [0.0, day.hour[0]]
    )
    rows = np.arange(len(day.cells) + 1)
    mesh = axes.pcolormesh(
        edges, rows, day.carrier_state.T, cmap=STATES, vmin=-0.5, vmax=len(CarrierState) - 0.5
    )
    axes.set_yticks(rows[:-1] + 0.5, day.cells)
    axes.invert_yaxis()
    axes.set_xlabel("hour of the day")
    bar = figure.colorbar(
        mesh, ax=axes, ticks=[int(state) for state in CarrierState], orientation="horizontal", pad=0.02
    )
    bar.ax.set_xticklabels([state.name.replace("_", " ").lower() for state in CarrierState])


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_png(str(path))
