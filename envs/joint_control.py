"""Joint control: sleep, patterns, offsets and admission of one network decided together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from gymnasium import spaces

from ..twin.command import Command
from ..twin.kernels.saving import energy_rows
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.types import F32, F64, I64, Bool
from .actions import choices_of
from .beam_control import BeamControl, beam_cells, user_mbps
from .conflicts import ATTRIBUTES, watch_conflicts
from .energy_saving import EnergySaving
from .features import Feature, FeatureList, observe
from .simulation import Outcome
from .slice_task import SliceTask
from .slice_world import SliceWorld, legal_actions, money_in, net_earnings, sliced_network
from .task import Task, choices_of_task
from .traffic_steering import TrafficSteering
from .window import Window

SCENARIOS = ("joint",)
SAFE, UNSAFE = 1.0, 0.5  # the term ``service`` at least where promises hold, at most where one is broken
PARTS: dict[str, Task] = {
    "energy": EnergySaving(chooses_ssb_period=False),
    "beams": BeamControl(),
    "steering": TrafficSteering(),
    "slices": SliceTask({"revenue": 1.0}, 0.1),
}
# Seen by a part, but left out: constant here, or the same as something else is.
_LEFT_OUT = ("waking", "share", "uncovered users of", "light load of", "traffic of", "SSB period of")


def _joined(parts: Mapping[str, Task]) -> FeatureList:
    """Return every feature of the parts once, in their order."""
    found: dict[str, Feature] = {}
    for part in parts.values():
        for feature in part.features:
            if feature.name not in _LEFT_OUT:
                found.setdefault(feature.name, feature)
    return tuple(found.values())


FEATURES = _joined(PARTS)


def default_weights() -> dict[str, float]:
    """Return the weights of the reward terms."""
    return {"energy": 1.0, "service": 2.0, "throughput": 1.0, "revenue": 3.0, "calm": 0.05}


@dataclass(frozen=True)
class JointControl:
    """Decide sleep states, broadcast patterns, cell offsets and the admission of slices of one network at once.

    Description:
        What four controllers decide side by side: energy saving, beam control, traffic steering and slice admission. A
        carrier that sleeps takes away what a slice was promised, a pattern that lifts a crowd moves the borders that
        offsets are meant to move: the parts are in conflict (``conflicts.py``), and together there is more to gain.

    Action Space:
        ``MultiDiscrete``: the choices of ``EnergySaving``, ``BeamControl``, ``TrafficSteering`` and ``SliceAdmission``
        one after the other, each under its own rules (``action_masks`` tells beforehand).

    Observation Space:
        ``Box(-1, 1)``; see ``features.table``.

    Rewards:
        Weighted mean of ``energy`` (1 when all capacity sleeps deep and nothing is sent, 0 at full power), ``service``
        (1 when every promise holds, below 0.5 when one is broken), ``throughput`` (mean user throughput T as
        T / (T + ``half_mbps``)), ``revenue`` (of slices less penalties, from the worst to the best there is) and
        ``calm`` (1 when no state, pattern or offset changes).

    Starting State:
        Midnight, everything awake and as planned, no slices, after one control period of measurement.

    Episode End:
        Truncated after ``episode_s``; never terminated.

    Arguments:
        ``weights``: weight per reward term. ``watches_conflicts``: ``info["conflicts"]`` counts conflicts of the parts,
        by five more runs of every control period.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.1
    features: FeatureList = FEATURES
    scenarios: tuple[str, ...] = SCENARIOS
    half_mbps: float = 50.0  # throughput that counts half
    watches_conflicts: bool = False

    def network(self, scenario: object, settings: Mapping[str, object]) -> Params:
        """Return the network of a scenario with slices and patterns; ValueError says what is wrong with it."""
        return sliced_network(scenario, self.scenarios, settings)

    def world(self, network: Params, n_replicas: int) -> SliceWorld:
        """Return B replicas of a network."""
        watch = watch_conflicts if self.watches_conflicts else None
        return SliceWorld(self, network, n_replicas, watch)

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return the choices of all parts side by side."""
        return spaces.MultiDiscrete(
            np.concatenate([choices_of(choices_of_task(part, params)) for part in PARTS.values()])
        )

    def observe(self, network: Params, window: Window) -> F32:
        """Return the observation of every replica, (B, size)."""
        return observe(self.features, network, window)

    def legal(self, network: Params, window: Window, actions: I64) -> I64:
        """Return what is obeyed when ``actions`` (B, A) are asked for."""
        return legal_actions(self, network, window, actions)

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Let every part set its own attribute."""
        settings, first = {}, 0
        for (name, part), count in zip(PARTS.items(), counts_of(params), strict=True):
            choices = actions[:, first : first + count]
            settings[ATTRIBUTES[name]] = getattr(part.decode(params, choices, precedent), ATTRIBUTES[name])
            first += count
        return Command(**settings)

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        return np.concatenate([part.encode(params, command) for part in PARTS.values()], axis=1)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which choices the parts' rules allow; who is at the door narrows it (``SliceWorld``)."""
        return np.concatenate([part.masks(params, precedent) for part in PARTS.values()], axis=1)

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return ``energy``, ``service``, ``throughput``, ``revenue`` and ``calm``, each (B,)."""
        energy, mbps, verdict = np.empty(len(outcome.power_w)), user_mbps(outcome.truth), outcome.verdict
        energy_rows(outcome.power_w, params.least_power_w, params.full_power_w, energy)
        return {
            "energy": energy,
            "service": np.where(verdict.unsafe, UNSAFE * (1.0 - verdict.cost.max(axis=1)), SAFE),
            "throughput": mbps / (mbps + self.half_mbps),
            "revenue": net_earnings(params, money_in(outcome)),
            "calm": 1.0 - _changed(outcome),
        }


def counts_of(params: Params) -> tuple[int, int, int, int]:
    """Return how many choices each of ``PARTS`` has; their action spaces take long to build."""
    slicing = params.scenario.slicing
    return len(params.capacity_cells), len(beam_cells(params)), params.n_cells, slicing.requests


def _changed(outcome: Outcome) -> F64:
    """Return the share of cells whose state, pattern or offset changed, (B,)."""
    before, after = outcome.before, outcome.command
    moved = before.carrier_state != after.carrier_state
    moved |= before.beam != after.beam
    moved |= before.offset_db != after.offset_db
    return moved.mean(axis=1)
