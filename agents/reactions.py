"""What the loop does by itself when something is wrong: roll back, fall back, step down, or give capacity back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from ..network.protocol import CONTROLLER, NetworkError, ObjectState
from ..safety.authority import Authority
from ..safety.gate_rules import command_in_force
from ..safety.guards import Facts
from ..safety.lifecycle import Mode
from ..safety.recoverability import foresee
from ..safety.rollback import choose_target
from ..safety.supervisor import Supervisor
from ..safety.watch import EMERGENCIES, Trip
from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.params import Params
from .advice import AdviceBox
from .loop_parts import LoopParts, Position

logger = logging.getLogger(__name__)


class Loop(Protocol):
    """The part of an operating loop that reactions need."""

    parts: LoopParts
    at: Position
    advice: AdviceBox

    @property
    def params(self) -> Params:
        """The twin."""
        ...

    @property
    def mode(self) -> Mode:
        """The loop mode."""
        ...

    def authority(self) -> Authority:
        """Return what may act now."""
        ...

    def facts(self) -> Facts:
        """Return what guards may ask."""
        ...

    def apply(self, command: Command, authority: Mode, reason: str) -> str:
        """Hand a command to the gate."""
        ...

    def wake_all(self, authority: Mode, reason: str) -> str:
        """Give all capacity back."""
        ...

    def give_back(self, reason: str) -> str:
        """Wake what sleeps because of us."""
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
    if trip in EMERGENCIES:
        return roll_back(loop, str(trip))
    if trip is Trip.POLICY:
        loop.parts.keeper.by_itself(Mode.FALLBACK, str(trip), loop.facts())
        return loop.wake_all(Mode.FALLBACK, str(trip))
    said = loop.give_back(str(trip))
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


def keep_snapshot(loop: Loop) -> None:
    """Let the ring see what is in force and whether it goes well."""
    parts, period = loop.parts, loop.at.period
    try:
        snapshot = parts.gate.snapshot(f"period {period}")
    except NetworkError:
        logger.warning("no snapshot of period %d: the network cannot be read", period)
        return
    parts.ring.watch(replace(snapshot, time_s=period), parts.watch.safe_now)


def bears(supervisor: Supervisor, command: Command) -> bool:
    """Tell whether the network as believed now can bear a configuration."""
    shield = supervisor.shield
    if not np.any(command.carrier_state != CarrierState.ACTIVE):
        return True
    ahead = foresee(shield.params, shield.look, supervisor.belief, command, shield.margin_of)
    return bool(np.all(ahead.margins >= 0))


def left_asleep(found: Mapping[str, ObjectState]) -> set[str]:
    """Name the carriers that sleep because we once said so, whoever we were then."""
    return {
        name for name, it in found.items() if it.last_writer == CONTROLLER and it.value != CarrierState.ACTIVE
    }


def awake_again(found: Mapping[str, ObjectState]) -> Command | None:
    """Return the command that wakes our sleepers and leaves everybody else's alone; None where we have none."""
    ours, now = left_asleep(found), command_in_force(found).carrier_state
    mine = np.array([[name in ours for name in found]])
    return Command(np.where(mine, np.int8(CarrierState.ACTIVE), now)) if ours else None
