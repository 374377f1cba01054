"""Conflicts of controllers that act on one network, in the terms of O-RAN, measured by what would have been.

O-RAN (WG3, Near-RT RIC architecture, conflict mitigation) tells three kinds apart. *Direct*: two controllers ask for
different values of the same attribute of the same object. *Indirect*: different attributes, but what one does works
against what the other does in the same quantity. *Implicit*: one makes worse what the other is there for, without the
other working on it. The first is read off the requests. The others are measured: the twin is run from where the network
is, once as asked for and once without each controller, with the same users and the same randomness, so that every
difference is that controller's effect. Two control periods are run, for a carrier that sleeps wakes within one, and
the second is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.period import Runner
from ..twin.rules import Precedent
from ..twin.sla import shares
from ..twin.slice_report import SliceReport, earnings, report_slices
from ..twin.state import State
from ..twin.types import F64, I64, Bool
from .beam_control import LARGEST_EFFICIENCY, user_efficiency, user_mbps
from .energy_saving import energy_term
from .simulation import Simulation
from .slice_world import net_earnings

ATTRIBUTES = {"energy": "carrier_state", "beams": "beam", "steering": "offset_db", "slices": "admit"}
CONTROLLERS = tuple(ATTRIBUTES)
QUANTITIES = (
    "energy",
    "throughput",
    "coverage",
    "link",
    "balance",
    "revenue",
)  # each in [0, 1], more is better
AIMS = {
    "energy": ("energy",),
    "beams": ("coverage", "link"),
    "steering": ("balance", "throughput"),
    "slices": ("revenue",),
}
NOTICED = 0.005  # a smaller change of a quantity is none
HALF_MBPS = 50.0  # throughput that counts half
KINDS = ("direct", "indirect", "implicit")


@dataclass(frozen=True)
class Effects:
    """What each controller changes."""

    asked: Bool  # (P, B), whether it asked for anything but the plan
    change: F64  # (P, B, Q), quantity as asked for less quantity without the controller


@dataclass(frozen=True)
class Conflicts:
    """Which controllers were in conflict in a control period; controller p works against q."""

    indirect: Bool  # (B, P, P), symmetric
    implicit: Bool  # (B, P, P), p made worse what q is there for


def direct_conflicts(
    proposals: Mapping[str, Command], writes: Mapping[str, str]
) -> dict[tuple[str, str], I64]:
    """Count the objects of which two controllers want different values of one attribute, by pair, each (B,).

    Args:
        proposals: what each controller asks for, by its name.
        writes: the attribute of ``Command`` that each controller sets, by its name.
    """
    return {
        (one, other): _unlike(getattr(proposals[one], writes[one]), getattr(proposals[other], writes[other]))
        for one, other in combinations(proposals, 2)
        if writes[one] == writes[other]
    }


def measure_effects(params: Params, state: State, precedent: Precedent, wanted: Command) -> Effects:
    """Run two control periods as asked for, and once more without each controller; the state stays as it is.

    Args:
        params: the twin.
        state: (B), at the beginning of the period.
        precedent: (B), what is in force.
        wanted: (B), what all of them ask for; the part of one that is left out is as planned, and no slice admitted.
            Slices that are served stay, and what is asked for in the meantime is refused.
    """
    n = state.n_replicas
    without = [
        replace(wanted, **{name: np.zeros_like(getattr(wanted, name))}) for name in ATTRIBUTES.values()
    ]
    every = [wanted, *without]
    index = np.tile(np.arange(n), len(every))
    copies, before = state.rows(index), Precedent(precedent.command.rows(index), precedent.dwell[index])
    runner, commands = Runner(params, copies), _stacked(every)
    first = runner.run(before, commands)
    period = runner.run(first.precedent, replace(commands, admit=np.zeros_like(commands.admit)))
    seen = _quantities(params, period.truth, report_slices(params, copies), period.power_w)
    seen = seen.reshape(len(every), n, len(QUANTITIES))
    asked = [
        np.any(getattr(wanted, attribute) != getattr(left, attribute), axis=1)
        for left, attribute in zip(without, ATTRIBUTES.values(), strict=True)
    ]
    return Effects(np.stack(asked), seen[0] - seen[1:])


def conflicts_of(effects: Effects, noticed: float = NOTICED) -> Conflicts:
    """Tell which controllers are in conflict.

    Indirect: both changed some quantity, in opposite directions. Implicit: one made a quantity worse that only the
    other is there for, while the other left that quantity as it was.
    """
    better = np.moveaxis(effects.change > noticed, 0, 1)  # (B, P, Q)
    worse = np.moveaxis(effects.change < -noticed, 0, 1)
    opposite = np.any(better[:, :, None] & worse[:, None], axis=3)
    aims = np.array([[quantity in AIMS[name] for quantity in QUANTITIES] for name in CONTROLLERS])  # (P, Q)
    harmed = worse[:, :, None] & ~aims[:, None] & aims[None] & ~(better | worse)[:, None]
    return Conflicts(indirect=opposite | np.swapaxes(opposite, 1, 2), implicit=np.any(harmed, axis=3))


def direct_among(wanted: Command) -> F64:
    """Count the direct conflicts of the four controllers of joint control, (B,): each sets an attribute of its own."""
    found = direct_conflicts(dict.fromkeys(CONTROLLERS, wanted), ATTRIBUTES)
    total = np.zeros(len(wanted.carrier_state))
    for count in found.values():
        total += count
    return total


def watch_conflicts(simulation: Simulation, wanted: Command) -> dict[str, F64]:
    """Count the pairs of controllers in conflict by kind, each (B,)."""
    params, precedent = simulation.params, simulation.window.precedent
    found = conflicts_of(measure_effects(params, simulation.state, precedent, wanted))
    return {
        "direct": direct_among(wanted),
        "indirect": found.indirect.sum(axis=(1, 2)) / 2.0,
        "implicit": found.implicit.sum(axis=(1, 2)).astype(np.float64),
    }


def _unlike(one: np.ndarray, other: np.ndarray) -> I64:
    return (one != other).sum(axis=1)


def _stacked(commands: list[Command]) -> Command:
    arrays = zip(*(command.settings for command in commands), strict=True)
    return Command(*(np.concatenate(parts) for parts in arrays))


def _quantities(params: Params, truth: Kpis, report: SliceReport, power_w: F64) -> F64:
    """Return the quantities of a control period, (B, Q)."""
    mbps = user_mbps(truth)
    found = {
        "energy": energy_term(params, power_w),
        "throughput": mbps / (mbps + HALF_MBPS),
        "coverage": 1.0 - shares(truth)[:, 1],
        "link": user_efficiency(truth) / LARGEST_EFFICIENCY,
        "balance": 1.0 - truth.prb_tot_dl.max(axis=1) / 100.0,
        "revenue": net_earnings(params, earnings(params, report)),
    }
    return np.stack([np.asarray(found[name], np.float64) for name in QUANTITIES], axis=1)
