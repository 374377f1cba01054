"""What tests of learning and operating share: a network, its problem, a tiny training run, a loop and its people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ranrein.agents.authorisation import ModeKeeper
from ranrein.agents.config import PpoConfig, TrainConfig
from ranrein.agents.desk import LoopDesk
from ranrein.agents.loop import OperatingLoop
from ranrein.agents.loop_parts import Cycle, LoopParts, LoopSettings
from ranrein.agents.training import train
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import params_of
from ranrein.envs.window import Window
from ranrein.network.plant import SimulatedNetwork
from ranrein.safety.audit import AuditLog, AuditUnavailable
from ranrein.safety.chain import read_chain
from ranrein.safety.clock import SimulatedClock
from ranrein.safety.gate import Gate, GateSettings
from ranrein.safety.guards import PolicyState
from ranrein.safety.keys import Environment, Role, Signer, create
from ranrein.safety.lease import Lease
from ranrein.safety.lifecycle import Mode
from ranrein.safety.record import Refusal
from ranrein.safety.rollback import Snapshot, SnapshotRing
from ranrein.safety.shield import Shield
from ranrein.safety.supervisor import Supervisor
from ranrein.safety.watch import Watch
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.reality_gap import reality_gap
from ranrein.twin.rules import Rules, project
from ranrein.twin.types import I64

TASK_ID = "ranrein/EnergySaving-v0"
TINY = PpoConfig(n_envs=8, n_steps=36, batch_size=144, n_epochs=2, net_arch=(16,))
OPERATOR, OFFICER = ("operator", "operator"), ("officer", "safety_officer")
LADDER = (Mode.SHADOW, Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP)
PERIOD_S = 300.0
NIGHT_S = 3 * 3600.0  # after midnight


@pytest.fixture(scope="session")
def params() -> Params:
    return params_of("urban")


@pytest.fixture(scope="session")
def task() -> EnergySaving:
    return EnergySaving()


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    return TrainConfig(agent=TINY, steps=4608, eval_every=2304, eval_episodes=4, run_dir=str(folder))


@pytest.fixture(scope="session")
def run(tiny_config: TrainConfig) -> Path:
    """A finished run of 4,608 steps; tests copy it before they change it."""
    return train(tiny_config)


@dataclass
class Sleepy:
    """Always asks for deep sleep, of two carriers unless it is greedy; can be made to fail."""

    clock: SimulatedClock
    fails: bool = False
    greedy: bool = False
    takes_s: float = 0.0
    name: str = "sleepy"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        if self.fails:
            raise RuntimeError("the policy is broken")
        self.clock.advance(self.takes_s)
        asleep = Command.all_active(1, params.n_cells)
        asleep.carrier_state[:, params.capacity_cells[: None if self.greedy else 2]] = 4
        return EnergySaving().encode(params, project(Rules.of(params), window.precedent, asleep))


@dataclass
class Rig:
    """A loop on a simulated network, and the hands of the people around it."""

    loop: OperatingLoop
    desk: LoopDesk
    plant: SimulatedNetwork
    clock: SimulatedClock
    policy: Sleepy
    service: Signer
    folder: Path
    refusals: list[Refusal] = field(default_factory=list)

    def run(self, periods: int = 1) -> Cycle:
        for _ in range(periods):
            cycle = self.loop.cycle()
            self.plant.wait(PERIOD_S)
        return cycle

    def ask(self, mode: Mode, reason: str = "the next step") -> dict[str, object]:
        answer = self.desk.request_mode(*OPERATOR, mode, reason)
        return self.desk.approve(*OFFICER, str(answer["pending"])) if "pending" in answer else answer

    def climb(self, to: Mode) -> Rig:
        """Go up to a mode, one granted step at a time."""
        for mode in LADDER[: LADDER.index(to) + 1]:
            self.run(3)
            answer = self.ask(mode)
            assert answer["granted"], answer
        return self

    def states(self) -> list[int]:
        return [found.value for found in self.plant.read(self.plant.cells).values()]

    def writers(self) -> set[str]:
        return {found.last_writer for found in self.plant.read(self.plant.cells).values()}

    def crowd(self) -> None:
        self.plant.inject_surge(1, 0.0, 300.0, 3600.0, 300.0)

    def break_audit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on nothing can be recorded."""

        def broken(*_: object, **__: object) -> str:
            raise AuditUnavailable("no space left on the disk")

        monkeypatch.setattr(self.loop.parts.audit, "append", broken)
        monkeypatch.setattr(self.loop.parts.audit, "writable", lambda: False)
        self.loop.parts.keeper.record = broken

    def records(self, kind: str) -> list[dict[str, object]]:
        chain = read_chain((self.folder / "audit.jsonl").read_bytes())
        return [record["body"] for record in chain if record["kind"] == kind]


@pytest.fixture(scope="session")
def real(params: Params) -> Params:
    """The network as it is; the twin is ``params``."""
    return Params.of(reality_gap(params.scenario))


def _at_night(plant: SimulatedNetwork) -> SimulatedNetwork:
    """Let the hours pass in which the shield still refuses some sleep."""
    plant.wait(NIGHT_S)
    return plant


def _service(folder: Path) -> Signer:
    (folder / "keys").mkdir()
    return create(folder / "keys", "service", Role.SERVICE, Environment.LAB)


@pytest.fixture
def make_rig(params: Params, real: Params, tmp_path: Path) -> Callable[..., Rig]:
    def make(seed: int = 7, on: Rig | None = None, **changes: object) -> Rig:
        """Build a loop, `on` the network of another one, which has ended."""
        clock = SimulatedClock(datetime(2026, 3, 1, tzinfo=UTC)) if on is None else on.clock
        plant = _at_night(SimulatedNetwork(real, seed, clock)) if on is None else on.plant
        shield = Shield.of(params, 1.3)
        service = _service(tmp_path) if on is None else on.service
        audit = AuditLog.open(tmp_path / "audit.jsonl", service, clock, durable=False)
        lease = Lease(clock, 3 * PERIOD_S)
        policy, refusals = Sleepy(clock), []
        parts = LoopParts(
            network=plant,
            gate=Gate(plant, shield.rules, audit, clock, plant.cells, GateSettings(lease=lease)),
            audit=audit,
            clock=clock,
            lease=lease,
            supervisor=Supervisor(shield, seed=1),
            policy=policy,
            task=EnergySaving(),
            watch=Watch(params, {}),
            ring=SnapshotRing(Snapshot.factory_safe(plant.read(plant.cells))),
            keeper=ModeKeeper(tmp_path / "mode.json", audit.append, Mode.LOCKED),
            certificate_refusals=lambda: refusals,
            policy_state=PolicyState.CERTIFIED,
            trainer="trainer",
            certifier="certifier",
            shield_failures=(),
        )
        canary = tuple(params.cells[c].name for c in params.capacity_cells[:2])
        loop = OperatingLoop(replace(parts, **changes), LoopSettings(2, 2, 2, canary))
        return Rig(loop, LoopDesk(loop, clock), plant, clock, policy, service, tmp_path, refusals)

    return make


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture
def closed(rig: Rig) -> Rig:
    """In CLOSED_LOOP, with two carriers asleep."""
    rig.climb(Mode.CLOSED_LOOP).run()
    assert rig.states() == [0, 4, 0, 4, 0, 0, 0]
    return rig
