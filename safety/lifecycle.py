"""What the loop may do now (modes) and what a policy has earned (states): one table each, and pure functions.

The tables are the rules. Nothing changes mode or state except through a row of its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from .guards import GUARDS, Approval, Facts, PolicyState
from .keys import Role


class Mode(StrEnum):
    """Loop modes, ordered by how much of the policy may reach the network: see `rank`."""

    FAULT = "FAULT"  # nothing automatic; latched
    SAFE_STOP = "SAFE_STOP"  # safe configuration; latched
    ROLLING_BACK = "ROLLING_BACK"  # the last known good configuration is being restored
    HOLD = "HOLD"  # last verified configuration, no change
    FALLBACK = "FALLBACK"  # backup controller
    LOCKED = "LOCKED"  # baseline
    SHADOW = "SHADOW"  # baseline; policy and shield are logged
    ADVISORY = "ADVISORY"  # what a person accepts
    GUARDED = "GUARDED"  # policy within a canary scope
    CLOSED_LOOP = "CLOSED_LOOP"  # policy within the certified scope

    @property
    def rank(self) -> int:
        """Place in the order above, from 0 (FAULT) to 9 (CLOSED_LOOP); authority is the minimum of ranks."""
        return MODES.index(self)


class Trigger(StrEnum):
    """Who starts a transition: a person, or the system itself."""

    COMMAND = "command"
    AUTOMATIC = "automatic"


class Transition(NamedTuple):
    """One permitted change; each role in `roles` must approve it, each by another person."""

    source: str
    target: str
    trigger: Trigger
    guards: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()

    @property
    def persons(self) -> int:
        """How many different persons it takes."""
        return len(self.roles)


@dataclass(frozen=True)
class Outcome:
    """Result of a request: the mode or state from now on, and every guard that failed when it was refused."""

    granted: bool
    value: str
    refusals: tuple[str, ...] = ()


MODES: tuple[Mode, ...] = tuple(Mode)
LADDER = (Mode.LOCKED, Mode.SHADOW, Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP)
LATCHED = (Mode.FAULT, Mode.SAFE_STOP)
ONE = (Role.OPERATOR,)
TWO = (Role.OPERATOR, Role.SAFETY_OFFICER)

_TO_SHADOW = ("policy_qualified", "twin_synchronised", "shield_ready")
_TO_ADVISORY = (
    "policy_tested",
    "twin_synchronised",
    "shield_ready",
    "enough_shadow_decisions",
    "fidelity_ok",
)
_TO_GUARDED = (
    "policy_certified", "certificate_valid", "twin_synchronised", "shield_ready", "fidelity_ok", "in_scope",
    "dwell_ok", "reason_given", "promoters_are_others",
)  # fmt: skip
_COMMAND, _AUTOMATIC = Trigger.COMMAND, Trigger.AUTOMATIC

TRANSITIONS: tuple[Transition, ...] = (
    # one step up
    Transition(Mode.LOCKED, Mode.SHADOW, _COMMAND, _TO_SHADOW, ONE),
    Transition(Mode.SHADOW, Mode.ADVISORY, _COMMAND, _TO_ADVISORY, ONE),
    Transition(Mode.ADVISORY, Mode.GUARDED, _COMMAND, _TO_GUARDED, TWO),
    Transition(Mode.GUARDED, Mode.CLOSED_LOOP, _COMMAND, (*_TO_GUARDED, "canary_passed"), TWO),
    # any step down, at once
    *(
        Transition(source, target, _COMMAND, (), ONE)
        for i, source in enumerate(LADDER)
        for target in LADDER[:i]
    ),
    # stop and pause
    *(Transition(source, Mode.SAFE_STOP, _COMMAND, (), ONE) for source in MODES
      if source not in (*LATCHED, Mode.LOCKED)),
    *(Transition(source, Mode.HOLD, _COMMAND, (), ONE) for source in (*LADDER, Mode.FALLBACK)),
    # back from a pause or a trip: never above ADVISORY
    *(Transition(source, Mode.LOCKED, _COMMAND, (), ONE) for source in (Mode.HOLD, Mode.FALLBACK)),
    *(Transition(source, Mode.SHADOW, _COMMAND, _TO_SHADOW, ONE) for source in (Mode.HOLD, Mode.FALLBACK)),
    *(Transition(source, Mode.ADVISORY, _COMMAND, (*_TO_ADVISORY, "reason_given"), ONE)
      for source in (Mode.HOLD, Mode.FALLBACK)),
    # reset of a latch
    Transition(Mode.SAFE_STOP, Mode.LOCKED, _COMMAND, ("reason_given",), ONE),
    Transition(Mode.FAULT, Mode.LOCKED, _COMMAND, ("reason_given",), TWO),
    # what the system does by itself
    *(Transition(source, Mode.ADVISORY, _AUTOMATIC) for source in (Mode.GUARDED, Mode.CLOSED_LOOP)),
    *(Transition(source, target, _AUTOMATIC)
      for source in LADDER[2:] for target in (Mode.FALLBACK, Mode.HOLD)),
    *(Transition(source, Mode.ROLLING_BACK, _AUTOMATIC) for source in (*LADDER, Mode.HOLD, Mode.FALLBACK)),
    Transition(Mode.ROLLING_BACK, Mode.HOLD, _AUTOMATIC, ("rollback_verified",)),
    *(Transition(source, Mode.FAULT, _AUTOMATIC) for source in MODES if source is not Mode.FAULT),
)  # fmt: skip

POLICY_STATES: tuple[PolicyState, ...] = tuple(PolicyState)
FINAL_STATES = (PolicyState.REVOKED, PolicyState.RETIRED)
_LIVING = tuple(state for state in POLICY_STATES if state not in FINAL_STATES)
_P = PolicyState

POLICY_TRANSITIONS: tuple[Transition, ...] = (
    Transition(_P.REGISTERED, _P.QUALIFIED, _AUTOMATIC, ("qualification_passed",)),
    Transition(_P.QUALIFIED, _P.TESTED, _AUTOMATIC, ("stress_suite_passed",)),
    Transition(_P.TESTED, _P.EMULATED, _AUTOMATIC, ("certification_passed",)),
    Transition(
        _P.EMULATED, _P.CERTIFIED, _COMMAND, ("certificate_valid", "certifier_is_other"), (Role.CERTIFIER,)
    ),
    Transition(_P.CERTIFIED, _P.SUSPENDED, _AUTOMATIC),
    Transition(_P.CERTIFIED, _P.SUSPENDED, _COMMAND, (), ONE),
    Transition(
        _P.SUSPENDED, _P.CERTIFIED, _COMMAND,
        ("cause_closed", "digests_unchanged", "certificate_valid", "certifier_is_other"),
        (Role.CERTIFIER, Role.SAFETY_OFFICER),
    ),
    *(Transition(source, _P.EXPIRED, _AUTOMATIC) for source in (_P.CERTIFIED, _P.SUSPENDED)),
    *(Transition(source, _P.EMULATED, _AUTOMATIC, ("certification_passed",))
      for source in (_P.SUSPENDED, _P.EXPIRED)),
    *(Transition(source, _P.REVOKED, _COMMAND, (), (role,))
      for source in _LIVING for role in (Role.CERTIFIER, Role.SAFETY_OFFICER)),
    *(Transition(source, _P.RETIRED, _COMMAND, (), ONE) for source in _LIVING),
)  # fmt: skip


def next_mode(
    current: str, requested: str, facts: Facts, approvals: Sequence[Approval], trigger: str = Trigger.COMMAND
) -> Outcome:
    """The mode after a request: granted by one row of TRANSITIONS, or refused with every failing guard named.

    `approvals` are those that bind (`guards.binding_approvals`). A stop is granted in every mode and
    idempotent: it leaves LOCKED, where nothing of the policy acts, and FAULT, which two persons must reset,
    as they are.
    """
    stopping = requested == Mode.SAFE_STOP and trigger == Trigger.COMMAND
    if stopping and current in (*LATCHED, Mode.LOCKED):
        rows = [Transition(current, current, Trigger.COMMAND, (), ONE)]
    else:
        rows = [row for row in TRANSITIONS if row[:3] == (current, requested, trigger)]
    return _outcome(current, requested, rows, facts, tuple(approvals))


def next_policy_state(
    current: str, requested: str, facts: Facts, approvals: Sequence[Approval], trigger: str = Trigger.COMMAND
) -> Outcome:
    """The policy state after a request, by POLICY_TRANSITIONS; as `next_mode`."""
    rows = [row for row in POLICY_TRANSITIONS if row[:3] == (current, requested, trigger)]
    return _outcome(current, requested, rows, facts, tuple(approvals))


def mode_at_start(stored: str | None) -> Mode:
    """Mode of a starting process: the stored one, but never above ADVISORY.

    Without a stored mode it is LOCKED; with one that is not known the state is unknown, which is FAULT.
    """
    if stored is None:
        return Mode.LOCKED
    if stored not in MODES:
        return Mode.FAULT
    return min(Mode(stored), Mode.ADVISORY, key=lambda mode: mode.rank)


def _outcome(
    current: str, requested: str, rows: Sequence[Transition], facts: Facts, approvals: tuple[Approval, ...]
) -> Outcome:
    if not rows:
        return Outcome(False, current, (f"no_such_transition: {current} -> {requested} is not in the table",))
    refusals = [_refusals(row, facts, approvals) for row in rows]
    for row, failed in zip(rows, refusals, strict=True):
        if not failed:
            return Outcome(True, row.target)
    return Outcome(False, current, refusals[0])


def _refusals(row: Transition, facts: Facts, approvals: tuple[Approval, ...]) -> tuple[str, ...]:
    failed = [name for name in row.guards if GUARDS[name].holds(facts, approvals) is not True]
    texts = [f"{name}: {GUARDS[name].repair}" for name in failed]
    if not _approved(row.roles, approvals):
        texts.append(f"approvals: needs {' and '.join(row.roles)}, {row.persons} different person(s)")
    return tuple(texts)


def _approved(roles: tuple[Role, ...], approvals: tuple[Approval, ...]) -> bool:
    """Whether each role can be given to another approving person."""
    if not roles:
        return True
    holders = {approval.person for approval in approvals if approval.role == roles[0] and approval.person}
    return any(
        _approved(roles[1:], tuple(item for item in approvals if item.person != person)) for person in holders
    )
