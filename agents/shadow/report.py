"""A shadow run as files: JSON for machines, Markdown and a self-contained page for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from ...twin.sla import CONSTRAINTS
from ..figures import margin_timeline
from ..report import Figure, ReportData, Section, Verdict, write_report
from ..run_folder import write_json
from . import tables as tables
from .figures import hour_edges, power_figure, residual_figure, states_figure
from .step import SHIELDED
from .summary import PREDICTED, ShadowReport

JSON, MARKDOWN, PAGE = "shadow.json", "shadow.md", "shadow.html"
_ONE_STEP = (
    "Every decision is compared for one control period, from the network as it was recorded: what a policy "
    "would have gained or lost by its own earlier decisions is not in these numbers."
)


def write(report: ShadowReport, folder: Path) -> Path:
    """Write ``shadow.json``, ``shadow.md`` and ``shadow.html``; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    data = report_data(report)
    write_json(folder / JSON, plain(report))
    (folder / MARKDOWN).write_text(markdown(data), encoding="utf-8")
    return write_report(data, folder / PAGE)


def report_data(report: ShadowReport) -> ReportData:
    """Return what the report says. Its verdict is never PASS: nobody acted, so nothing was shown."""
    subject = report.subject
    return ReportData(
        title=f"Shadow run of {subject.policy}",
        subtitle=f"on {subject.log} of network {subject.network}, twin {subject.scenario}; nobody acted",
        verdict=Verdict.INCONCLUSIVE,
        verdict_text=f"{report.support.verdict}: {report.support.reason}. All savings below are {PREDICTED}.",
        key_rows=tables.key_rows(report),
        sections=(
            _agreement(report),
            Section("Agreement by carrier", "", tables.carrier_rows(report)),
            _power(report),
            _shield(report),
            _safety(report),
            _fidelity(report),
            _worst(report),
            *_bound(report),
        ),
        next_command="ranrein certify policy=RUN level=ci",
    )


def markdown(data: ReportData) -> str:
    """Return the report for a terminal, without pictures."""
    parts = [f"# {data.title}", data.subtitle, f"**{data.verdict.value}**: {data.verdict_text}"]
    parts.append(_pipes((("", ""), *data.key_rows)))
    for section in data.sections:
        parts += [f"## {section.title}", section.text, _pipes(section.table) if section.table else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a report as JSON data; numbers that are none become null."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | tuple | list):
        return [plain(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _agreement(report: ShadowReport) -> Section:
    text = (
        "Carrier decisions by recorded and proposed state. A proposal is read as the static rules read it: a "
        "carrier that may not change keeps its state. "
        f"{report.verdicts.broke_rules} proposals asked for something forbidden."
    )
    words = "For each carrier that may sleep: its recorded states above, the proposed ones below, over time."
    figure = Figure("Recorded and proposed states", words, states_figure(report))
    return Section("Agreement", text, tables.agreement_rows(report), (figure,))


def _power(report: ShadowReport) -> Section:
    text = (
        f"Savings are {PREDICTED}: recorded and proposed commands are tried on the same twin with the same "
        f"random numbers. {_ONE_STEP}\n\nThe intervals come from resampling whole hours; they cover how "
        "hours differ, not how the twin errs."
    )
    words = "Power as reported, and as the twin predicts it for the recorded and for the shielded commands."
    return Section("Power", text, None, (Figure("Power", words, power_figure(report)),))


def _safety(report: ShadowReport) -> Section:
    safety = report.safety
    text = (
        "Decisions after which the twin expects a broken promise in any of its members. The bare proposals "
        f"are predicted to break promises in {safety.made_worse} decisions where the record keeps them, and "
        f"to keep them in {safety.made_better} where it does not. As reported, {safety.observed} were broken."
    )
    hours = hour_edges(report)[:, 1]
    observed = np.stack([step.observed_margins for step in report.steps])
    expected = np.stack([step.expected[SHIELDED].margins for step in report.steps])
    figures = (
        Figure("Observed margins", "How far each promise was from breaking, as reported.",
               margin_timeline(hours, observed, CONSTRAINTS)),
        Figure("Predicted margins behind the shield", "The worst margin of the twin's members.",
               margin_timeline(hours, expected, CONSTRAINTS)),
    )  # fmt: skip
    return Section("Safety", text, tables.safety_rows(report), figures)


def _fidelity(report: ShadowReport) -> Section:
    text = (
        "Reported less predicted, one period ahead under the recorded commands: how far to believe the twin."
    )
    words = "Residuals of the coverage cells' load, of the traffic per area and of the power over time."
    figure = Figure("Residuals", words, residual_figure(report))
    return Section("Fidelity of the twin", text, tables.residual_rows(report), (figure,))


def _worst(report: ShadowReport) -> Section:
    cells = ", ".join(report.cells)
    text = (
        "The proposals that are predicted closest to breaking a promise, worst first; among equals, those "
        "that differ from the record. Predicted are the power saved and the worst margins in percentage "
        f"points. States are digits from 0, active, to 4, deep sleep, in the order {cells}."
    )
    return Section(f"Worst {len(report.worst)} periods", text, tables.worst_rows(report))


def _shield(report: ShadowReport) -> Section:
    text = "Which tier of the shield settled each proposal, and why proposals were changed."
    return Section("Shield", text, tables.verdict_rows(report))


def _bound(report: ShadowReport) -> tuple[Section, ...]:
    digests = tuple(report.subject.digests.items())
    text = "SHA-256 of everything that can change these results."
    return (Section("What was run", text, (("part", "digest"), *digests)),) if digests else ()


def _pipes(rows: tuple[tuple[str, ...], ...]) -> str:
    head, *body = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])
