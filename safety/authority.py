"""How much may reach the network at this very moment: the minimum over everything that must be true."""

from __future__ import annotations

from dataclasses import dataclass

from .guards import PolicyState
from .lifecycle import MODES, Mode

# Highest mode while the input is False. Why: what the mode still does stays right without it.
CAPS: dict[str, tuple[Mode, str]] = {
    "certificate_valid": (Mode.ADVISORY, "no valid certificate for what runs; a person may accept advice"),
    "lease_alive": (Mode.LOCKED, "another controller may hold the network; only the baseline runs"),
    "shield_ready": (Mode.LOCKED, "nothing of the policy can be checked; only the baseline runs"),
    "envelope_inside": (Mode.ADVISORY, "the certificate says nothing about this situation"),
    "twin_fidelity_ok": (Mode.ADVISORY, "the twin has drifted from the network; a person must judge"),
    "audit_writable": (Mode.HOLD, "no audit, no actuation: nothing new is applied"),
    "attributes_allowed": (Mode.SHADOW, "the request touches forbidden attributes; it is only logged"),
}  # fmt: skip

POLICY_CAPS: dict[PolicyState, Mode] = {
    PolicyState.REGISTERED: Mode.LOCKED,
    PolicyState.QUALIFIED: Mode.SHADOW,
    PolicyState.TESTED: Mode.ADVISORY,
    PolicyState.EMULATED: Mode.ADVISORY,
    PolicyState.CERTIFIED: Mode.CLOSED_LOOP,
    PolicyState.SUSPENDED: Mode.ADVISORY,
    PolicyState.EXPIRED: Mode.ADVISORY,
    PolicyState.REVOKED: Mode.LOCKED,
    PolicyState.RETIRED: Mode.LOCKED,
}

INPUTS = ("policy_state", "loop_mode", *CAPS)


@dataclass(frozen=True)
class Limit:
    """One input that keeps authority down, the mode it permits, and why."""

    name: str
    mode: Mode
    reason: str


@dataclass(frozen=True)
class Authority:
    """What may act now, and every input that holds it there."""

    mode: Mode
    limits: tuple[Limit, ...]

    @property
    def rank(self) -> int:
        """Rank of the granted mode."""
        return self.mode.rank

    def __str__(self) -> str:
        return str(self.mode)


def effective(**inputs: object) -> Authority:
    """The minimum over INPUTS, to be asked anew at every actuation; never raises.

    policy_state and loop_mode by name, the others True or False. An input that is missing, unknown or of
    another kind (None, NaN, 1, "yes") locks.
    """
    limits = [_limit(name, inputs.get(name)) for name in INPUTS]
    limits += [_locked(name, "is not a known input") for name in inputs if name not in INPUTS]
    granted = min((limit.mode for limit in limits), key=lambda mode: mode.rank)
    return Authority(granted, tuple(limit for limit in limits if limit.mode is granted))


def _limit(name: str, value: object) -> Limit:
    if name == "loop_mode":
        return _mode_limit(value)
    if name == "policy_state":
        return _policy_limit(value)
    mode, reason = CAPS[name]
    if value is True:
        return Limit(name, Mode.CLOSED_LOOP, "holds")
    return Limit(name, mode, reason) if value is False else _locked(name, _unknown(value))


def _mode_limit(value: object) -> Limit:
    if isinstance(value, str) and value in MODES:
        return Limit("loop_mode", Mode(value), f"the loop is in {value}")
    return _locked("loop_mode", _unknown(value))


def _policy_limit(value: object) -> Limit:
    if isinstance(value, str) and value in POLICY_CAPS:
        return Limit("policy_state", POLICY_CAPS[PolicyState(value)], f"the policy is {value}")
    return _locked("policy_state", _unknown(value))


def _locked(name: str, reason: str) -> Limit:
    return Limit(name, Mode.LOCKED, f"{name} {reason}")


def _unknown(value: object) -> str:
    kind = type(value)
    if value is None:
        return "is missing"
    if kind in (str, int, float):
        return f"is {value!r}, which is no valid answer"
    return f"is a {kind.__module__}.{kind.__name__}, not a plain Python value"
