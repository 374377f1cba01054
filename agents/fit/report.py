"""A calibration as a page: what was fitted, how sure that is, and what it is worth on days that were not fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...envs.palette import BLUE, VERMILION
from ...twin.types import F64
from ..report import Figure, ReportData, Rows, Section, Verdict
from ..svg import Drawing, padded, panel
from .fit import Fit, Parameter
from .predict import MEASURES, UNITS
from .series import Parts, Series

SLACK = 1.05  # an error may grow by so much before a fit counts as worse: a day has its chance
MOST_UNEXPLAINED = 0.5  # of the PRB load, root mean square
_MOST_HOLES = 5  # that are named
_PROFILE = "profile at"


@dataclass(frozen=True)
class Subject:
    """What was fitted to what."""

    log: str
    network: str
    scenario: str
    digest: str
    folder: str
    parts: Parts


def is_better(fit: Fit) -> bool:
    """Tell whether the fitted twin foretells the judging days better, and none of the three measures worse.

    A twin that leaves more than half of the PRB load unexplained is not better for knowing the traffic.
    """
    if not fit.fitted.unexplained <= MOST_UNEXPLAINED:
        return False
    ratios = np.array(fit.fitted.rmse) / np.maximum(np.array(fit.believed.rmse), 1e-12)
    return bool(np.all(ratios <= SLACK) and np.prod(ratios) < 1.0)


def report_data(fit: Fit, subject: Subject) -> ReportData:
    """Return what the page says."""
    better = is_better(fit)
    words = "better than" if better else "not clearly better than"
    days = ", ".join(f"{len(p.records)} periods to {verb}" for p, verb in _named(subject.parts))
    return ReportData(
        title=f"Calibration of {subject.scenario}",
        subtitle=f"to {subject.log} of network {subject.network}",
        verdict=Verdict.PASS if better else Verdict.INCONCLUSIVE,
        verdict_text=f"One control period ahead the fitted twin foretells the last days {words} the twin as it was.",
        key_rows=(
            ("fit", subject.digest),
            ("cut", days),
            gap_row(subject.parts.fit),
            *error_rows(fit),
            ("growth margin", f"{fit.growth_margin:.3f}, from {fit.growth_scores} control periods"),
        ),
        sections=(_parameter_section(fit), _profile_section(fit), *_radio_section(fit), _error_section(fit)),
        next_command=f"ranrein evaluate scenario=fit:{subject.folder}",
    )


def gap_row(series: Series) -> tuple[str, str]:
    """Return how many periods are missing, and after which lines."""
    where = ", ".join(f"{n} before line {line}" for line, n in series.holes[:_MOST_HOLES])
    more = len(series.holes) - _MOST_HOLES
    text = f"{series.gaps} missing and left out" + (f" ({where}" if where else "")
    return "periods", text + (f", and {more} more places" if more > 0 else "") + (")" if where else "")


def error_rows(fit: Fit) -> tuple[tuple[str, str], ...]:
    """Return the error one control period ahead, before and after, by measure."""
    return tuple(
        (f"error of {measure}", f"{before:.3g} before, {after:.3g} after, {unit}")
        for measure, unit, before, after in zip(
            MEASURES, UNITS, fit.believed.rmse, fit.fitted.rmse, strict=True
        )
    )


def parameter_rows(fit: Fit) -> Rows:
    """Return the fitted numbers with their intervals; the profile stands in its figure."""
    return rows_of(fit.parameters)


def rows_of(parameters: tuple[Parameter, ...]) -> Rows:
    """Return numbers with their intervals, without the profile."""
    head = ("parameter", "unit", "believed", "fitted", "95 % interval", "used")
    shown = (p for p in parameters if not p.name.startswith(_PROFILE))
    return (head, *(_row(p) for p in shown))


def _row(parameter: Parameter) -> tuple[str, ...]:
    e = parameter.estimate
    believed = f"{parameter.believed:.4g}" if math.isfinite(parameter.believed) else ""
    used = "yes" if parameter.used else "no"
    return parameter.name, parameter.unit, believed, f"{e.value:.4g}", f"{e.low:.4g} to {e.high:.4g}", used


def _named(parts: Parts) -> tuple[tuple[Series, str], ...]:
    return (parts.fit, "fit"), (parts.calibrate, "set the margins"), (parts.judge, "judge")


def _parameter_section(fit: Fit) -> Section:
    text = (
        f"Periods with a crowd are left out of the fit of the load: {fit.load.left_out}. The interval of load.scale "
        "also covers how networks of one law differ; the traffic of this network is known much better. A radio "
        "offset is used where it foretells the fitted days better; otherwise the scenario keeps what was believed."
    )
    return Section("Parameters", text, parameter_rows(fit))


def _profile_section(fit: Fit) -> Section:
    hours = np.arange(25.0)
    lines = {name: _closed([getattr(e, name) for e in fit.load.profile]) for name in ("value", "low", "high")}
    drawing = Drawing(240)
    axes = panel(drawing, (0.0, 24.0), padded(list(lines.values())), 40, 150)
    axes.frame("Traffic by hour of day, mean 1", axes.x.ticks(8), "hour")
    for name in ("low", "high"):
        axes.plot(
            hours, lines[name], BLUE, "stroke-dasharray:3 3;stroke-width:1", label=f"95 % interval, {name}"
        )
    axes.plot(hours, lines["value"], BLUE, label="fitted")
    words = "Fitted hour-of-day factor, with its 95 % interval dashed."
    return Section("Hours of the day", "", None, (Figure("Profile", words, drawing.done(words)),))


def _closed(values: list[float]) -> F64:
    return np.array([*values, values[0]])


def _radio_section(fit: Fit) -> tuple[Section, ...]:
    if fit.radio is None:
        return ()
    text = (
        "What the offsets are fitted to: the rate at full load and the share of the traffic, here by kind of carrier; "
        "by cell also the share of users, of uncovered ones, the mean efficiency and the share of outer SSB beams. "
        "Transmit power, antenna gain and mean path loss act alike on all; the offset stands for their sum."
    )
    rows = tuple((name, *(f"{value:.4g}" for value in values)) for name, *values in fit.radio.figures)
    return (Section("Radio", text, (("figure", "measured", "twin before", "twin fitted"), *rows)),)


def _error_section(fit: Fit) -> Section:
    head = ("one period ahead", "unit", "error before", "error after", "margin")
    columns = zip(MEASURES, UNITS, fit.believed.rmse, fit.fitted.rmse, fit.margins, strict=True)
    rows = tuple(
        (measure, unit, f"{before:.4g}", f"{after:.4g}", "too few" if margin is None else f"{margin:.4g}")
        for measure, unit, before, after, margin in columns
    )
    text = (
        "Root mean square of reported less predicted on the days that judge, which were neither fitted nor used for "
        "margins. The margin is the conformal quantile of the size of the fitted twin's residual on the days before "
        "them: it holds for further days only as far as those are like them."
    )
    words = "Residual of each control period, before (orange) and after (blue) the fit; of cells, the root mean square."
    return Section(
        "What the fit is worth", text, (head, *rows), (Figure("Residuals", words, _residual_figure(fit)),)
    )


def _residual_figure(fit: Fit) -> str:
    drawing, hour = Drawing(650), fit.fitted.hour
    for top, name, measure, unit in zip(
        (40, 240, 440), ("load_pct", "mbps", "power_w"), MEASURES, UNITS, strict=True
    ):
        before, after = (_per_period(getattr(p, name)) for p in (fit.believed, fit.fitted))
        axes = panel(drawing, (float(hour.min()), float(hour.max())), padded([before, after]), top, 130)
        axes.frame(f"{measure}, {unit}", axes.x.ticks(8), "hour")
        axes.plot(hour, before, VERMILION, label="before")
        axes.plot(hour, after, BLUE, label="after")
        drawing.legend([("before", VERMILION), ("after", BLUE)], axes.x.stop - 140, top - 8)
    return drawing.done("Residuals one control period ahead, before and after the fit")


def _per_period(values: F64) -> F64:
    """Return one number per period: as it is, or the root mean square of the cells."""
    if values.ndim == 1:
        return values
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1), 1)
    rms = np.sqrt((np.where(known, values, 0.0) ** 2).sum(axis=1) / count)
    return np.where(known.any(axis=1), rms, np.nan)
