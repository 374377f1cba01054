"""What the loop does by itself when something is wrong: roll back, fall back, or step down."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..safety.guards import Facts
from ..safety.lifecycle import Mode
from ..safety.recoverability import foresee
from ..safety.rollback import choose_target
from ..safety.supervisor import Supervisor
from ..safety.watch import Trip
from ..twin.carrier import CarrierState
from ..twin.command import Command
from .loop_parts import LoopParts


class Loop(Protocol):
    """The part of an operating loop that reactions need."""

    parts: LoopParts

    def facts(self) -> Facts:
        """Return what guards may ask."""
        ...

    def apply(self, command: Command, authority: Mode, reason: str) -> str:
        """Hand a command to the gate."""
        ...

    def wake_all(self, authority: Mode, reason: str) -> str:
        """Give all capacity back."""
        ...

    def confirm(self) -> None:
        """Confirm the pending change."""
        ...

    def in_force(self) -> Command:
        """Read the configuration back."""
        ...

    def step_down(self, reason: str) -> None:
        """Fall to ADVISORY."""
        ...


def react(loop: Loop, trip: Trip) -> str:
    """React to a trip: roll back for harm, fall back for a failing policy, step down for the rest."""
    if trip in (Trip.HARM, Trip.UNRECOVERABLE):
        return roll_back(loop, str(trip))
    if trip is Trip.POLICY:
        loop.parts.keeper.by_itself(Mode.FALLBACK, str(trip), loop.facts())
        return loop.wake_all(Mode.FALLBACK, str(trip))
    said = loop.wake_all(Mode.FALLBACK, str(trip))
    loop.step_down(str(trip))
    return said


def roll_back(loop: Loop, reason: str) -> str:
    """Undo what is pending and restore the newest good configuration that the network can bear now.

    It is another one than that in which things went wrong, however good that was before.
    """
    parts, facts = loop.parts, loop.facts()
    if parts.keeper.mode is not Mode.ROLLING_BACK:
        parts.keeper.by_itself(Mode.ROLLING_BACK, reason, facts)
    went_wrong = loop.in_force().carrier_state
    if parts.gate.pending is not None:
        parts.gate.revert(reason)
    values = parts.gate.snapshot("rollback").values
    target = choose_target(
        parts.ring,
        values,
        lambda command: (
            not np.array_equal(command.carrier_state, went_wrong) and bears(parts.supervisor, command)
        ),
    )
    said = loop.apply(target.command, Mode.ROLLING_BACK, f"restore {target.source}: {reason}")
    restored = bool(np.array_equal(loop.in_force().carrier_state, target.command.carrier_state))
    if restored:
        loop.confirm()
    if not parts.keeper.by_itself(Mode.HOLD, f"restored {target.source}", Facts(rollback_verified=restored)):
        parts.keeper.by_itself(Mode.FAULT, "the network is not as restored", facts)
    return f"rolled back to {target.source}, {said}"


def bears(supervisor: Supervisor, command: Command) -> bool:
    """Tell whether the network as believed now can bear a configuration."""
    shield = supervisor.shield
    if not np.any(command.carrier_state != CarrierState.ACTIVE):
        return True
    ahead = foresee(shield.params, shield.look, supervisor.belief, command, shield.margin_of)
    return bool(np.all(ahead >= 0))
