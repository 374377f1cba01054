"""What the best policy of a loss system earns over a fixed number of requests, or a proven bound of it."""

from __future__ import annotations

import numpy as np

from ..twin.loss.states import LossStates, table_strides
from ..twin.loss.system import LossSystem
from ..twin.types import F64, I64
from .loss_scenario import LossScenario
from .loss_world import LossWindow

MAX_STATES = 2000  # 32 MB and about four seconds per thousand requests


def is_small(system: LossSystem) -> bool:
    """Tell whether exact answers over the states of a system are quick."""
    try:
        table_strides(system)
    except ValueError:
        return False
    return LossStates.of(system).n_states <= MAX_STATES


def best_revenue(network: LossScenario, window: LossWindow) -> F64:
    """Return the most that the requests of an episode bring on average, given how it begins, (B,).

    Dynamic programming over the requests, so exact (Puterman 1994, chapter 4). Between two requests admissions only
    end: the state n moves to what is left after an exponential time of rate L = sum of the arrival rates, with
    probabilities P = L (L I - D)^-1, D the generator of departures alone. With m requests to come, w = P v(m),

        v(m + 1)(n) = sum_k lambda_k / L max(w(n) - penalty_k, w(n + e_k) + reward_k).

    Args:
        network: of a system that is small.
        window: state and class of the first request, (B).
    """
    states = LossStates.of(network.system)
    system, pace = network.system, float(network.system.arrival_rates.sum())
    left = _after_departures(states, pace)
    value = np.zeros(states.n_states)
    answers = np.zeros(states.fits.shape)
    for _ in range(network.episode_requests):
        ahead = left @ value
        admit = np.where(states.fits, ahead[states.up] + system.rewards, -np.inf)
        answers = np.maximum(ahead[:, None] - system.penalties, admit)
        value = answers @ (system.arrival_rates / pace)
    return answers[_state_of(states, window.held), window.request]


def _state_of(states: LossStates, held: I64) -> I64:
    return np.searchsorted(states.place, held @ table_strides(states.system))


def _after_departures(states: LossStates, pace: float) -> F64:
    """Return the probabilities of the state at the next request, (S, S)."""
    rates = states.counts * states.system.service_rates
    matrix = np.diag(pace + rates.sum(axis=1))
    for k in range(states.system.n_classes):
        rows: I64 = np.flatnonzero(states.counts[:, k])
        matrix[rows, states.down[rows, k]] -= rates[rows, k]
    return pace * np.linalg.inv(matrix)


def fluid_revenue(network: LossScenario, window: LossWindow) -> F64:
    """Return a revenue that no policy exceeds on average over an episode, (B,), at any size of system.

    Proof: let A_k be the admissions of class k among the N requests, of which the first is known and each other is of
    class k with probability lambda_k / L; they take less than N / L on average. Let n be the admissions in service at
    first. The units held over time by the first and the admitted ones are on average
    sum_k (n_k + A_k) b_k / mu_k; of that, at most C N / L falls into the episode, and the rest is what those in
    service at its end still hold: at most C times the longest mean holding time, whoever they are, because
    exponential times forget. So the A_k obey the constraints of a fractional knapsack whose best value is no less.
    """
    system = network.system
    spent = window.held @ (system.units / system.service_rates)
    first = window.request[:, None] == np.arange(system.n_classes)
    per_class = first + (network.episode_requests - 1) * system.arrival_rates / system.arrival_rates.sum()
    span = network.episode_requests / float(system.arrival_rates.sum()) + float(
        (1 / system.service_rates).max()
    )
    free = system.capacity * span - spent
    worth = system.rewards + system.penalties
    revenue = -(per_class @ system.penalties)
    for k in np.argsort(-system.revenue_density, kind="stable"):
        if worth[k] <= 0:
            break
        cost = system.units[k] / system.service_rates[k]
        taken = np.minimum(per_class[:, k], free / cost)
        revenue += worth[k] * taken
        free = free - taken * cost
    return revenue
