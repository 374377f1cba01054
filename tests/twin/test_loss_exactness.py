"""The event simulation earns and blocks what the exact answers say, within three standard errors."""

from __future__ import annotations

import csv
import heapq
import math
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.loss.chain import Performance, performance
from ranrein.twin.loss.erlang import blocking
from ranrein.twin.loss.optimum import optimum
from ranrein.twin.loss.simulation import LossState, begin_loss, clear_sums, run_table
from ranrein.twin.loss.states import accept_all_table, reservation_table
from ranrein.twin.loss.system import LossSystem

N_REPLICAS = 64
MEAN_HOLDINGS = 1000
SYSTEMS = {
    "miller-10": (10, [1, 1], [8, 8], [1, 1], [10, 1]),
    "miller-20": (20, [1, 1], [15, 15], [1, 1], [5, 1]),
    "light-10": (10, [1, 1], [4, 4], [1, 1], [10, 1]),
    "knapsack-20": (20, [1, 4], [10, 2], [1, 1], [1, 3]),
    "diffmu-20": (20, [1, 4], [10, 0.5], [1, 0.2], [1, 20]),
    "slice-30": (30, [1, 2, 5], [8, 4, 2], [1, 1, 1], [1, 4, 6]),
    "penalties": (15, [1, 3], [9, 2.5], [1, 0.4], [1, 5], [0.5, 3]),
    "four classes": (12, [1, 2, 3, 4], [3, 2, 1, 1], [1, 0.7, 0.5, 1], [1, 2, 5, 9]),
    "slow and fast": (12, [1, 3], [9, 0.2], [1, 0.1], [1, 20]),
    "one class": (25, [1], [22], [1], [1]),
}


def _simulate(system: LossSystem, table: np.ndarray) -> LossState:
    """Warm up for 15 of the longest holding times, then take the sums of many."""
    state = begin_loss(system, np.arange(N_REPLICAS), np.zeros(N_REPLICAS, np.int64))
    longest_s = float(1 / system.service_rates.min())
    run_table(state, table, 15 * longest_s)
    clear_sums(state)
    run_table(state, table, (15 + MEAN_HOLDINGS) * longest_s)
    return state


def _assert_within_three_errors(samples: np.ndarray, exact: float) -> None:
    error = samples.std(ddof=1) / math.sqrt(len(samples))
    assert error < 0.02 * max(abs(exact), 0.05), "too noisy to tell anything"
    assert abs(samples.mean() - exact) <= 3 * error + 1e-12


def _assert_agrees(state: LossState, exact: Performance) -> None:
    _assert_within_three_errors(state.gain, exact.gain)
    _assert_within_three_errors(state.mean_units, exact.mean_units)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_optimal_table_earns_the_exact_gain(name: str) -> None:
    system = LossSystem.of(*SYSTEMS[name])
    best = optimum(system)
    _assert_agrees(_simulate(system, best.table), performance(system, best.table))


@pytest.mark.parametrize("name", SYSTEMS)
def test_accept_all_blocks_like_kaufman_roberts(name: str) -> None:
    system = LossSystem.of(*SYSTEMS[name])
    state = _simulate(system, accept_all_table(system))
    exact = blocking(system.capacity, system.units, system.offered_erlang)
    for k in range(system.n_classes):
        _assert_within_three_errors(state.blocking[:, k], exact[k])
    _assert_within_three_errors(state.gain, system.gain_of(system.arrival_rates * (1 - exact)))


def test_a_reservation_earns_its_exact_gain() -> None:
    system = LossSystem.of(*SYSTEMS["slice-30"])
    table = reservation_table(system, (6, 1, 0))
    exact = performance(system, table)
    assert exact.gain < performance(system, accept_all_table(system)).gain - 0.1
    _assert_agrees(_simulate(system, table), exact)


def test_every_reference_instance_earns_its_reference_gain(reference_data: Path) -> None:
    with (reference_data / "reference" / "slice_admission_mdp_optima.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 6
    for row in rows:
        columns = ("b_units", "lambda", "mu", "reward_per_admission")
        units, *others = ([float(x) for x in row[name].split()] for name in columns)
        system = LossSystem.of(int(row["capacity"]), units, *others)  # type: ignore[arg-type]
        best, shared = _simulate(system, optimum(system).table), _simulate(system, accept_all_table(system))
        _assert_within_three_errors(best.gain, float(row["opt_gain_policy_iteration"]))
        _assert_within_three_errors(shared.gain, float(row["accept_all_gain_kaufman_roberts"]))


def test_blocking_does_not_depend_on_the_distribution_of_holding_times() -> None:
    """Another simulator with constant holding times meets the blocking that the kernel meets with random ones."""
    capacity, units, loads = 10, [1, 3], [4.0, 1.0]
    exact = blocking(capacity, units, loads)
    rng, n_batches = np.random.default_rng(7), 40
    shares = np.array([_constant_holding(capacity, units, loads, rng, 4000) for _ in range(n_batches)])
    for k in range(2):
        _assert_within_three_errors(shares[:, k], exact[k])


def _constant_holding(
    capacity: int, units: list[int], loads: list[float], rng: np.random.Generator, n: int
) -> list[float]:
    times = np.cumsum(rng.exponential(1 / sum(loads), n)).tolist()
    kinds = (rng.random(n) < loads[1] / sum(loads)).astype(int).tolist()
    leaving: list[tuple[float, int]] = []
    free, asked, refused = capacity, [0, 0], [0, 0]
    for number, (now, kind) in enumerate(zip(times, kinds, strict=True)):
        while leaving and leaving[0][0] <= now:
            free += heapq.heappop(leaving)[1]
        fits = units[kind] <= free
        if fits:
            free -= units[kind]
            heapq.heappush(leaving, (now + 1.0, units[kind]))
        if number > 50:  # ten holding times
            asked[kind] += 1
            refused[kind] += not fits
    return [part / whole for part, whole in zip(refused, asked, strict=True)]
