"""Slice admission on the radio twin: what is admitted loads the network, and its promise is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from ..twin.command import Command
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.slicing import Tier
from ..twin.types import F64, I64, Bool
from .features import Feature, FeatureList, Named, clock, level
from .simulation import Outcome
from .slice_features import SLICE_FEATURES, cell_names
from .slice_world import money_in, net_earnings

FEATURES: FeatureList = (
    Feature("load of", "%", 0.0, 100.0, cell_names, level("prb_tot_dl")),
    *SLICE_FEATURES,
    Feature("time of day", "", -1.0, 1.0, Named(("sine", "cosine")), clock()),
)


@dataclass(frozen=True)
class SliceTask:
    """Answer every request that waits, once per control period; every carrier stays active."""

    weights: dict[str, float]
    budget: float
    features: FeatureList = FEATURES

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return one choice of three tiers per place at the door."""
        return spaces.MultiDiscrete([len(Tier)] * params.scenario.slicing.requests)

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Admit as chosen."""
        return Command(np.zeros((len(actions), params.n_cells), np.int8), admit=actions.astype(np.int8))

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        return answers_of(params, command)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return that every tier is possible; who is at the door narrows it (``SliceWorld``)."""
        shape = len(precedent.dwell), params.scenario.slicing.requests * len(Tier)
        return np.ones(shape, np.bool_)

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return ``revenue``, (B,): what slices pay less what broken promises cost, scaled to [0, 1]."""
        return {"revenue": net_earnings(params, money_in(outcome))}


def answers_of(params: Params, command: Command) -> I64:
    """Return the answers of a command, (B, R); without any, everybody is refused."""
    places = params.scenario.slicing.requests
    if command.admit.shape[1] == 0:
        return np.zeros((len(command.admit), places), np.int64)
    return command.admit.astype(np.int64)
