"""Settings of the rules of beam control, found on days that nothing is ever judged on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ..twin.params import Params
from ..twin.types import I64
from .beam_baselines import BeamGreedy, TunedPlan, TwinSearch
from .beam_control import BeamControl
from .controller import Controller
from .simulation import Simulation
from .task import weighted

FLOORS_DB = (10.0, 20.0)
SPREADS_DEG = (5.0, 10.0, 20.0)
STEPS_DB = (1.0, 3.0, 6.0)
MEMBERS = (8, 32)
REPORTS = (1, 2)


def tuned_rules(params: Params, seeds: I64) -> list[Controller]:
    """Return the static plan, the greedy rule and the search that return most on whole days of ``seeds``."""
    greedy = [BeamGreedy(*each) for each in itertools.product(FLOORS_DB, SPREADS_DEG, STEPS_DB)]
    search = [TwinSearch(*each) for each in itertools.product(MEMBERS, REPORTS)]
    return [TunedPlan.of(params, seeds), _best(greedy, params, seeds), _best(search, params, seeds)]


def mean_return(controller: Controller, params: Params, seeds: I64) -> float:
    """Return the mean episode return of a rule, all days as one batch."""
    task, simulation = BeamControl(), Simulation(params, len(seeds))
    simulation.start(seeds, np.zeros(len(seeds), np.int64))
    controller.begin(params, len(seeds))
    total = 0.0
    for _ in range(params.scenario.timing.periods_per_episode):
        actions = controller.actions(params, simulation.window)
        outcome = simulation.step(task.decode(params, actions, simulation.window.precedent))
        total += float(weighted(task.reward_terms(params, outcome), task.weights).mean())
    return total


def _best(rules: Sequence[Controller], params: Params, seeds: I64) -> Controller:
    return max(rules, key=lambda rule: mean_return(rule, params, seeds))
