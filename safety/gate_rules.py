"""Why the gate refuses a request: form, authority and static rules, checked once more at the last door."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..network.protocol import CONTROLLER, ObjectState
from ..twin.carrier import N_CARRIER_STATES
from ..twin.command import Command
from ..twin.rules import Precedent, Rules, violations
from .change_set import known_state
from .lease import Lease
from .lifecycle import MODES, Mode

MAX_CONFIRM_S = 600.0
MIN_CONFIRM_S = 60.0
_RESTED = 1_000_000  # control periods: a cell that nobody has seen change


class Permit(IntEnum):
    """How much a loop mode may change."""

    NOTHING = 0
    CAPACITY = 1  # only give capacity back
    RULES = 2  # whatever the static rules allow


# In LOCKED and SHADOW the network is left to itself; HOLD and FAULT change nothing by definition.
PERMITS: dict[Mode, Permit] = {
    Mode.FAULT: Permit.NOTHING,
    Mode.SAFE_STOP: Permit.CAPACITY,
    Mode.ROLLING_BACK: Permit.CAPACITY,
    Mode.HOLD: Permit.NOTHING,
    Mode.FALLBACK: Permit.CAPACITY,
    Mode.LOCKED: Permit.NOTHING,
    Mode.SHADOW: Permit.NOTHING,
    Mode.ADVISORY: Permit.RULES,
    Mode.GUARDED: Permit.RULES,
    Mode.CLOSED_LOOP: Permit.RULES,
}


@dataclass(frozen=True)
class Request:
    """One submission, as it arrived: nothing in it is trusted."""

    command: Command
    authority_mode: str
    reason: str
    confirm_timeout_s: float
    step: int
    epoch: int | None

    @property
    def permit(self) -> Permit:
        """What the mode permits; nothing when it is unknown."""
        return PERMITS[Mode(self.authority_mode)] if self.authority_mode in MODES else Permit.NOTHING

    def described(self) -> dict[str, object]:
        """Return what a record says about the request, as JSON data."""
        return {
            "authority": self.authority_mode, "reason": self.reason,
            "confirm_timeout_s": self.confirm_timeout_s,
        }  # fmt: skip

    def wanted(self, cells: Sequence[str]) -> dict[str, int]:
        """Requested carrier state by object id."""
        return {name: int(value) for name, value in zip(cells, self.command.carrier_state[0], strict=True)}


def default_confirm_s(actuation_delay_s: float) -> float:
    """Return three actuation delays, at least a minute and at most ten."""
    return min(max(3 * actuation_delay_s, MIN_CONFIRM_S), MAX_CONFIRM_S)


def form_problems(request: Request, n_cells: int) -> Iterator[str]:
    """Check the form (T0): types, shape, range, finite times."""
    yield from _command_problems(request.command, n_cells)
    if not (_is_text(request.authority_mode) and request.authority_mode in MODES):
        yield f"authority_mode is {request.authority_mode!r}; use one of {', '.join(MODES)}"
    if not _is_text(request.reason):
        yield f"reason is {request.reason!r}; say why in one line of words"
    if not (_is_number(request.confirm_timeout_s) and 0 < request.confirm_timeout_s <= MAX_CONFIRM_S):
        yield f"confirm_timeout_s is {request.confirm_timeout_s!r}; use 0 < seconds <= {MAX_CONFIRM_S:g}"
    if not (_is_whole(request.step) and request.step >= 0):
        yield f"step is {request.step!r}; use the number of the control period, counted from 0"
    if not (request.epoch is None or _is_whole(request.epoch)):
        yield f"epoch is {request.epoch!r}; use the number that the lease granted"


def fence_problems(request: Request, last_step: int, lease: Lease | None) -> Iterator[str]:
    """Check that the sender is the one controller of the present."""
    if _is_whole(request.step) and request.step < last_step:
        yield f"step {request.step} is older than step {last_step}; a stale controller may not act"
    if lease is None or request.permit is Permit.CAPACITY:
        return  # giving capacity back is safe whoever asks; a stop must work when everything else has lapsed
    if not (request.epoch is not None and lease.alive(request.epoch)):
        yield f"epoch {request.epoch!r} does not hold the lease, epoch {lease.epoch} was granted last"


def _command_problems(command: object, n_cells: int) -> Iterator[str]:
    if not isinstance(command, Command):
        yield f"command is a {type(command).__name__}; build it with Command.of(...)"
        return
    states = command.carrier_state
    if states.dtype != np.int8 or states.shape != (1, n_cells):
        yield f"command is {states.dtype} of shape {states.shape}; use int8 of shape (1, {n_cells})"
    elif not np.all((states >= 0) & (states < N_CARRIER_STATES)):
        yield f"command holds carrier states {np.unique(states).tolist()}; use 0..{N_CARRIER_STATES - 1}"
    elif not command.is_planned:
        yield (
            "command asks for beams, cell offsets, SSB periods or slices; ask for carrier states only, the gate "
            "knows no others"
        )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_whole(value: object) -> bool:
    return type(value) is int


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class History:
    """What the gate has seen of the objects: when each last changed, and who edited one in between."""

    def __init__(self, cells: Sequence[str]) -> None:
        """Begin with cells that have rested long enough; the first look compares with nothing."""
        self._changed_at = dict.fromkeys(cells, -_RESTED)
        self._seen: dict[str, ObjectState] = {}
        self._edited: set[str] = set()
        self.step = -1  # last control period that was asked for anything
        self.deepened_at = -1  # last control period in which a cell was put to sleep

    def look(self, now: Mapping[str, ObjectState]) -> None:
        """Remember what is there, what has changed since the last look, and what of it others wrote."""
        changed = [name for name, seen in self._seen.items() if now[name] != seen]
        self._changed_at |= dict.fromkeys(changed, self.step)
        self._seen = dict(now)
        self._edited |= {name for name in changed if now[name].last_writer != CONTROLLER}

    def take_edits(self) -> set[str]:
        """Return what others wrote since this was last asked."""
        edited, self._edited = self._edited, set()
        return edited

    def precedent(self, now: Mapping[str, ObjectState]) -> Precedent:
        """Return what the static rules compare with: read-back states, and periods since each changed."""
        dwell = [min(self.step - self._changed_at[name], _RESTED) for name in now]
        command = command_in_force(now)
        return Precedent(command, np.array([dwell], dtype=np.int32))


def command_in_force(now: Mapping[str, ObjectState]) -> Command:
    """Return what was read back as a command."""
    return Command.of([known_state(found.value) for found in now.values()])


def is_deeper(wanted: Mapping[str, int], now: Mapping[str, ObjectState]) -> bool:
    """Tell whether a request takes capacity from any cell."""
    return any(value > now[name].value for name, value in wanted.items())


def rule_problems(request: Request, rules: Rules, precedent: Precedent) -> Iterator[str]:
    """Check authority and static rules (T1) against what was read back.

    Giving capacity back breaks no rule; a coverage cell that somebody else put to sleep must not keep it from us.
    """
    deeper = bool(np.any(request.command.carrier_state > precedent.command.carrier_state))
    if request.permit is Permit.NOTHING:
        yield f"authority is {request.authority_mode}: nothing may be changed"
    elif request.permit is Permit.CAPACITY and deeper:
        yield f"authority is {request.authority_mode}: capacity may only be given back"
    elif request.permit is Permit.CAPACITY:
        return
    broken = violations(rules, precedent, request.command)
    yield from (f"rule: {name}" for name, struck in broken.items() if struck[0])
