"""From a configuration to a signed certificate, and from a certificate to the reasons not to believe it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..safety.certificate import ClaimResult, Verdict
from ..safety.certificate_file import verify_file
from ..safety.clock import Clock
from ..safety.keys import Environment, load_trusted
from ..safety.record import TWIN_ACTUATOR, CertificateRecord, Refusal, check
from ..twin.params import Params
from .bundle import bundle_folder, load_bundle, require_energy_saving, require_outside
from .certify import Certified, Request, calibrated_shield, certify
from .certify_config import CertifyConfig
from .config import ConfigError, EnvConfig
from .digests import running_digests
from .episodes import Progress, no_progress
from .evidence import Evidence
from .identities import certify_secret, ensure_identities
from .levels import SAVING, VIOLATION, level_named
from .problem import decided_problem_of

LEDGER = "alpha-ledger.jsonl"
Report = Callable[[float, str], None]  # share done, what is known so far


@dataclass(frozen=True)
class ClaimLine:
    """One claim as people read it: a saving is a share of always-on energy, not of the scaled claim."""

    name: str
    relation: str  # "at most" or "at least"
    limit: float
    mean: float
    bound: float
    n: int
    log_e: float
    needed: float  # log e at which the claim passes
    verdict: Verdict


@dataclass(frozen=True)
class Examined:
    """A certificate whose signature holds, and every reason why it does not count."""

    record: CertificateRecord
    refusals: list[Refusal]
    compared: bool  # with the digests of running objects


def run_certification(config: CertifyConfig, clock: Clock, report: Report) -> Certified:
    """Certify a policy and write the signed certificate, whatever the verdict.

    Raises:
        ConfigError: if the policy is missing, names are unknown, or an inventory or a load file cannot be used.
        BundleError: if the policy cannot be loaded.
        UnknownNameError: for an unknown level.
        LedgerError: if no attempt can be opened.
        ShieldNotReadyError: if the shield fails its self-test.
        CalibrationError: if the twin cannot foresee the demand, so that there is no shield.
    """
    level, params, out = level_named(config.level), _params(config), certificate_path(config)
    state = Path(config.state)
    people = ensure_identities(state, Environment(config.environment))
    out.parent.mkdir(parents=True, exist_ok=True)
    request = Request(
        policy=Path(config.policy or ""), scenario=params.scenario, level=config.level, ledger=state / LEDGER,
        out=out, secret=certify_secret(state), workers=config.workers,
    )  # fmt: skip
    report(0.0, "calibrating the shield")

    def watch(evidence: Evidence, results: tuple[ClaimResult, ...]) -> None:
        report(share_done(evidence.n, level.most_episodes, results), note(evidence, results))

    return certify(request, people["certifier"], clock.utc(), watch)


def certificate_path(config: CertifyConfig) -> Path:
    """Return where the certificate goes: never into a bundle, whose digest covers all that is in it.

    Raises:
        ConfigError: if no policy is named, or the certificate would change it.
        BundleError: if there is no policy, or one of another problem.
    """
    if config.policy is None:
        raise ConfigError("policy is missing: give policy=runs/NAME")
    folder = bundle_folder(Path(config.policy))
    require_energy_saving(folder)
    out = Path(config.out) if config.out else folder.parent / "certificate.json"
    require_outside(folder, out)
    return out


def share_done(n: int, most: int, results: tuple[ClaimResult, ...]) -> float:
    """Return how far the slowest claim is, or the budget if that is further, 0 to 1."""
    slowest = min(1.0 if r.verdict is not Verdict.INCONCLUSIVE else r.log_e / needed(r) for r in results)
    return min(1.0, max(n / most, slowest))


def note(evidence: Evidence, results: tuple[ClaimResult, ...]) -> str:
    """Return what is known so far: episodes, violations and log e of each claim over its threshold."""
    violated = int(evidence.values[VIOLATION].sum())
    claims = ", ".join(f"{r.name} {r.log_e:.1f}/{needed(r):.1f}" for r in results)
    return f"{evidence.n} episodes, {violated} violated; log e: {claims}"


def needed(result: ClaimResult) -> float:
    """Return the log e at which a claim passes: 1 / alpha."""
    return -math.log(result.alpha)


def claim_lines(record: CertificateRecord) -> list[ClaimLine]:
    """Return the claims as people read them."""
    return [_line(result) for result in record.claims]


def examine(
    config: CertifyConfig, path: Path, keys: Path, clock: Clock, report: Progress = no_progress
) -> Examined:
    """Check signature and validity and, if a policy is named, the digests of what would run.

    Raises:
        SignatureRefused: if no trusted certifier signed it.
        CertificateFileError: if it is no certificate.
        KeyProblem: if the keys cannot be read.
        ConfigError: for an unknown scenario, or a load file that cannot be used.
        BundleError: if the policy cannot be loaded.
        CalibrationError: if the twin cannot foresee the demand, so that there is no shield.
    """
    record = verify_file(path, load_trusted(keys))
    digests, scope = record.digests, tuple(record.scope)
    if config.policy is not None:
        params = _params(config)
        require_energy_saving(Path(config.policy))
        policy = load_bundle(Path(config.policy), params)
        digests = running_digests(calibrated_shield(params, report), policy.digest)
        scope = tuple(params.cells[c].name for c in params.capacity_cells)
    refusals = check(record, digests, clock.utc(), scope, (), TWIN_ACTUATOR)
    return Examined(record, refusals, compared=config.policy is not None)


def _params(config: CertifyConfig) -> Params:
    return decided_problem_of(EnvConfig(), config.scenario, config.load_file, config.load_column)[1]


def _line(r: ClaimResult) -> ClaimLine:
    saving = r.name == SAVING
    limit, mean, bound = (1 - 2 * x if saving else x for x in (r.limit, r.mean, r.upper_bound))
    relation = "at least" if saving else "at most"
    return ClaimLine(r.name, relation, limit, mean, bound, r.n, r.log_e, needed(r), r.verdict)
