"""The demo's report: one page with what was found and how the day went."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..safety.certificate import EProcess, Verdict, pass_bets
from ..safety.lifecycle import LADDER
from ..twin.sla import CONSTRAINTS, margins
from .demo import DemoRun
from .evaluate import Row, Table
from .figures import bars_with_intervals, ladder, margin_timeline, timeline, wealth
from .levels import SAVING, VIOLATION
from .report import Figure, ReportData, Section, write_report
from .report import Verdict as Banner
from .stats import Interval
from .storyline import Story

BANNERS = {
    Verdict.PASS: Banner.PASS,
    Verdict.FAIL: Banner.FAIL,
    Verdict.INCONCLUSIVE: Banner.INCONCLUSIVE,
    Verdict.ERROR: Banner.REFUSED,
}


def write_page(
    run: DemoRun, rows: list[tuple[str, str]], verdict: str, next_command: str, is_good: bool
) -> Path:
    """Write the self-contained HTML report and return its path."""
    sections = [_problem(run), _comparison(run), _shadow(run), _certificate(run), _day(run)]
    banner = Banner.PASS if is_good else BANNERS.get(run.verdict or Verdict.ERROR, Banner.REFUSED)
    banner = Banner.REFUSED if banner is Banner.PASS and not is_good else banner
    data = ReportData(
        title="Ranrein demo: from clone to a certified energy policy",
        subtitle=f"scenario {run.config.scenario}, seed {run.config.seed}, certificate level {run.config.level}",
        verdict=banner,
        verdict_text=verdict,
        key_rows=tuple(rows),
        sections=tuple(section for section in sections if section is not None),
        next_command=next_command,
        is_demo=True,
    )
    return write_report(data, run.out / "report.html")


def words(interval: Interval | None, digits: int = 1, unit: str = "") -> str:
    """Write an estimate with its interval."""
    if interval is None:
        return "not told"
    return f"{interval.mean:.{digits}f}{unit} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def table_rows(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return a comparison as rows of text, header first."""
    head = ("controller", "energy, kWh per day", "saving, %", "violated episodes, %", "return", "score")
    return (head, *(_row(row) for row in table.rows))


def _row(row: Row) -> tuple[str, ...]:
    share = row.violated_share
    percent = Interval(100 * share.mean, 100 * share.low, 100 * share.high)
    return (
        row.controller, words(row.energy_kwh, 2), words(row.saving_pct), words(percent),
        words(row.episode_return), words(row.score, 2),
    )  # fmt: skip


def _problem(run: DemoRun) -> Section | None:
    worth = run.worth
    if worth is None:
        return None
    text = (
        f"Greedy sleeping breaks a promise in {worth.greedy_violated:.0%} of the episodes. The least energy of any "
        f"controller that keeps every promise is {worth.bound.energy_kwh.mean():.2f} kWh per day (proof in "
        f"ranrein.envs.bounds), {worth.gap:.1%} of always-on energy below the best baseline. Waking a deep sleeper "
        f"takes {worth.wake_periods:g} control period(s). Rules were tuned on selection seeds."
    )
    return Section("Is the problem worth solving?", text, table_rows(worth.table))


def _comparison(run: DemoRun) -> Section | None:
    table = run.table
    if table is None or table.bound_energy_kwh is None:
        return None
    names = [row.controller for row in table.rows]
    energy = [row.energy_kwh for row in table.rows if row.energy_kwh is not None]
    text = f"{table.episodes} paired episodes the policy was neither trained nor selected on; 95 % intervals."
    if run.shielded is not None and run.shielded.intervention is not None:
        text += (
            f" Behind the shield {run.shielded.intervention.mean:.1%} of the policy's decisions are changed."
        )
    bars = bars_with_intervals(
        names, [e.mean for e in energy], [e.low for e in energy], [e.high for e in energy], "kWh",
        table.bound_energy_kwh.mean,
    )  # fmt: skip
    alt = f"Energy per day of {', '.join(names)} with 95 % intervals, and the bound."
    return Section(
        "Policy, baselines and bound", text, table_rows(table), (Figure("Energy per day", alt, bars),)
    )


def _shadow(run: DemoRun) -> Section | None:
    found = run.shadow
    if found is None:
        return None
    counts, safety = found.counts, found.safety
    rows = (
        ("what", "value"),
        ("decisions", str(counts.decisions)),
        ("values lost on the way", f"{counts.lost_values} of {counts.values}"),
        ("agreement with the recorded rule", words(found.agreement.share, 2)),
        ("shield would have intervened", words(found.verdicts.intervention, 3)),
        *(
            (f"saving of the {name}, {s.label}", f"{s.kwh:.1f} kWh, {s.pct:.1f} %")
            for name, s in found.saving.items()
        ),
        *((f"broken promises, {name} (predicted)", str(n)) for name, n in safety.predicted.items()),
    )
    return Section(
        "In shadow on the plant's telemetry", "Nobody acted; the plant differs from the twin.", rows
    )


def _certificate(run: DemoRun) -> Section | None:
    if run.certified is None:
        return None
    record = run.certified.record
    head = ("claim", "limit", "mean", "upper bound", "episodes", "verdict")
    rows = [
        (c.name, f"{c.limit:.4g}", f"{c.mean:.4g}", f"{c.upper_bound:.4g}", str(c.n), str(c.verdict))
        for c in record.claims
    ]  # fmt: skip
    violation = next(claim for claim in record.claims if claim.name == VIOLATION)
    path = EProcess(pass_bets(violation.limit)).update(run.certified.evidence.values[VIOLATION])
    figure = wealth(path, 1 / violation.alpha)
    saving = next(claim for claim in record.claims if claim.name == SAVING)
    text = (
        f"Verdict {record.verdict}. Attempt {record.attempt}: alpha {record.alpha_granted:.3f} of {record.alpha_total} "
        f"in total. Energy saving is at least {1 - 2 * saving.upper_bound:.1%} of always on. {record.transfer}"
    )
    alt = "The logarithm of the evidence against the claim limit grows with every episode without violation."
    return Section(
        "Certificate", text, (head, *rows), (Figure("Evidence that violations are rare", alt, figure),)
    )


def _day(run: DemoRun) -> Section | None:
    story = run.story
    if len(story.cycles) < 2:
        return None
    reached = max(story.reached, key=lambda mode: mode.rank)
    figures = (
        Figure(
            "The ladder",
            f"Modes up to {reached} were reached.",
            ladder([str(m) for m in LADDER], str(reached)),
        ),
        Figure("The day", "Power, load and carrier states over the played hours.", _timeline(run, story)),
        Figure("Promises", "Margins of throughput, coverage and blocking.", _margins(run, story)),
    )
    events = (("hour", "event"), *((f"{hour:.2f}", label) for hour, label in story.events))
    text = "Every step went through the same authority, mode and apply calls as `ranrein operate`."
    if story.refusals:
        text += " Refused on the way: " + "; ".join(f"{m}: {', '.join(t)}" for m, t in story.refusals.items())
    return Section("The day on the plant", text, events, figures)


def _timeline(run: DemoRun, story: Story) -> str:
    hours = np.array([cycle.kpis.time_s[0] / 3600 for cycle in story.cycles])
    power = np.array([cycle.kpis.total_power_w[0] for cycle in story.cycles])
    load = np.array([cycle.kpis.prb_tot_dl[0] for cycle in story.cycles]) / 100
    states = np.array([cycle.acknowledged.carrier_state[0] for cycle in story.cycles])
    capacity = run.params.is_capacity
    layers = {"coverage": load[:, ~capacity].mean(axis=1), "capacity": load[:, capacity].mean(axis=1)}
    strips = {run.params.cells[c].name: states[:, c] for c in run.params.capacity_cells}
    return timeline(hours, {"network": power}, layers, strips, story.events)


def _margins(run: DemoRun, story: Story) -> str:
    hours = np.array([cycle.kpis.time_s[0] / 3600 for cycle in story.cycles])
    values = np.stack([margins(cycle.kpis, run.params.scenario.sla)[0] for cycle in story.cycles])
    return margin_timeline(hours, values, CONSTRAINTS, story.events)
