"""Put a loop together: network, twin, shield, policy, certificate, keys and records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..envs.registry import make_twin_task
from ..network.plant import SimulatedNetwork
from ..network.protocol import Network
from ..safety.audit import AuditLog
from ..safety.certificate import Verdict
from ..safety.certificate_file import CertificateFileError, verify_file
from ..safety.chain import read_chain
from ..safety.clock import Clock
from ..safety.gate import Gate, GateSettings
from ..safety.guards import PolicyState
from ..safety.keys import Signer, load_trusted
from ..safety.lease import Lease
from ..safety.record import TWIN_ACTUATOR, CertificateRecord, Refusal, check
from ..safety.rollback import Snapshot, SnapshotRing
from ..safety.selftest import self_test
from ..safety.shield import Shield
from ..safety.statement import SignatureRefused
from ..safety.supervisor import Supervisor
from ..safety.watch import Watch
from ..twin.params import Params
from .authorisation import ModeKeeper, stored_mode
from .bundle import load_bundle
from .certify import calibrated_shield
from .digests import running_digests
from .identities import KEYS
from .loop import OperatingLoop
from .loop_parts import LoopParts, LoopSettings

BELIEF_SEED = 0x4F50
LEASE_PERIODS = 3


@dataclass(frozen=True)
class LoopPlan:
    """What a loop shall run."""

    state_dir: Path
    policy: Path
    certificate: Path | None
    params: Params  # the twin
    settings: LoopSettings
    shield: Shield | None = None  # None: calibrate it from the scenario


@dataclass(frozen=True)
class Papers:
    """The certificate as found, and why it does not count if it does not."""

    record: CertificateRecord | None
    problem: Refusal | None


def assemble(plan: LoopPlan, network: Network, clock: Clock, service: Signer) -> OperatingLoop:
    """Build a loop, recover what a dead one left behind, and start no higher than ADVISORY.

    What sleeps because of the dead one is woken: nobody has watched over it, and nothing that starts may act.

    Raises:
        BundleError: if the policy cannot be loaded.
        AuditUnavailable: if the audit log cannot be opened or is broken.
    """
    plan.state_dir.mkdir(parents=True, exist_ok=True)
    shield = plan.shield if plan.shield is not None else calibrated_shield(plan.params)
    policy = load_bundle(plan.policy, plan.params)
    papers = read_papers(plan.certificate, plan.state_dir)
    audit_path = plan.state_dir / "audit.jsonl"
    audit = AuditLog.open(audit_path, service, clock, trust=load_trusted(plan.state_dir / KEYS))
    keeper_path = plan.state_dir / "mode.json"
    keeper = ModeKeeper(keeper_path, audit.append, stored_mode(keeper_path))
    period_s = plan.params.scenario.timing.control_period_s
    lease = Lease(clock, LEASE_PERIODS * period_s)
    settings = GateSettings(actuation_delay_s=max(plan.params.scenario.sleep.wake_delay_s), lease=lease)
    cells = tuple(cell.name for cell in plan.params.cells)
    gate = Gate(network, shield.rules, audit, clock, cells, settings)
    gate.recover(read_chain(audit_path.read_bytes()))
    tested = self_test(shield)
    record = papers.record
    refusals = certificate_check(papers, running_digests(shield, policy.digest), clock, network, cells)
    parts = LoopParts(
        network=network,
        gate=gate,
        audit=audit,
        clock=clock,
        lease=lease,
        supervisor=Supervisor(shield, BELIEF_SEED),
        policy=policy,
        task=make_twin_task(policy.contract.task),
        watch=Watch(plan.params, {} if record is None else record.envelope),
        ring=SnapshotRing(Snapshot.factory_safe(network.read(cells))),
        keeper=keeper,
        certificate_refusals=refusals,
        policy_state=policy_state(tested.ready, papers, refusals),
        trainer="trainer",
        certifier="certifier",
        shield_failures=tested.failures,
    )
    audit.append("loop_started", "loop", "service", _started(parts, papers))
    keeper.save()
    loop = OperatingLoop(parts, plan.settings)
    loop.take_over()
    return loop


def read_papers(certificate: Path | None, state_dir: Path) -> Papers:
    """Read and verify a certificate file; what is wrong with it becomes a refusal, not an exception."""
    if certificate is None:
        return Papers(None, Refusal("missing", "no certificate was given; run: ranrein certify"))
    try:
        return Papers(verify_file(certificate, load_trusted(state_dir / KEYS)), None)
    except (CertificateFileError, SignatureRefused, OSError) as error:
        return Papers(None, Refusal("unreadable", str(error)))


def certificate_check(
    papers: Papers, digests: dict[str, str], clock: Clock, network: Network, cells: tuple[str, ...]
) -> Callable[[], list[Refusal]]:
    """Return the question that is asked at every actuation: why does the certificate not count right now?

    The digests of what was loaded are remembered, since loaded objects do not change; time is asked anew.
    """
    actuator = TWIN_ACTUATOR if isinstance(network, SimulatedNetwork) else "network"

    def refusals() -> list[Refusal]:
        if papers.record is None:
            return [papers.problem] if papers.problem is not None else []
        scope = [name for name in papers.record.scope if name in cells]
        return check(papers.record, digests, clock.utc(), scope, (), actuator)

    return refusals


def policy_state(shield_ready: bool, papers: Papers, refusals: Callable[[], list[Refusal]]) -> PolicyState:
    """Return what the policy has earned: its papers say, and only if they count for what is loaded."""
    if not shield_ready:
        return PolicyState.QUALIFIED
    if papers.record is None or papers.record.verdict is not Verdict.PASS or refusals():
        return PolicyState.TESTED
    return PolicyState.CERTIFIED


def _started(parts: LoopParts, papers: Papers) -> dict[str, object]:
    return {
        "mode": parts.keeper.mode,
        "policy_state": parts.policy_state,
        "certificate": None if papers.record is None else papers.record.certificate_id,
        "certificate_refusals": [refusal.text for refusal in parts.certificate_refusals()],
        "shield_failures": list(parts.shield_failures),
    }
