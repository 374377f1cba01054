"""The tables of a shadow report, as text; the same in the page and in Markdown."""

from __future__ import annotations

import numpy as np

from ...twin.carrier import CarrierState
from ...twin.sla import CONSTRAINTS
from ...twin.types import F64, I8
from ..report_data import Rows
from ..stats import Interval
from .step import PROPOSAL, RECORDED, SHIELDED, ShadowStep
from .summary import PREDICTED, QUANTILES, Saving, ShadowReport

_DASH = "-"


def key_rows(report: ShadowReport) -> tuple[tuple[str, str], ...]:
    """Return what matters most."""
    counts, verdicts, safety = report.counts, report.verdicts, report.safety
    shielded, bare = report.saving[SHIELDED], report.saving[PROPOSAL]
    return (
        ("decisions", f"{counts.decisions} of {counts.records} recorded control periods"),
        ("gaps in the log", f"{counts.gaps}, {counts.missing_periods} periods missing"),
        ("values lost, aged", f"{counts.lost_values}, {counts.aged_values} of {counts.values}"),
        ("agreement with the record", _share(report.agreement.share)),
        ("the shield would have intervened in", _share(verdicts.intervention)),
        (f"saving behind the shield, {PREDICTED}", saving_text(shielded)),
        (f"saving of the bare proposals, {PREDICTED}", saving_text(bare)),
        (
            "mean error of the twin's power, one period ahead",
            f"{power_error_pct(report):.1f} % of the reported",
        ),
        ("decisions with a broken promise, as reported", str(safety.observed)),
        ("off-policy estimate from the log", report.support.verdict),
    )


def saving_text(saving: Saving) -> str:
    """Return a saving with its interval over hours."""
    numbers = f"{saving.kwh:.2f} kWh, {saving.pct:.1f} % of {saving.recorded_kwh:.1f} kWh"
    if saving.kwh_interval is None or saving.pct_interval is None:
        return f"{numbers}; {saving.hours} hours are too few for an interval"
    kwh, pct = saving.kwh_interval, saving.pct_interval
    ranges = f"{kwh.low:.2f} to {kwh.high:.2f} kWh, {pct.low:.1f} to {pct.high:.1f} %"
    return f"{numbers} (95 % over {saving.hours} hours: {ranges})"


def power_error_pct(report: ShadowReport) -> float:
    """Return the mean absolute residual of the power over the mean reported power, %."""
    reported = float(np.mean([step.observed_power_w for step in report.steps]))
    return 100.0 * report.residuals["power"].mean_absolute / reported if reported > 0 else float("nan")


def safety_rows(report: ShadowReport) -> Rows:
    """Return decisions with a broken promise, predicted for each kind of command."""
    predicted, n = report.safety.predicted, report.counts.decisions
    names = {
        RECORDED: "as recorded",
        PROPOSAL: "as proposed, without shield",
        SHIELDED: "as proposed, with shield",
    }
    rows = [(names[kind], str(predicted[kind]), f"{100 * predicted[kind] / n:.1f} %") for kind in names]
    return (("commands", "predicted violations", "of the decisions"), *rows)


def verdict_rows(report: ShadowReport) -> Rows:
    """Return how often each tier settled a proposal, and why proposals were not applied."""
    verdicts = report.verdicts
    rows = [("tier", name, str(n)) for name, n in verdicts.tiers.items()]
    return (
        ("", "name", "decisions"),
        *rows,
        *(("reason", name, str(n)) for name, n in verdicts.reasons.items()),
    )


def agreement_rows(report: ShadowReport) -> Rows:
    """Return carrier decisions by recorded (down) and proposed (across) state."""
    states = [state.name for state in CarrierState]
    rows = [
        (name, *map(str, row)) for name, row in zip(states, report.agreement.matrix.tolist(), strict=True)
    ]
    return (("recorded \\ proposed", *states), *rows)


def carrier_rows(report: ShadowReport) -> Rows:
    """Return the agreement by carrier."""
    shares = report.agreement.carriers.items()
    return (("carrier", "same state"), *((name, f"{100 * share:.1f} %") for name, share in shares))


def residual_rows(report: ShadowReport) -> Rows:
    """Return the quantiles of reported less predicted."""
    head = ("KPI", "unit", "n", "mean", "mean absolute", *(f"{percent} %" for percent in QUANTILES))
    rows = [
        (
            name,
            r.unit,
            str(r.n),
            _number(r.mean),
            _number(r.mean_absolute),
            *map(_number, r.quantiles.values()),
        )
        for name, r in report.residuals.items()
    ]
    return (head, *rows)


def worst_rows(report: ShadowReport) -> Rows:
    """Return the proposals that are predicted closest to breaking a promise."""
    head = ("period ends", "recorded", "proposed", "shield", "W saved", *_margin_heads())
    return (head, *(_worst_row(report.steps[index]) for index in report.worst))


def states_text(states: I8) -> str:
    """Return carrier states (C,) as digits in cell order, 0 active to 4 deep sleep."""
    return "".join(map(str, states.tolist()))


def _margin_heads() -> tuple[str, ...]:
    return tuple(f"{name}, %" for name in CONSTRAINTS)


def _worst_row(step: ShadowStep) -> tuple[str, ...]:
    verdict = step.tier.name if step.reason.name == "NONE" else f"{step.tier.name}: {step.reason.name}"
    return (
        step.utc.strftime("%Y-%m-%d %H:%M"),
        states_text(step.recorded),
        states_text(step.proposal),
        verdict,
        f"{step.saved_w(PROPOSAL):.0f}",
        *_percents(step.expected[PROPOSAL].margins),
    )


def _percents(margins: F64) -> tuple[str, ...]:
    return tuple(_number(100.0 * float(margin)) for margin in margins)


def _share(interval: Interval) -> str:
    mean, low, high = (100 * value for value in (interval.mean, interval.low, interval.high))
    return f"{mean:.1f} % [{low:.1f}, {high:.1f}]"


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else _DASH
