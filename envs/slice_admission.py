"""Slice admission: which requests for a guaranteed share of the capacity are let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from gymnasium import spaces

from ..twin.kernels.gather import Reading
from ..twin.loss.door import shown
from ..twin.loss.system import LossSystem
from ..twin.params import Params
from ..twin.types import F32, F64, I64
from .features import Feature, FeatureList, Named, Read, observation_space, observe
from .loss_scenario import LOSS_SYSTEM, LossScenario, loss_scenario
from .loss_world import ADMIT, REFUSE, LossWorld, fits
from .slice_task import FEATURES as TWIN_FEATURES
from .slice_task import SliceTask
from .slice_world import SliceWorld, legal_actions, sliced_network
from .world import World

SLICES = "slices"
SCENARIOS = (LOSS_SYSTEM, SLICES, "quotas")


def _classes(network: Any) -> tuple[str, ...]:  # noqa: ANN401  (features of the twin take its Params here)
    return network.class_names


def _nothing(_: Any) -> list[tuple[Reading, int, int]]:  # noqa: ANN401
    return []


_SHOWN = Read(_nothing)  # by `show_requests`, all elements in one go and in this order
FEATURES: FeatureList = (
    Feature("request of", "one-hot", 0.0, 1.0, _classes, _SHOWN),
    Feature("in service of", "of most", 0.0, 1.0, _classes, _SHOWN),
    Feature("free", "of capacity", 0.0, 1.0, Named(("units",)), _SHOWN),
    Feature("now fits", "bool", 0.0, 1.0, _classes, _SHOWN),
    Feature("would fit after admission", "bool", 0.0, 1.0, _classes, _SHOWN),
)


def _only_of(kind: type, features: FeatureList) -> FeatureList:
    """Return features that have elements on one kind of network only."""
    return tuple(replace(feature, elements=_Elements(kind, feature)) for feature in features)


@dataclass(frozen=True)
class _Elements:
    """The elements of a feature where the network is of its kind."""

    kind: type
    feature: Feature

    def __call__(self, network: Any) -> tuple[str, ...]:  # noqa: ANN401
        return self.feature.elements(network) if isinstance(network, self.kind) else ()


EITHER: FeatureList = (*_only_of(LossScenario, FEATURES), *_only_of(Params, TWIN_FEATURES))


def default_weights() -> dict[str, float]:
    """Return the weights of the reward terms."""
    return {"revenue": 1.0}


@dataclass(frozen=True)
class SliceAdmission:
    """Admit or refuse each request of a slice, so that what is admitted leaves room for what is worth more.

    On the scenario ``loss_system`` theory knows the best policy; on ``slices`` admitted slices load the radio twin.

    Description:
        Requests of several classes arrive as Poisson streams, hold units of one capacity for an exponential time and
        pay at admission. What is refused is lost. Admitting whatever fits fills the capacity with cheap requests;
        the best policy is known exactly (``twin/loss/optimum.py``).

        On the twin the users of a slice stand around a place in the network, and what they take of the cells is only
        known once they are there. A slice pays by the hour and costs a penalty by the hour while its promise is broken.

    Action Space:
        ``MultiDiscrete([2])``: 0 refuses, 1 admits. What does not fit is refused whatever is asked for
        (``action_masks`` tells beforehand).

        On the twin ``MultiDiscrete([3] * places at the door)``, a ``Tier`` for each: 0 refuses, 1 admits in full, 2 at
        the reduced tier. A place where nobody asks, and one without a free slot, is refused.

    Observation Space:
        ``Box(-1, 1)``; see ``features.table``.

    Rewards:
        ``revenue``: what the answer brought, its reward or less its penalty, scaled from [lowest, highest] to [0, 1];
        without penalties the reward of the request over the largest. The number of requests in an episode does
        not depend on the answers, so the best policy for this reward is the best for revenue per second.

        On the twin, revenue less penalties of the control period, from the worst to the best that the slots can bring.

    Costs:
        ``beyond capacity``: 1 where an admission was asked for that does not fit. Nobody who reads the mask pays it.

        On the twin, ``throughput``, ``coverage`` and ``blocking`` of everybody else, and ``slices``: too large a share
        of the slices had its promise broken.

    Starting State:
        The steady state of a system that admitted whatever fitted, at the moment of a request; on the twin, midnight
        without slices.

    Episode End:
        Truncated after ``episode_requests``, or ``episode_s`` on the twin; never terminated.

    Arguments:
        ``weights``: weight per reward term. The scenario ``loss_system`` takes ``capacity``, ``units``,
        ``arrival_rates``, ``service_rates``, ``rewards``, ``penalties`` and ``episode_requests``.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.1
    features: FeatureList = EITHER
    scenarios: tuple[str, ...] = SCENARIOS

    def network(self, scenario: object, settings: Mapping[str, object]) -> LossScenario | Params:
        """Return the loss system or the sliced network that a name and its settings describe.

        Raises:
            ValueError: see ``loss_scenario`` and ``sliced_network``.
        """
        if isinstance(scenario, LossScenario | LossSystem) or scenario == LOSS_SYSTEM:
            return loss_scenario(scenario, settings)
        return sliced_network(scenario, self.scenarios, settings)

    def world(self, network: LossScenario | Params, n_replicas: int) -> World:
        """Return B replicas of a loss system, or of a network with slices."""
        if isinstance(network, Params):
            return SliceWorld(self._on_twin, network, n_replicas)
        return LossWorld(self, network, n_replicas)

    def action_space(self, network: LossScenario | Params) -> spaces.MultiDiscrete:
        """Return one choice, refuse or admit; on the twin one of three tiers per place at the door."""
        if isinstance(network, Params):
            return self._on_twin.action_space(network)
        return spaces.MultiDiscrete([2])

    def observation_space(self, network: LossScenario | Params) -> spaces.Box:
        """Return the space of the normalised vector."""
        return observation_space(self.features, network)  # type: ignore[arg-type]

    def observe(self, network: LossScenario | Params, window: Any) -> F32:  # noqa: ANN401
        """Return the observation of every replica, (B, size), each feature scaled to [-1, 1]."""
        if isinstance(network, Params):
            return observe(TWIN_FEATURES, network, window)
        return shown(network.system, window.request, window.held)

    def legal(self, network: LossScenario | Params, window: Any, actions: I64) -> I64:  # noqa: ANN401
        """Refuse what does not fit."""
        if isinstance(network, Params):
            return legal_actions(self._on_twin, network, window, actions)
        asked = (actions[:, 0] == ADMIT) & fits(network, window)
        return np.where(asked, ADMIT, REFUSE)[:, None]

    def scaled(self, network: LossScenario, revenue: F64) -> F64:
        """Return the reward term ``revenue`` of what answers bring, in [0, 1]."""
        return (revenue - network.lowest) / (network.highest - network.lowest)

    @property
    def _on_twin(self) -> SliceTask:
        return SliceTask(self.weights, self.budget)
