"""The demo's day: an operator opens the loop step by step, a crowd comes, the network is rolled back.

Everything goes through the calls that ``operate`` and the control socket use: ``OperatingLoop.cycle`` and ``LoopDesk``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..network.plant import SimulatedNetwork
from ..safety.lifecycle import Mode
from .desk import LoopDesk
from .loop import OperatingLoop
from .loop_parts import Cycle, LoopSettings

OPERATOR, OFFICER = ("operator", "operator"), ("officer", "safety_officer")


@dataclass(frozen=True)
class Crowd:
    """A flash crowd beyond anything the certificate has seen."""

    venue: int = 1
    ramp_s: float = 300.0
    hold_s: float = 3600.0
    peak_mbps: float = 200.0


@dataclass(frozen=True)
class Script:
    """When what happens; periods are control periods."""

    settings: LoopSettings
    advisory_periods: int = 6
    closed_periods: int = 12  # of closed loop before the crowd
    after_periods: int = 12
    crowd: Crowd | None = field(default_factory=Crowd)
    give_up_periods: int = 24  # more than a step should take


@dataclass
class Story:
    """What happened."""

    cycles: list[Cycle] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)  # hour, label
    refusals: dict[str, list[str]] = field(default_factory=dict)  # mode asked for -> why not
    accepted: int = 0  # recommendations
    reached: list[Mode] = field(default_factory=lambda: [Mode.LOCKED])

    @property
    def rolled_back(self) -> bool:
        """Whether the loop rolled back by itself."""
        return any(cycle.outcome.startswith("rolled back") for cycle in self.cycles)


class Day:
    """Plays a script on a loop.

    Args:
        loop: just started.
        plant: the network it runs on.
        desk: through which people speak.
        watch: called after every period.
    """

    def __init__(
        self, loop: OperatingLoop, plant: SimulatedNetwork, desk: LoopDesk, watch: Callable[[Cycle], None]
    ) -> None:
        self._loop, self._plant, self._desk, self._watch = loop, plant, desk, watch
        self.story = Story()

    def play(self, script: Script) -> Story:
        """Open the loop as far as it lets itself be opened, send the crowd, and watch what follows."""
        settings = script.settings
        self._live(1)
        steps = (
            (Mode.SHADOW, settings.needed_shadow_decisions),
            (Mode.ADVISORY, script.advisory_periods),
            (Mode.GUARDED, max(settings.canary_periods, settings.dwell_periods)),
            (Mode.CLOSED_LOOP, script.closed_periods),
        )
        for mode, periods in steps:
            if not self._ask(mode, script.give_up_periods):
                return self.story
            self._live(periods, accept_one=mode is Mode.ADVISORY)
        if script.crowd is not None:
            self._send(script.crowd)
        self._live(script.after_periods)
        return self.story

    def _live(self, periods: int, accept_one: bool = False) -> None:
        for _ in range(periods):
            before = self._loop.mode
            cycle = self._loop.cycle()
            self.story.cycles.append(cycle)
            if self._loop.mode is not before:
                self._event(f"{self._loop.mode}")
            self._watch(cycle)
            if accept_one and not self.story.accepted:
                self._accept()
            self._plant.wait(self._loop.params.scenario.timing.control_period_s)

    def _ask(self, mode: Mode, most: int) -> bool:
        """Ask for a mode until it is granted, waiting where a guard only needs time; False when it is refused."""
        for _ in range(most):
            answer = self._desk.request_mode(*OPERATOR, mode, "demo: the next step of the ladder")
            if "pending" in answer:
                answer = self._desk.approve(*OFFICER, str(answer["pending"]))
            if answer["granted"]:
                self.story.reached.append(mode)
                self._event(str(mode))
                return True
            refusals = [str(text) for text in answer["refusals"]]  # type: ignore[union-attr]
            self.story.refusals[mode] = refusals
            if not all(text.split(":")[0] in _NEEDS_TIME for text in refusals):
                return False
            self._live(1)
        return False

    def _accept(self) -> None:
        for made in self._desk.advise_list()["recommendations"]:  # type: ignore[union-attr]
            answer = self._desk.advise_accept(*OPERATOR, str(made["id"]))
            self.story.accepted += bool(answer["granted"])

    def _send(self, crowd: Crowd) -> None:
        self._plant.inject_surge(crowd.venue, 0.0, crowd.ramp_s, crowd.hold_s, crowd.peak_mbps)
        self._event("flash crowd")

    def _event(self, label: str) -> None:
        kpis = self._loop.at.kpis
        hour = 0.0 if kpis is None else float(kpis.time_s[0]) / 3600.0
        self.story.events.append((hour, label))


_NEEDS_TIME = {
    "enough_shadow_decisions",
    "dwell_ok",
    "canary_passed",
    "twin_synchronised",
    "approvals",
    "in_scope",
}
