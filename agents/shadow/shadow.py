"""Shadow: what a policy would have done on a recorded network, and what the twin makes of it. Nobody acts.

The recorded telemetry is walked period by period. Policy and shield see at the start of a period what the
network had reported until then, and nothing else; the belief follows the recorded commands, because those
were in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...envs.controller import Controller
from ...envs.task import Task
from ...envs.window import Window
from ...network.telemetry import TelemetryLog, TelemetryRecord
from ...safety.shield import Shield
from ...safety.supervisor import Supervisor
from ...twin.rules import is_illegal, project
from ..episodes import Progress, no_progress
from ..shielded import BELIEF_SEED
from .log import records_of
from .step import Judged, ShadowStep, look_back
from .summary import ShadowReport, Subject, summarise


def shadow(
    policy: Controller, shield: Shield, task: Task, log: TelemetryLog, progress: Progress = no_progress
) -> ShadowReport:
    """Run a policy in shadow on a telemetry log.

    Args:
        policy: asked for a proposal once per control period.
        shield: judges the proposals; its parameters are the twin's.
        task: translates the policy's actions.
        log: of a network with the twin's cells.
        progress: called with the share done.

    Raises:
        GranularityError: if the log is coarser than the control period; names both.
        TelemetryError: if the log cannot be used; names file, line, field, value and repair.
    """
    records = records_of(log, shield.params)
    steps = tuple(_walk(_Watch(policy, shield, task), records, progress))
    subject = Subject(policy.name, shield.params.scenario.name, log.header.network, log.path.name)
    return summarise(shield.params, subject, records, steps)


def _walk(watch: _Watch, records: Sequence[TelemetryRecord], progress: Progress) -> Iterator[ShadowStep]:
    watch.restart(records[0])
    for number, record in enumerate(records[1:], start=2):
        if record.gap_periods:
            watch.restart(record)
        else:
            yield watch.follow(record)
        progress(number / len(records))


class _Watch:
    """Policy and supervisor beside a network that somebody else controls."""

    def __init__(self, policy: Controller, shield: Shield, task: Task) -> None:
        self._policy, self._task, self._params = policy, task, shield.params
        self._supervisor = Supervisor(shield, BELIEF_SEED)
        self._window: Window

    def restart(self, record: TelemetryRecord) -> None:
        """Begin from one report: at the start, and after periods that are missing."""
        self._supervisor.start(record.kpis, record.command)
        self._policy.begin(self._params, 1)
        self._window = Window(record.kpis, record.kpis, self._supervisor.memory.precedent)

    def follow(self, record: TelemetryRecord) -> ShadowStep:
        """Judge the period that the record ends, as it was before the record; then learn the record."""
        step = look_back(self._params, self._supervisor.belief, self._judge(), record)
        self._supervisor.learn(record.kpis, record.command)
        self._window = Window(record.kpis, self._window.kpis, self._supervisor.memory.precedent)
        return step

    def _judge(self) -> Judged:
        params, rules, window = self._params, self._supervisor.shield.rules, self._window
        wanted = self._task.decode(params, self._policy.actions(params, window), window.precedent)
        illegal = is_illegal(rules, window.precedent, wanted)
        legal = project(rules, window.precedent, wanted)
        return Judged(legal, bool(np.any(illegal)), self._supervisor.decide(wanted))
