"""Loss systems that nobody has seen before: drawn at random, they earn what theory says to three standard errors."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import pytest

import ranrein.envs  # noqa: F401  (registers the ids)
from ranrein.envs.bounds import loss_system_blocking, loss_system_optimum

ID = "ranrein/SliceAdmission-v0"
SYSTEMS, REPLICAS, REQUESTS = 12, 256, 200
FORGOTTEN = 6  # mean holding times of the slowest class, until the beginning no longer matters


class Numbers(NamedTuple):
    """Keywords of the scenario."""

    capacity: int
    units: list[int]
    arrival_rates: list[float]
    service_rates: list[float]
    rewards: list[float]
    penalties: list[float]


def drawn(number: int) -> Numbers:
    """Two to four classes of unlike sizes, paces and prices, between a light load and twice the capacity."""
    rng = np.random.default_rng([20261121, number])
    n_classes, capacity = 2 + number % 3, int(rng.integers(6, 19))
    units = 1 + rng.choice(max(capacity // 2, n_classes), n_classes, replace=False)
    service = np.exp(rng.uniform(np.log(0.5), np.log(4.0), n_classes))
    load = rng.dirichlet(np.ones(n_classes)) * capacity * rng.uniform(0.5, 2.0)
    arrival = np.maximum(load * service / units, 0.05)
    rewards = units * np.exp(rng.normal(0.0, 1.0, n_classes))
    penalties = rewards * rng.choice([0.0, 0.3], n_classes)
    return Numbers(capacity, *(row.tolist() for row in (units, arrival, service, rewards, penalties)))


def earned(numbers: Numbers, table: np.ndarray, seed: int) -> tuple[float, float]:
    """Average revenue per second of an admission table, and its standard error over the replicas."""
    settings = numbers._asdict() | {"episode_requests": 100_000}
    env = gym.make_vec(ID, REPLICAS, "vector_entry_point", scenario="loss_system", **settings)
    _, info = env.reset(seed=seed)
    pace = sum(numbers.arrival_rates)
    first = int(FORGOTTEN * pace / min(numbers.service_rates))
    revenue, elapsed = np.zeros(REPLICAS), np.zeros(REPLICAS)
    for turn in range(first + REQUESTS):
        admit = table[(*info["in_service"].T, info["request"])]
        *_, info = env.step(admit.astype(np.int64)[:, None])
        if turn >= first:
            revenue += info["revenue"]
            elapsed += info["elapsed_s"]
    gain = float(revenue.sum() / elapsed.sum())
    return gain, float((revenue - gain * elapsed).std() / np.sqrt(REPLICAS) / elapsed.mean())


def whatever_fits(numbers: Numbers, table: np.ndarray) -> np.ndarray:
    held = np.indices(table.shape[:-1])
    free = numbers.capacity - np.tensordot(numbers.units, held, axes=1)
    return free[..., None] >= np.array(numbers.units)


@cache
def distances(number: int) -> tuple[float, float, float]:
    """Standard errors between what is earned and what theory says: best, whatever fits; and what is to be gained."""
    numbers = drawn(number)
    best, table = loss_system_optimum(
        numbers.capacity, numbers.units, numbers.arrival_rates, numbers.service_rates,
        np.array(numbers.rewards) + numbers.penalties,
    )  # fmt: skip
    asked, refused = np.array(numbers.arrival_rates), np.array(numbers.penalties)
    best -= float(asked @ refused)  # a penalty at a refusal is a reward at an admission, less a constant
    offered = asked / numbers.service_rates
    lost = loss_system_blocking(numbers.capacity, numbers.units, offered)
    free = float(asked @ ((1 - lost) * numbers.rewards - lost * refused))
    found = []
    for gain, answers in ((best, table), (free, whatever_fits(numbers, table))):
        mean, error = earned(numbers, answers, (number + 1) * REPLICAS)
        assert error < 0.02 * float(asked @ np.array(numbers.rewards))
        found.append((mean - gain) / error)
    return found[0], found[1], best - free


@pytest.mark.parametrize("number", range(SYSTEMS))
def test_the_best_table_and_whatever_fits_earn_what_theory_says(number: int) -> None:
    best, free, _ = distances(number)
    assert abs(best) <= 3
    assert abs(free) <= 3


def test_nothing_is_off_to_one_side_and_the_systems_are_unlike() -> None:
    found = np.array([distances(number) for number in range(SYSTEMS)])
    assert np.all(np.abs(found[:, :2].mean(axis=0)) < 3 / np.sqrt(SYSTEMS))
    assert np.all(found[:, 2] > -1e-9)
    assert (found[:, 2] > 0.01).sum() >= SYSTEMS // 2  # where something is to be gained
    assert {len(drawn(number).units) for number in range(SYSTEMS)} == {2, 3, 4}
