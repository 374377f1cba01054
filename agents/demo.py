"""The whole flow in miniature: problem, training, evaluation, shadow, certificate, operation, rollback, audit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ..envs.baselines import AlwaysOn
from ..envs.energy_saving import EnergySaving
from ..network.plant import SimulatedNetwork
from ..network.telemetry import read_log
from ..safety.audit_verify import VerifyReport, verify_log
from ..safety.certificate import Verdict
from ..safety.clock import SimulatedClock
from ..safety.keys import Environment, Signer, load_trusted
from ..safety.shield import Shield
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.reality_gap import reality_gap
from ..twin.scenario import Sla
from ..twin.sla import margins
from ..twin.types import F64
from .assembly import LoopPlan, assemble
from .bundle import OnnxPolicy, load_bundle
from .certify import Certified, Request, calibrated_shield, certify
from .demo_config import MARK, DemoConfig, check_places
from .desk import LoopDesk
from .episodes import Progress
from .evaluate import SHIELDED, Row, Setting, Table, evaluate
from .evidence import Evidence
from .identities import ensure_identities
from .loop_parts import LoopSettings
from .problem import decided_problem_of
from .sample_log import write_sample_log
from .seeds import Domain, episode_seeds
from .shadow.shadow import shadow
from .shadow.summary import ShadowReport
from .storyline import Crowd, Day, Script, Story
from .training import train
from .tuning import tune
from .worth import Job, Worth, assess, baselines_of

POLICY_NAME = "PPO"
DEMO_SECRET = b"ranrein demo: reproducible, opens nothing real"
FIRST_DAY = datetime(2026, 11, 2, tzinfo=UTC)  # of the simulated plant
Stages = Callable[[str], Progress]  # name of a stage -> its progress


def flipped_margins(kpis: Kpis, sla: Sla) -> F64:
    """Return margins with the wrong sign, for the drill that breaks the shield."""
    return -margins(kpis, sla)


@dataclass
class DemoRun:
    """What the demo found, stage by stage."""

    config: DemoConfig
    params: Params
    task: EnergySaving
    worth: Worth | None = None
    table: Table | None = None
    shadow: ShadowReport | None = None
    certified: Certified | None = None
    shield: Shield | None = None
    story: Story = field(default_factory=Story)
    shield_failures: tuple[str, ...] = ()
    certificate_refusals: tuple[str, ...] = ()
    audit: VerifyReport | None = None

    @property
    def out(self) -> Path:
        """Folder of everything the demo writes."""
        return Path(self.config.out)

    @property
    def policy(self) -> Path:
        """The policy bundle."""
        return self.out / "policy"

    @property
    def certificate(self) -> Path:
        """The signed certificate."""
        return self.out / "certificate.json"

    @property
    def loop_dir(self) -> Path:
        """State directory of the loop; holds the demo's own keys and records."""
        return self.out / "loop"

    @property
    def verdict(self) -> Verdict | None:
        """Verdict of the certificate, if this run made one."""
        return None if self.certified is None else self.certified.record.verdict

    @property
    def shielded(self) -> Row | None:
        """The policy's row behind the shield."""
        return self.row(SHIELDED.format(POLICY_NAME))

    def row(self, name: str) -> Row | None:
        """Return a controller's row of the comparison."""
        return next((row for row in self.table.rows if row.controller == name), None) if self.table else None


def prepare(config: DemoConfig) -> DemoRun:
    """Begin with an empty folder; a drill copies the policy, certificate and keys of the demo it starts from."""
    task, params = decided_problem_of(config.env, config.scenario)
    if not isinstance(task, EnergySaving):
        raise TypeError("the demo runs the energy problem")
    run = DemoRun(config, params, task)
    check_places(config)
    shutil.rmtree(run.out, ignore_errors=True)
    run.out.mkdir(parents=True)
    (run.out / MARK).touch()
    if config.base is not None:
        base = Path(config.base)
        shutil.copytree(base / "policy", run.policy)
        shutil.copytree(base / "loop" / "keys", run.loop_dir / "keys")
        shutil.copy(base / "certificate.json", run.certificate)
    return run


def look_at_problem(run: DemoRun, stages: Stages) -> None:
    """Tune the rules and print what there is to win, before anything is trained."""
    config = run.config
    tuned = tune(run.params.scenario, config.env.id, config.seed, config.workers, stages("tune the rules"))
    seeds = episode_seeds(config.seed, Domain.EVALUATE, 0, config.episodes)
    work = stages("baselines and bound")
    run.worth = assess(Job(run.params, run.task, config.env, tuned, seeds, config.workers), work)


def learn(run: DemoRun, stages: Stages) -> None:
    """Train, and keep the best policy of the run."""
    if run.worth is None:
        raise RuntimeError("look at the problem before learning")
    report, teacher = stages("train PPO"), run.worth.tuned[0]
    folder = train(run.config.training(teacher), lambda now: report(now.steps / now.total))
    shutil.copytree(folder / "policy", run.policy)


def judge(run: DemoRun, stages: Stages) -> None:
    """Compare the policy, bare and shielded, with the baselines on the seeds of the first stage."""
    if run.worth is None:
        raise RuntimeError("look at the problem before judging a policy")
    report, policy = stages("evaluate"), run_policy(run)
    seeds = episode_seeds(run.config.seed, Domain.EVALUATE, 0, run.config.episodes)
    setting = Setting(run.params, run.task, seeds)
    run.shield = calibrated_shield(run.params, lambda s: report(0.2 * s))
    rest = lambda s: report(0.2 + s * 0.8)  # noqa: E731
    rules = baselines_of(run.worth.tuned)
    run.table = evaluate([policy], rules, setting, run.worth.bound, rest, run.shield)


def run_policy(run: DemoRun) -> OnnxPolicy:
    """Load the demo's policy under the name that tables show."""
    return replace(load_bundle(run.policy, run.params), name=POLICY_NAME)


def run_shadow(run: DemoRun, stages: Stages) -> None:
    """Record a day of a plant that differs from the twin, and run the policy in shadow on it."""
    report, path = stages("shadow on the plant's telemetry"), run.out / "sample.jsonl"
    first = lambda s: report(0.3 * s)  # noqa: E731
    write_sample_log(path, hidden_plant(run), 1, run.config.plant_seed + 1, AlwaysOn(), first)
    if run.shield is None:
        run.shield = calibrated_shield(run.params)
    run.shadow = shadow(
        run_policy(run), run.shield, run.task, read_log(path), lambda s: report(0.3 + 0.7 * s)
    )


def run_certification(run: DemoRun, stages: Stages, watch: Callable[[Evidence], str]) -> None:
    """Certify behind the shield; the certificate is written whatever the verdict."""
    report, people = stages("certify"), identities(run)
    config, most = run.config, 560.0  # episodes a PASS needs at level ci when nothing goes wrong
    request = Request(
        policy=run.policy, scenario=run.params.scenario, level=config.level, ledger=run.loop_dir / "alpha-ledger.jsonl",
        out=run.certificate, secret=DEMO_SECRET, workers=config.workers,
    )  # fmt: skip

    def seen(evidence: Evidence, _results: object) -> None:
        watch(evidence)
        report(min(0.99, evidence.n / most))

    run.certified = certify(request, people["certifier"], FIRST_DAY, seen)
    report(1.0)


def operate(run: DemoRun, stages: Stages) -> None:
    """Open the loop on the plant as far as it lets itself be opened, and play the day."""
    report, people = stages("operate"), identities(run)
    clock = SimulatedClock(FIRST_DAY)
    plant = SimulatedNetwork(hidden_plant(run), run.config.plant_seed, clock)
    settings = loop_settings(run)
    shield = run.shield if run.shield is not None else calibrated_shield(run.params)
    if run.config.drill == "margin_sign":
        shield = replace(shield, margin_of=flipped_margins)
    if run.config.drill == "certificate_byte":
        change_one_byte(run.certificate)
    plan = LoopPlan(run.loop_dir, run.policy, run.certificate, run.params, settings, shield)
    loop = assemble(plan, plant, clock, people["service"])
    run.shield_failures = loop.parts.shield_failures
    run.certificate_refusals = tuple(refusal.text for refusal in loop.parts.certificate_refusals())
    script = Script(settings, crowd=None if run.config.drill == "no_surge" else Crowd())
    day = Day(loop, plant, LoopDesk(loop, clock), lambda cycle: report(min(0.99, cycle.period / 84)))
    run.story = day.play(script)
    loop.parts.audit.close()
    report(1.0)


def verify_audit(run: DemoRun) -> None:
    """Check the audit log as anybody could, from the files alone."""
    run.audit = verify_log(run.loop_dir / "audit.jsonl", load_trusted(run.loop_dir / "keys"))


def identities(run: DemoRun) -> dict[str, Signer]:
    """Return the demo's own people; their keys open nothing real."""
    return ensure_identities(run.loop_dir, Environment.DEMO)


def hidden_plant(run: DemoRun) -> Params:
    """Return the plant: other shadowing, a tenth more traffic, slower to wake than the twin believes."""
    return Params.of(reality_gap(run.params.scenario))


def loop_settings(run: DemoRun) -> LoopSettings:
    """Return dwell times of minutes instead of days, so that the day is short; ``operate`` has longer ones."""
    canary = tuple(run.params.cells[c].name for c in run.params.capacity_cells[:2])
    return LoopSettings(needed_shadow_decisions=12, dwell_periods=6, canary_periods=9, canary_cells=canary)


def change_one_byte(path: Path) -> None:
    """Change one byte in the middle of a file, for the drill that tampers with the certificate."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle] = ord("A") if data[middle] != ord("A") else ord("B")
    path.write_bytes(bytes(data))
