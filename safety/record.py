"""The certificate: what was shown, for which exact objects, and when it stops to count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from .certificate import ClaimResult, Verdict, overall
from .keys import Environment

SCHEMA_VERSION = 1
DEFAULT_VALIDITY = timedelta(days=30)
MAX_VALIDITY = timedelta(days=90)
REQUIRED_DIGESTS = (
    "policy", "shield", "backup", "twin", "scenario", "constraints", "timing", "dependencies",
)  # fmt: skip
TWIN_ACTUATOR = "twin"
DEFAULT_TRANSFER = (
    "Says nothing by itself about the live network: if the live law is within total variation tau of the "
    "scenario law, the live violation rate is at most the bound plus tau. tau is an assumption."
)


def _hex_digest(value: str) -> str:
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise ValueError(f"{value!r} is not a SHA-256 digest (64 lower-case hexadecimal digits)")
    return value


Digest = Annotated[str, AfterValidator(_hex_digest)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Seeds(BaseModel):
    """Which seeds were run: `count` episodes of one seed domain below `root`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str
    domain: str
    count: int = Field(ge=0)


class CertificateRecord(BaseModel):
    """Predicate of the signed statement; field names are those of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    certificate_id: str = Field(min_length=1)
    schema_version: int = SCHEMA_VERSION
    use_case: str
    level: str
    verdict: Verdict
    claims: tuple[ClaimResult, ...]
    digests: dict[str, Digest]
    seeds: Seeds
    attempt: int = Field(ge=1)
    alpha_total: Share
    alpha_granted: Share
    intervention_rate: Share
    envelope: dict[str, tuple[float, float]]  # feature -> (low, high)
    scope: tuple[str, ...]  # cells, managedActivationScope of TS 28.536
    environment: Environment
    not_before: AwareDatetime
    expires: AwareDatetime
    transfer: str = DEFAULT_TRANSFER
    reported: dict[str, float] = Field(
        default_factory=dict
    )  # not bounded: bare policy, baseline, backup, ...

    @model_validator(mode="after")
    def _adds_up(self) -> CertificateRecord:
        for problem in (*_binding_problems(self), *_statistical_problems(self)):
            raise ValueError(problem)
        return self


def _binding_problems(record: CertificateRecord) -> Iterable[str]:
    if record.schema_version != SCHEMA_VERSION:
        yield f"schema_version is {record.schema_version}, this version reads {SCHEMA_VERSION}; certify again"
    for name in REQUIRED_DIGESTS:
        if name not in record.digests:
            yield f"digests has no {name!r}; a certificate binds {', '.join(REQUIRED_DIGESTS)}"
    if not timedelta(0) < record.expires - record.not_before <= MAX_VALIDITY:
        yield f"validity is {record.expires - record.not_before}; it must be above 0, at most {MAX_VALIDITY}"
    for feature, (low, high) in record.envelope.items():
        if not low <= high:
            yield f"envelope of {feature!r} is [{low}, {high}]; low must not exceed high"


def _statistical_problems(record: CertificateRecord) -> Iterable[str]:
    expected = overall(claim.verdict for claim in record.claims)
    if record.verdict not in (expected, Verdict.ERROR):
        yield f"verdict is {record.verdict}, but its claims add up to {expected}"
    for claim in record.claims:
        if claim.verdict is Verdict.PASS and not claim.upper_bound <= claim.limit:
            yield f"claim {claim.name!r} is PASS, but {claim.upper_bound} is above its limit {claim.limit}"
    if not record.alpha_granted <= record.alpha_total:
        yield f"alpha_granted {record.alpha_granted} exceeds alpha_total {record.alpha_total}"
    spent = sum(claim.alpha for claim in record.claims)
    if not spent <= record.alpha_granted * (1.0 + 1e-9):
        yield f"the claims use alpha {spent}, the ledger granted {record.alpha_granted}; split it over them"


@dataclass(frozen=True)
class Refusal:
    """One reason why a certificate does not count here and now."""

    code: str
    text: str


def check(
    record: CertificateRecord,
    running_digests: Mapping[str, str],
    now: datetime | None,
    scope: Collection[str],
    revoked: Collection[str],
    actuator: str = "network",
) -> list[Refusal]:
    """Every reason to refuse; empty when the certificate covers the running objects, scope and moment.

    `now` is None while the clock is not trusted; `revoked` holds certificate ids and policy digests; an
    `actuator` other than "twin" needs a certificate made in the live environment.
    """
    return [
        *_verdict_refusals(record),
        *_digest_refusals(record, running_digests),
        *_time_refusals(record, now),
        *_scope_refusals(record, scope),
        *_trust_refusals(record, revoked, actuator),
    ]


def _verdict_refusals(record: CertificateRecord) -> Iterable[Refusal]:
    if record.verdict is not Verdict.PASS:
        yield Refusal(
            "not_passed", f"verdict is {record.verdict}; only PASS opens the loop: improve and certify again"
        )


def _digest_refusals(record: CertificateRecord, running: Mapping[str, str]) -> Iterable[Refusal]:
    for name in sorted(set(record.digests) | set(running)):
        certified, found = record.digests.get(name, "nothing"), running.get(name, "nothing")
        if certified == found:
            continue
        code = "other_policy" if name == "policy" else "digest_mismatch"
        repair = "load the certified one or certify again"
        yield Refusal(code, f"{name}: certified {certified[:16]}, running {found[:16]}; {repair}")


def _time_refusals(record: CertificateRecord, now: datetime | None) -> Iterable[Refusal]:
    if now is None:
        yield Refusal("clock_untrusted", "now: the wall clock is not trusted; synchronise it and check again")
    elif not record.not_before <= now:
        yield Refusal(
            "not_yet_valid", f"not_before is {record.not_before}, now is {now}; wait or set the clock right"
        )
    elif not now < record.expires:
        yield Refusal("expired", f"expires is {record.expires}, now is {now}; certify again")


def _scope_refusals(record: CertificateRecord, scope: Collection[str]) -> Iterable[Refusal]:
    outside = sorted(set(scope) - set(record.scope))
    if outside:
        yield Refusal(
            "out_of_scope", f"scope lacks {', '.join(outside)}; narrow the request or certify for them"
        )
    if not scope:
        yield Refusal("out_of_scope", "scope: no cell was asked for; name the cells to control")


def _trust_refusals(record: CertificateRecord, revoked: Collection[str], actuator: str) -> Iterable[Refusal]:
    for value in (record.certificate_id, record.digests["policy"]):
        if value in revoked:
            yield Refusal("revoked", f"{value} is revoked; certify a policy that is not")
    if record.environment is not Environment.LIVE and actuator != TWIN_ACTUATOR:
        text = (
            f"environment is {record.environment}, but the actuator is {actuator!r}; certify with a live key"
        )
        yield Refusal("environment", text)
