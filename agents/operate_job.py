"""Run a loop on a simulated network: people are served in real time, the network lives in simulated time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path

from ..network.plant import SimulatedNetwork
from ..network.protocol import NetworkError
from ..network.telemetry import TelemetryWriter
from ..safety.audit import AuditLog, AuditUnavailable
from ..safety.clock import Clock, SimulatedClock
from ..safety.keys import Environment, load_trusted
from ..safety.shield import Shield
from ..twin.carrier import CarrierState
from ..twin.params import Params
from ..twin.reality_gap import reality_gap
from .assembly import LoopPlan, assemble
from .bundle import require_energy_saving
from .certify import calibrated_shield
from .config import ConfigError, EnvConfig, nearest
from .control import Answer, ControlServer
from .desk import LoopDesk
from .episodes import Progress, no_progress
from .identities import KEYS, ensure_identities
from .loop import OperatingLoop
from .loop_parts import Cycle, LoopSettings
from .operate_config import OperateConfig
from .problem import decided_problem_of

logger = logging.getLogger(__name__)
LOOK_S = 0.2  # how often a waiting loop looks for a stop file and whether it should end
PLANT = "plant"


@dataclass(frozen=True)
class Operation:
    """A loop on its network, with a door for people."""

    loop: OperatingLoop
    desk: LoopDesk
    plant: SimulatedNetwork
    plant_clock: Clock  # simulated; what the loop goes by
    clock: Clock  # of the people
    server: ControlServer
    telemetry: TelemetryWriter
    telemetry_path: Path
    pause_s: float  # real time of a control period

    @property
    def period_s(self) -> float:
        """Length of a control period, simulated seconds."""
        return self.loop.params.scenario.timing.control_period_s

    def run(self, periods: int | None, leave: threading.Event, watch: Callable[[], None]) -> int:
        """Run control periods, serving requests between and during them; return how many were run.

        Args:
            periods: how many at most; None: until `leave`.
            leave: set by somebody else to end the run after the present period.
            watch: called from this thread after each decision and each request.
        """
        done = 0
        while not leave.is_set() and (periods is None or done < periods):
            self._write(self.loop.cycle())
            watch()
            self._serve_for(self.pause_s, leave, watch)
            self.plant.wait(self.period_s)
            done += 1
        return done

    def standing(self) -> Answer:
        """Return where the loop stands, for a panel."""
        return {
            "network time": f"{self.plant_clock.utc():%a %H:%M}",
            **self.desk.status(),
            "carriers": self._carriers(),
        }

    def leave(self) -> None:
        """Give back the capacity that only this process watches over; the mode stays as it is.

        Raises:
            AuditUnavailable: if the end could not be recorded.
        """
        said = self.loop.give_back("the loop ends: nobody would watch over sleeping carriers")
        if self.loop.at.owed:
            logger.error("carriers may still sleep, the next start gives them back: %s", said)
        self.loop.parts.audit.append("loop_ended", "loop", "service", {"mode": self.loop.mode})

    def _carriers(self) -> Answer | str:
        """Name the state of every carrier that may sleep."""
        try:
            states = self.loop.in_force().carrier_state[0]
        except NetworkError as error:
            return f"unknown: {error}"
        cells = zip(self.loop.cells, states, self.loop.params.is_capacity, strict=True)
        return {cell: CarrierState(int(state)).name for cell, state, sleeps in cells if sleeps}

    def _serve_for(self, seconds: float, leave: threading.Event, watch: Callable[[], None]) -> None:
        """Serve what has arrived, and what arrives while real time passes."""
        due_s = self.clock.monotonic_s() + seconds
        while True:
            if self.server.serve_pending():
                watch()
            left_s = due_s - self.clock.monotonic_s()
            if not left_s > 0 or leave.is_set():
                return
            self.server.wait(min(left_s, LOOK_S))

    def _write(self, cycle: Cycle) -> None:
        """Log telemetry; a full disk is no reason to stop watching over a network, silence is no report."""
        if cycle.silence:
            return
        try:
            self.telemetry.write(cycle.kpis, self.plant_clock.utc(), cycle.acknowledged)
        except (OSError, ValueError) as error:
            logger.warning("no telemetry record for period %d: %s", cycle.period, error)


def shield_of(config: OperateConfig, progress: Progress = no_progress) -> Shield:
    """Calibrate the shield of the network to operate; takes seconds.

    Raises:
        ConfigError: for a network, scenario or load file that cannot be operated, or without a policy.
        BundleError: if there is no policy, or one of another problem.
        CalibrationError: if the twin cannot foresee the demand, so that there is no shield.
    """
    _require_plant(config)
    params = decided_problem_of(EnvConfig(), config.scenario, config.load_file, config.load_column)[1]
    return calibrated_shield(params, progress)


@contextmanager
def opened(config: OperateConfig, shield: Shield, clock: Clock) -> Generator[Operation]:
    """Open a loop in its state directory, and close it whatever happens in between.

    Args:
        config: which loop.
        shield: from ``shield_of``.
        clock: of the people; the network brings its own.

    Raises:
        ConfigError: for settings that cannot be used.
        BundleError: if the policy cannot be loaded.
        KeyProblem: if the keys cannot be read.
        AuditUnavailable: if the audit log cannot be written or trusted, or another loop has it.
        ControlProblem: if the socket cannot be opened.
    """
    _require_plant(config)
    params = shield.params
    settings, state = _settings(config, params), Path(config.state)
    service = ensure_identities(state, Environment(config.environment))["service"]
    plant_clock = SimulatedClock(next_midnight(clock.utc()))
    plant = SimulatedNetwork(Params.of(reality_gap(params.scenario)), config.plant_seed, plant_clock)
    certificate = Path(config.certificate) if config.certificate else None
    plan = LoopPlan(state, Path(config.policy or ""), certificate, params, settings, shield)
    loop = assemble(plan, plant, plant_clock, service)
    desk, log, pause_s = LoopDesk(loop, clock), telemetry_path(state), _pause_s(config, params)
    server = ControlServer(state, load_trusted(state / KEYS), clock, desk)
    with _closing(loop.parts.audit), TelemetryWriter(log, params) as telemetry, server:
        operation = Operation(loop, desk, plant, plant_clock, clock, server, telemetry, log, pause_s)
        try:
            yield operation
        finally:
            operation.leave()


def next_midnight(now: datetime) -> datetime:
    """Return when the plant's first day begins: not before now, lest an expired certificate revive."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


def telemetry_path(state: Path) -> Path:
    """Return a log that does not exist yet: every start of a plant is another first day."""
    names = (f"telemetry{'' if n == 1 else f'-{n}'}.jsonl" for n in count(1))
    return next(path for name in names if not (path := state / name).exists())


@contextmanager
def _closing(audit: AuditLog) -> Generator[None]:
    try:
        yield
    finally:
        try:
            audit.close()
        except AuditUnavailable as error:
            logger.warning("the audit log has no last checkpoint: %s", error)


def _require_plant(config: OperateConfig) -> None:
    if config.network != PLANT:
        raise ConfigError(
            f"network={config.network!r}: this release operates only simulated networks (network=plant) and "
            "reads recorded logs (ranrein shadow log=FILE); it has no driver for a real network"
        )
    if config.policy is None:
        raise ConfigError("policy is missing: give policy=runs/NAME")
    require_energy_saving(Path(config.policy))


def _settings(config: OperateConfig, params: Params) -> LoopSettings:
    names = [params.cells[c].name for c in params.capacity_cells]
    canary = tuple(names[:2]) if config.canary_cells is None else config.canary_cells
    for name in canary:
        if name not in names:
            raise ConfigError(f"canary_cells: {name!r} is no capacity cell; {nearest(name, names)}")
    return LoopSettings(config.shadow_decisions, config.dwell_periods, config.canary_periods, canary)


def _pause_s(config: OperateConfig, params: Params) -> float:
    return params.scenario.timing.control_period_s / config.pace if config.pace > 0 else 0.0
