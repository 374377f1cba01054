"""Certify a frozen policy: open an attempt, calibrate, collect evidence, sign what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..envs.registry import make_twin_task
from ..safety.certificate import ClaimResult, overall
from ..safety.certificate_file import save
from ..safety.keys import Signer
from ..safety.ledger import AlphaLedger, Attempt, LedgerKey
from ..safety.record import DEFAULT_VALIDITY, CertificateRecord, Seeds
from ..safety.selftest import self_test
from ..safety.shield import Shield
from ..twin.canonical import digest_of
from ..twin.params import Params
from ..twin.scenario import Scenario
from .bundle import load_bundle
from .calibrate import demand_factor
from .digests import running_digests, scenario_table
from .episodes import run_episodes
from .evidence import Evidence, Watcher, Work, collect
from .levels import INTERVENTION, level_named
from .seeds import Domain, certify_root, episode_seeds

CALIBRATION_EPISODES = 16
BARE_EPISODES = 64
USE_CASE = "energy-saving"


class ShieldNotReadyError(RuntimeError):
    """The shield's self-test failed: nothing can be certified behind it."""


@dataclass(frozen=True)
class Request:
    """What is to be certified, by whom, and where the evidence is kept."""

    policy: Path
    scenario: Scenario
    level: str
    ledger: Path
    out: Path
    secret: bytes
    workers: int = 2


@dataclass(frozen=True)
class Certified:
    """What came of a certification run."""

    record: CertificateRecord
    evidence: Evidence
    demand_factor: float


def calibrated_shield(params: Params, report: Callable[[float], None] = lambda _: None) -> Shield:
    """Build a network's shield with its demand margin from the calibrate domain; the same for everybody who asks."""
    seeds = episode_seeds(0, Domain.CALIBRATE, 0, CALIBRATION_EPISODES)
    return Shield.of(params, demand_factor(params, seeds, report))


def certify(request: Request, signer: Signer, now: datetime, watch: Watcher) -> Certified:
    """Run a certification and write the signed certificate, whatever the verdict.

    Raises:
        ShieldNotReadyError: if the self-test fails; no attempt is spent.
        BundleError: if the policy cannot be loaded.
        LedgerError: if no attempt can be opened.
    """
    level = level_named(request.level)
    params = Params.of(request.scenario)
    policy = load_bundle(request.policy, params)
    shield = calibrated_shield(params)
    test = self_test(shield)
    if not test.ready:
        raise ShieldNotReadyError("; ".join(test.failures))
    digests = running_digests(shield, policy.digest)
    key = LedgerKey(USE_CASE, digest_of(scenario_table(request.scenario)), digests["twin"])
    attempt = AlphaLedger(request.ledger).open_attempt(key, level.alpha, policy.digest, now)
    root = certify_root(request.secret, policy.digest, attempt.number)
    seeds = episode_seeds(root, Domain.CERTIFY, attempt.number, level.most_episodes)
    work = Work(request.policy, request.scenario, shield.look.demand_factor)
    evidence, results = collect(work, level, attempt.alpha_granted, seeds, request.workers, watch)
    found = _Found(attempt, evidence, results, digests, root)
    record = _record(request, params, found, now, signer)
    bare = run_episodes(policy, params, make_twin_task(policy.contract.task), seeds[:BARE_EPISODES])
    reported = {
        "bare policy, violated episodes": bare.violated_share,
        "demand factor": shield.look.demand_factor,
    }
    record = record.model_copy(update={"reported": reported})
    save(record, signer, request.out)
    return Certified(record, evidence, shield.look.demand_factor)


@dataclass(frozen=True)
class _Found:
    """What a run brought."""

    attempt: Attempt
    evidence: Evidence
    results: tuple[ClaimResult, ...]
    digests: dict[str, str]
    root: int


def _record(
    request: Request, params: Params, found: _Found, now: datetime, signer: Signer
) -> CertificateRecord:
    attempt, evidence, digests = found.attempt, found.evidence, found.digests
    return CertificateRecord(
        certificate_id=digest_of([digests["policy"], attempt.number, now.isoformat()])[:16],
        use_case=USE_CASE,
        level=request.level,
        verdict=overall(result.verdict for result in found.results),
        claims=found.results,
        digests=digests,
        seeds=Seeds(root=str(found.root), domain=Domain.CERTIFY.name, count=evidence.n),
        attempt=attempt.number,
        alpha_total=attempt.alpha_total,
        alpha_granted=attempt.alpha_granted,
        intervention_rate=float(evidence.values[INTERVENTION].mean()) if evidence.n else 1.0,
        envelope=evidence.envelope,
        scope=tuple(params.cells[c].name for c in params.capacity_cells),
        environment=signer.identity.environment,
        not_before=now,
        expires=now + DEFAULT_VALIDITY,
    )
