"""What must be true before a mode or policy state may change: facts, approvals, one predicate per guard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from .keys import Role

APPROVAL_LIFE = timedelta(minutes=15)


class PolicyState(StrEnum):
    """What a policy (one immutable digest) has earned."""

    REGISTERED = "REGISTERED"
    QUALIFIED = "QUALIFIED"
    TESTED = "TESTED"
    EMULATED = "EMULATED"
    CERTIFIED = "CERTIFIED"
    SUSPENDED = "SUSPENDED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    RETIRED = "RETIRED"


EARNED = (PolicyState.QUALIFIED, PolicyState.TESTED, PolicyState.EMULATED, PolicyState.CERTIFIED)


@dataclass(frozen=True)
class Facts:
    """Everything guards may ask; each default is the one that refuses."""

    policy_state: str = PolicyState.REGISTERED
    certificate_valid: bool = False
    shield_ready: bool = False
    shadow_decisions: int = 0
    needed_shadow_decisions: int | None = None
    fidelity_ok: bool = False
    canary_passed: bool = False
    dwell_ok: bool = False
    in_scope: bool = False
    twin_synchronised: bool = False
    rollback_verified: bool = False
    reason: str = ""
    trainer: str = ""
    certifier: str = ""
    qualification_passed: bool = False
    stress_suite_passed: bool = False
    certification_passed: bool = False
    cause_closed: bool = False
    digests_unchanged: bool = False


@dataclass(frozen=True)
class Approval:
    """A person's consent to one exact request."""

    person: str
    role: str
    request_digest: str = ""
    given: datetime | None = None


class Guard(NamedTuple):
    """A predicate and what to do when it fails."""

    holds: Callable[[Facts, tuple[Approval, ...]], bool]
    repair: str


def binding_approvals(
    approvals: Iterable[Approval], request_digest: str, now: datetime
) -> tuple[Approval, ...]:
    """Those approvals that were given for exactly this request within the last 15 minutes."""
    return tuple(
        approval
        for approval in approvals
        if approval.request_digest == request_digest != ""
        and approval.given is not None
        and timedelta(0) <= now - approval.given <= APPROVAL_LIFE
    )


def _at_least(facts: Facts, state: PolicyState) -> bool:
    return facts.policy_state in EARNED[EARNED.index(state) :]


def _enough_shadow(facts: Facts) -> bool:
    needed = facts.needed_shadow_decisions
    return needed is not None and needed > 0 and facts.shadow_decisions >= needed


def _promoters_are_others(facts: Facts, approvals: tuple[Approval, ...]) -> bool:
    authors = {facts.trainer, facts.certifier}
    return "" not in authors and not authors & {approval.person for approval in approvals}


def _certifier_is_other(facts: Facts, approvals: tuple[Approval, ...]) -> bool:
    certifiers = {approval.person for approval in approvals if approval.role == Role.CERTIFIER}
    return facts.trainer != "" and facts.trainer not in certifiers


def _flag(name: str) -> Callable[[Facts, tuple[Approval, ...]], bool]:
    return lambda facts, _: getattr(facts, name) is True


_FLAGS: dict[str, str] = {  # a field of Facts that must be exactly True, and the repair
    "certificate_valid": "the certificate must cover what runs here and now; its refusals name the field",
    "shield_ready": "wait for the shield's self-test to pass",
    "twin_synchronised": "wait until telemetry has synchronised the twin",
    "fidelity_ok": "the twin's residuals raised an alarm: recalibrate it",
    "canary_passed": "run GUARDED until the canary test against the baseline passes",
    "dwell_ok": "wait for the dwell time to pass without a trip",
    "in_scope": "ask only for cells in managedActivationScope",
    "rollback_verified": "read back the network: it must equal the snapshot",
    "qualification_passed": "fix the policy bundle until qualification passes",
    "stress_suite_passed": "pass the scenario suite and the stress search",
    "certification_passed": "finish a certification run with the verdict PASS",
    "cause_closed": "close the cause of the suspension",
    "digests_unchanged": "something changed since: certify again",
}

GUARDS: dict[str, Guard] = {
    **{name: Guard(_flag(name), repair) for name, repair in _FLAGS.items()},
    "policy_qualified": Guard(lambda facts, _: _at_least(facts, PolicyState.QUALIFIED), "qualify the policy"),
    "policy_tested": Guard(
        lambda facts, _: _at_least(facts, PolicyState.TESTED), "pass the stress suite first"
    ),
    "policy_certified": Guard(
        lambda facts, _: facts.policy_state == PolicyState.CERTIFIED, "certify the policy"
    ),
    "enough_shadow_decisions": Guard(lambda facts, _: _enough_shadow(facts), "log more decisions in SHADOW"),
    "reason_given": Guard(lambda facts, _: facts.reason.strip() != "", "give a reason in words"),
    "promoters_are_others": Guard(
        _promoters_are_others, "trainer and certifier must be known and cannot approve their own policy"
    ),
    "certifier_is_other": Guard(_certifier_is_other, "the trainer must be known and cannot certify"),
}
