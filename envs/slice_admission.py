"""Slice admission: which requests for a guaranteed share of the capacity are let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces

from ..twin.types import F32, F64, I64
from .features import Feature, FeatureList, observation_space
from .loss_scenario import LOSS_SYSTEM, LossScenario, loss_scenario
from .loss_world import ADMIT, REFUSE, Answer, LossWindow, LossWorld, fits


def _classes(network: Any) -> tuple[str, ...]:  # noqa: ANN401  (features of the twin take its Params here)
    return network.class_names


def _asking(network: Any, window: Any) -> F64:  # noqa: ANN401
    return (window.request[:, None] == np.arange(network.system.n_classes)).astype(np.float64)


def _in_service(network: Any, window: Any) -> F64:  # noqa: ANN401
    return window.held / network.system.limits


def _room(network: Any, window: Any) -> I64:  # noqa: ANN401
    """Return the free units, (B,)."""
    return network.system.capacity - window.held @ network.system.units


def _free(network: Any, window: Any) -> F64:  # noqa: ANN401
    return _room(network, window)[:, None] / network.system.capacity


def _fits_now(network: Any, window: Any) -> F64:  # noqa: ANN401
    return (_room(network, window)[:, None] >= network.system.units).astype(np.float64)


def _fits_afterwards(network: Any, window: Any) -> F64:  # noqa: ANN401
    left = _room(network, window) - network.system.units[window.request]
    return (left[:, None] >= network.system.units).astype(np.float64)


FEATURES: FeatureList = (
    Feature("request of", "one-hot", 0.0, 1.0, _classes, _asking),
    Feature("in service of", "of most", 0.0, 1.0, _classes, _in_service),
    Feature("free", "of capacity", 0.0, 1.0, lambda _: ("units",), _free),
    Feature("now fits", "bool", 0.0, 1.0, _classes, _fits_now),
    Feature("would fit after admission", "bool", 0.0, 1.0, _classes, _fits_afterwards),
)


def default_weights() -> dict[str, float]:
    """Return the weights of the reward terms."""
    return {"revenue": 1.0}


@dataclass(frozen=True)
class SliceAdmission:
    """Admit or refuse each request of a slice, so that what is admitted leaves room for what is worth more.

    Description:
        Requests of several classes arrive as Poisson streams, hold units of one capacity for an exponential time and
        pay at admission. What is refused is lost. Admitting whatever fits fills the capacity with cheap requests;
        the best policy is known exactly (``twin/loss_optimum.py``).

    Action Space:
        ``MultiDiscrete([2])``: 0 refuses, 1 admits. What does not fit is refused whatever is asked for
        (``action_masks`` tells beforehand).

    Observation Space:
        ``Box(-1, 1)``; see ``features.table``.

    Rewards:
        ``revenue``: what the answer brought, its reward or less its penalty, scaled from [lowest, highest] to [0, 1];
        without penalties the reward of the request over the largest. The number of requests in an episode does
        not depend on the answers, so the best policy for this reward is the best for revenue per second.

    Costs:
        ``beyond capacity``: 1 where an admission was asked for that does not fit. Nobody who reads the mask pays it.

    Starting State:
        The steady state of a system that admitted whatever fitted, at the moment of a request.

    Episode End:
        Truncated after ``episode_requests``; never terminated.

    Arguments:
        ``weights``: weight per reward term. The scenario ``loss_system`` takes ``capacity``, ``units``,
        ``arrival_rates``, ``service_rates``, ``rewards``, ``penalties`` and ``episode_requests``.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.0
    features: FeatureList = FEATURES
    scenarios: tuple[str, ...] = (LOSS_SYSTEM,)

    def network(self, scenario: object, settings: Mapping[str, object]) -> LossScenario:
        """Return the loss system that a name and its settings describe; see ``loss_scenario``."""
        return loss_scenario(scenario, settings)

    def world(self, network: LossScenario, n_replicas: int) -> LossWorld:
        """Return B replicas of a loss system."""
        return LossWorld(self, network, n_replicas)

    def action_space(self, network: LossScenario) -> spaces.MultiDiscrete:
        """Return one choice: refuse or admit."""
        return spaces.MultiDiscrete([2])

    def observation_space(self, network: LossScenario) -> spaces.Box:
        """Return the space of the normalised vector."""
        return observation_space(self.features, network)  # type: ignore[arg-type]

    def observe(self, network: LossScenario, window: LossWindow) -> F32:
        """Return the observation of every replica, (B, size), each feature scaled to [-1, 1]."""
        parts = []
        for feature in self.features:
            values: Any = feature.values
            scaled = (values(network, window) - feature.low) * (2.0 / (feature.high - feature.low)) - 1.0
            parts.append(np.clip(scaled, -1.0, 1.0))
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def legal(self, network: LossScenario, window: LossWindow, actions: I64) -> I64:
        """Refuse what does not fit."""
        asked = (actions[:, 0] == ADMIT) & fits(network, window)
        return np.where(asked, ADMIT, REFUSE)[:, None]

    def reward_terms(self, network: LossScenario, answer: Answer) -> dict[str, F64]:
        """Return ``revenue``, (B,)."""
        return {"revenue": (answer.revenue - network.lowest) / (network.highest - network.lowest)}
