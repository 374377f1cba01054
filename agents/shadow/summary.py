"""What a shadow run found, in numbers: counts, agreement, predicted saving and safety, fidelity, support."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...network.telemetry import TelemetryRecord
from ...safety.decision import Reason
from ...twin.carrier import N_CARRIER_STATES
from ...twin.params import Params
from ...twin.sla import is_unsafe, limits
from ...twin.types import F64, I64
from ..episodes import JOULES_PER_KWH
from ..stats import Interval, mean_interval, ratio_interval, share_interval
from .step import PROPOSAL, RECORDED, SHIELDED, ShadowStep, is_fresh

PREDICTED = "predicted by the twin, not measured"
BLOCK_S = 3600.0  # decisions of the same hour are resampled together
FEWEST_BLOCKS = 6  # with fewer, a bootstrap interval is too narrow to be shown
SHOWN_WORST = 20
QUANTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Subject:
    """What was run on what."""

    policy: str
    scenario: str
    network: str
    log: str
    digests: dict[str, str] = field(default_factory=dict)  # of everything that can change the result


@dataclass(frozen=True)
class Counts:
    """How much there was to look at."""

    records: int  # control periods in the log
    decisions: int
    gaps: int  # places where the supervisor had to begin anew
    missing_periods: int
    values: int  # reports of one cell for one period
    lost_values: int  # of those, did not arrive
    aged_values: int  # of those, arrived but were measured in an earlier period


@dataclass(frozen=True)
class Agreement:
    """How often policy and record asked for the same."""

    share: Interval  # of the decisions, every carrier the same; exact, as if decisions were independent
    carriers: dict[str, float]  # share by carrier that may sleep
    matrix: I64  # (states, states), carrier decisions by recorded and by proposed CarrierState


@dataclass(frozen=True)
class Verdicts:
    """What the shield said to the proposals."""

    intervention: Interval  # share of the decisions that it would have changed
    broke_rules: int  # proposals that a static rule forbids
    tiers: dict[str, int]
    reasons: dict[str, int]


@dataclass(frozen=True)
class Saving:
    """Energy saved against the recorded commands, one period ahead; predicted by the twin, not measured.

    The intervals come from a bootstrap over hours, and are None with fewer than ``FEWEST_BLOCKS`` of them.
    They cover how hours differ, not how the twin errs: see the residuals for that.
    """

    kwh: float
    pct: float  # of the recorded energy
    kwh_interval: Interval | None
    pct_interval: Interval | None
    recorded_kwh: float  # as reported
    hours: int  # blocks
    label: str = PREDICTED


@dataclass(frozen=True)
class Safety:
    """Decisions with a broken promise: observed, and predicted by the twin for each kind of command."""

    observed: int  # as reported, under the recorded commands
    predicted: dict[str, int]  # by RECORDED, PROPOSAL and SHIELDED
    made_worse: int  # the proposal is predicted to break what the recorded command keeps
    made_better: int  # and the other way round


@dataclass(frozen=True)
class Residual:
    """Reported less predicted, of one KPI one period ahead under the recorded command."""

    unit: str
    n: int
    mean: float
    mean_absolute: float
    quantiles: dict[int, float]  # percent -> value


@dataclass(frozen=True)
class Support:
    """Whether the log alone could say what the policy is worth, without the twin."""

    verdict: str  # ENOUGH_TO_WEIGH or NOT_ENOUGH
    reason: str
    overlap: int  # decisions of known probability below 1 in which policy and log agree


ENOUGH_TO_WEIGH, NOT_ENOUGH = "importance weighting possible", "not enough support"


@dataclass(frozen=True)
class ShadowReport:
    """Everything that a shadow run found."""

    subject: Subject
    cells: tuple[str, ...]
    period_s: float  # control period
    counts: Counts
    agreement: Agreement
    verdicts: Verdicts
    saving: dict[str, Saving]  # by PROPOSAL and SHIELDED
    safety: Safety
    residuals: dict[str, Residual]  # by KPI
    support: Support
    worst: tuple[int, ...]  # indices into ``steps``, closest to a broken promise first, then disagreements
    steps: tuple[ShadowStep, ...]


def summarise(
    params: Params, subject: Subject, records: Sequence[TelemetryRecord], steps: tuple[ShadowStep, ...]
) -> ShadowReport:
    """Summarise a walk over a log; there must be at least one step."""
    period_s = params.scenario.timing.control_period_s
    rank = lambda index: (closeness(params, steps[index]), steps[index].agrees)  # noqa: E731
    return ShadowReport(
        subject=subject,
        cells=tuple(cell.name for cell in params.cells),
        period_s=period_s,
        counts=_counts(records, len(steps)),
        agreement=_agreement(params, steps),
        verdicts=_verdicts(steps),
        saving={kind: saving(steps, kind, period_s) for kind in (PROPOSAL, SHIELDED)},
        safety=_safety(steps),
        residuals=_all_residuals(params, steps),
        support=support(records, steps),
        worst=tuple(sorted(range(len(steps)), key=rank)[:SHOWN_WORST]),
        steps=steps,
    )


def closeness(params: Params, step: ShadowStep) -> float:
    """Return the worst predicted margin of a proposal as a share of its limit; NaN is the worst."""
    relative = step.expected[PROPOSAL].margins / limits(params.scenario.sla)
    return float(np.nan_to_num(relative, nan=-np.inf).min())


def saving(steps: Sequence[ShadowStep], kind: str, period_s: float) -> Saving:
    """Add up what one kind of command is predicted to save, with intervals over hours."""
    hours = np.array([np.floor(step.start_s / BLOCK_S) for step in steps])
    _, block = np.unique(hours, return_inverse=True)
    kwh = period_s / JOULES_PER_KWH * np.array([(s.saved_w(kind), s.observed_power_w) for s in steps])
    saved, recorded = (np.bincount(block, part).astype(np.float64) for part in kwh.T)
    n = len(saved)
    enough = n >= FEWEST_BLOCKS
    return Saving(
        kwh=float(saved.sum()),
        pct=_percent(float(saved.sum()), float(recorded.sum())),
        kwh_interval=_scaled(mean_interval(saved), n) if enough else None,
        pct_interval=_scaled(ratio_interval(saved, recorded), 100.0) if enough else None,
        recorded_kwh=float(recorded.sum()),
        hours=n,
    )


def support(records: Sequence[TelemetryRecord], steps: Sequence[ShadowStep]) -> Support:
    """Judge whether importance weighting could be done; a policy in shadow answers deterministically."""
    chances = {record.utc: record.propensity for record in records}
    known = [chances[step.utc] for step in steps]
    overlap = sum(
        chance is not None and chance < 1 and s.agrees for chance, s in zip(known, steps, strict=True)
    )
    if any(chance is None for chance in known):
        reason = "the log does not say how likely its commands were, so no weight can be given to them"
        return Support(NOT_ENOUGH, reason, overlap)
    if all(chance == 1 for chance in known):
        reason = (
            "log and policy are both deterministic: nothing that the policy would do differently was tried"
        )
        return Support(NOT_ENOUGH, reason, overlap)
    reason = (
        f"the logging policy was stochastic and its probabilities are recorded; in {overlap} of {len(steps)} "
        "decisions a random choice of the log is also the policy's"
    )
    return Support(ENOUGH_TO_WEIGH if overlap else NOT_ENOUGH, reason, overlap)


def _counts(records: Sequence[TelemetryRecord], decisions: int) -> Counts:
    valid = np.stack([record.kpis.valid for record in records])
    fresh = np.stack([is_fresh(record.kpis) for record in records])
    return Counts(
        records=len(records),
        decisions=decisions,
        gaps=sum(record.gap_periods > 0 for record in records),
        missing_periods=sum(record.gap_periods for record in records),
        values=int(valid.size),
        lost_values=int((~valid).sum()),
        aged_values=int((valid & ~fresh).sum()),
    )


def _agreement(params: Params, steps: Sequence[ShadowStep]) -> Agreement:
    may_sleep = params.capacity_cells
    recorded = np.stack([step.recorded for step in steps])[:, may_sleep]
    proposed = np.stack([step.proposal for step in steps])[:, may_sleep]
    matrix = np.zeros((N_CARRIER_STATES, N_CARRIER_STATES), np.int64)
    np.add.at(matrix, (recorded.ravel(), proposed.ravel()), 1)
    same = (recorded == proposed).mean(axis=0)
    return Agreement(
        share=share_interval(sum(step.agrees for step in steps), len(steps)),
        carriers={params.cells[c].name: float(share) for c, share in zip(may_sleep, same, strict=True)},
        matrix=matrix,
    )


def _verdicts(steps: Sequence[ShadowStep]) -> Verdicts:
    reasons = Counter(step.reason.name for step in steps if step.reason is not Reason.NONE)
    return Verdicts(
        intervention=share_interval(sum(step.intervened for step in steps), len(steps)),
        broke_rules=sum(step.broke_rules for step in steps),
        tiers=dict(Counter(step.tier.name for step in steps).most_common()),
        reasons=dict(reasons.most_common()),
    )


def _safety(steps: Sequence[ShadowStep]) -> Safety:
    safe = {
        kind: np.array([s.expected[kind].is_safe for s in steps]) for kind in (RECORDED, PROPOSAL, SHIELDED)
    }
    return Safety(
        observed=int(is_unsafe(np.stack([step.observed_margins for step in steps])).sum()),
        predicted={kind: int((~kept).sum()) for kind, kept in safe.items()},
        made_worse=int((safe[RECORDED] & ~safe[PROPOSAL]).sum()),
        made_better=int((~safe[RECORDED] & safe[PROPOSAL]).sum()),
    )


def _all_residuals(params: Params, steps: Sequence[ShadowStep]) -> dict[str, Residual]:
    load = np.stack([step.residuals.load_pct for step in steps])
    traffic = np.stack([step.residuals.traffic_mbps for step in steps])
    names = [params.cells[c].name for c in params.coverage_cells]
    found = {f"PRB load of {name}": residual("%", load[:, i]) for i, name in enumerate(names)}
    found |= {
        f"traffic of area {i} ({name})": residual("Mbit/s", traffic[:, i]) for i, name in enumerate(names)
    }
    return {**found, "power": residual("W", np.array([step.residuals.power_w for step in steps]))}


def residual(unit: str, values: F64) -> Residual:
    """Describe residuals (T,); what is not a number was not reported and does not count."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Residual(unit, 0, float("nan"), float("nan"), dict.fromkeys(QUANTILES, float("nan")))
    at = np.percentile(known, QUANTILES)
    quantiles = {percent: float(value) for percent, value in zip(QUANTILES, at, strict=True)}
    return Residual(unit, len(known), float(known.mean()), float(np.abs(known).mean()), quantiles)


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole > 0 else float("nan")


def _scaled(interval: Interval | None, factor: float) -> Interval | None:
    if interval is None:
        return None
    return Interval(factor * interval.mean, factor * interval.low, factor * interval.high)
