"""Exact admission answers against brute force, a plain value iteration, theory and the reference optima."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.loss.chain import performance, stationary
from ranrein.twin.loss.erlang import blocking, erlang_b
from ranrein.twin.loss.optimum import best_reservation, fluid_gain, optimum
from ranrein.twin.loss.states import LossStates, accept_all_table, product_form
from ranrein.twin.loss.system import LossSystem

# The optima of two independent solvers, average reward per second: (arguments, optimum, accept all)
KNOWN = {
    "miller-10": ((10, [1, 1], [8, 8], [1, 1], [10, 1]), 70.26711, 49.23059),
    "miller-20": ((20, [1, 1], [15, 15], [1, 1], [5, 1]), 72.02378, 55.79236),
    "light-10": ((10, [1, 1], [4, 4], [1, 1], [10, 1]), 41.33736, 38.64691),
    "diffmu-20": ((20, [1, 4], [10, 0.5], [1, 0.2], [1, 20]), 14.97421, 14.97421),
    "slice-30": ((30, [1, 2, 5], [8, 4, 2], [1, 1, 1], [1, 4, 6]), 30.42229, 30.33506),
}


def _random_system(seed: int, n_classes: int = 2, largest: int = 12) -> LossSystem:
    rng = np.random.default_rng(seed)
    return LossSystem.of(
        int(rng.integers(5, largest)),
        rng.integers(1, 5, n_classes),
        rng.uniform(0.2, 8.0, n_classes),
        10.0 ** rng.uniform(-1, 0.5, n_classes),
        rng.uniform(0.0, 10.0, n_classes),
        rng.uniform(0.0, 2.0, n_classes),
    )


def _generator(states: LossStates, admit: np.ndarray) -> np.ndarray:
    """Q written out, one transition after the other."""
    q = np.zeros((states.n_states, states.n_states))
    for s, k in np.ndindex(admit.shape):
        if admit[s, k]:
            q[s, states.up[s, k]] += states.system.arrival_rates[k]
        if states.counts[s, k]:
            q[s, states.down[s, k]] += states.system.service_rates[k] * states.counts[s, k]
    return q - np.diag(q.sum(axis=1))


def _dense_gain(states: LossStates, admit: np.ndarray) -> float:
    """The gain from g = r + Q h, h(empty) = 0, as one dense system of equations."""
    system = states.system
    reward = np.where(admit, system.rewards, -system.penalties) @ system.arrival_rates
    equations = _generator(states, admit)
    equations[:, 0] = -1.0
    return float(np.linalg.solve(equations, -reward)[0])


def _value_iteration(states: LossStates, sweeps: int) -> tuple[float, float]:
    """Bounds of the optimal gain after relative value iteration of the uniformised chain."""
    system = states.system
    pace = system.arrival_rates.sum() + (states.counts * system.service_rates).sum(axis=1).max()
    h = np.zeros(states.n_states)
    for _ in range(sweeps):
        admit = np.where(states.fits, system.rewards + h[states.up] - h[:, None], -np.inf)
        best = np.maximum(admit, -system.penalties) @ system.arrival_rates
        leave = np.where(states.counts > 0, h[states.down] - h[:, None], 0.0) * states.counts
        drift = best + leave @ system.service_rates
        h = h + drift / pace
        h -= h[0]
    return float(drift.min()), float(drift.max())


@pytest.mark.parametrize("name", KNOWN)
def test_known_optima_are_found_with_their_proof(name: str) -> None:
    arguments, best, accept_all = KNOWN[name]
    system = LossSystem.of(*arguments)
    found = optimum(system)
    assert found.gain == pytest.approx(best, abs=6e-6)
    assert 0 <= found.gap < 1e-8 * best
    assert performance(system, found.table).gain == found.gain
    assert performance(system, accept_all_table(system)).gain == pytest.approx(accept_all, abs=6e-6)


def test_every_reference_optimum_is_found(reference_data: Path) -> None:
    with (reference_data / "reference" / "slice_admission_mdp_optima.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 6
    for row in rows:
        columns = ("b_units", "lambda", "mu", "reward_per_admission")
        units, *others = ([float(x) for x in row[name].split()] for name in columns)
        system = LossSystem.of(int(row["capacity"]), units, *others)  # type: ignore[arg-type]
        found, shared = optimum(system), performance(system, accept_all_table(system))
        assert found.gain == pytest.approx(float(row["opt_gain_policy_iteration"]), abs=1.1e-8)
        refused = [float(x) for x in row["opt_blocking_per_class"].split()]
        assert found.blocking == pytest.approx(refused, abs=1e-6)
        assert shared.gain == pytest.approx(float(row["accept_all_gain_kaufman_roberts"]), abs=1.1e-8)
        assert len(LossStates.of(system).place) == int(row["n_states"])
        tuned = best_reservation(system)
        if row["best_trunk_reservation_gain"]:
            assert tuned.performance.gain == pytest.approx(
                float(row["best_trunk_reservation_gain"]), abs=1.1e-8
            )
            assert tuned.units.tolist() == [int(x) for x in row["best_trunk_reservation_t"].split()]


def test_no_policy_of_a_tiny_system_beats_the_optimum() -> None:
    system = LossSystem.of(3, [1, 2], [4.0, 1.0], [1.0, 0.4], [1.0, 9.0], [0.2, 0.0])
    states = LossStates.of(system)
    choices = np.flatnonzero(states.fits)
    gains = []
    for bits in itertools.product([False, True], repeat=len(choices)):
        admit = np.zeros(states.fits.size, np.bool_)
        admit[choices] = bits
        gains.append(_dense_gain(states, admit.reshape(states.fits.shape)))
    found = optimum(system)
    assert len(gains) == 2**6
    assert found.gain == pytest.approx(max(gains), abs=1e-10)
    assert performance(system, accept_all_table(system)).gain < max(gains) - 0.01


@pytest.mark.parametrize("seed", range(6))
def test_value_iteration_brackets_the_optimum(seed: int) -> None:
    system = _random_system(seed, n_classes=2 + seed % 2)
    low, high = _value_iteration(LossStates.of(system), 30_000)
    found = optimum(system)
    assert high - low < 1e-6
    assert low - 1e-9 <= found.gain <= high + 1e-9
    assert found.gain + found.gap >= high - 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_covers_what_the_optimality_equation_leaves_open(seed: int) -> None:
    system = _random_system(seed, n_classes=3)
    states, found = LossStates.of(system), optimum(system)
    h, admit = (states.gather(values) for values in (found.bias, found.table))
    stakes = np.where(states.fits, system.rewards + system.penalties + h[states.up] - h[:, None], 0.0)
    idle = _generator(states, np.zeros_like(states.fits)) @ h - system.arrival_rates @ system.penalties
    lowest = (idle + (stakes * admit) @ system.arrival_rates).min()
    highest = (idle + np.maximum(stakes, 0.0) @ system.arrival_rates).max()
    assert lowest - 1e-12 <= found.gain <= highest + 1e-12
    assert highest - lowest <= found.gap <= 1e-8 * (abs(found.gain) + 100)


@pytest.mark.parametrize("seed", range(4))
def test_distribution_and_gain_of_any_policy_solve_the_balance_equations(seed: int) -> None:
    system = _random_system(seed, n_classes=3)
    states = LossStates.of(system)
    admit = states.fits & (np.random.default_rng(seed).random(states.fits.shape) < 0.7)
    shares = stationary(states, admit)
    assert np.all(shares >= 0)
    np.testing.assert_allclose(shares @ _generator(states, admit), 0.0, atol=1e-12)
    found = performance(system, states.spread(admit, False).astype(np.bool_))
    assert found.gain == pytest.approx(_dense_gain(states, admit), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_accept_all_is_the_product_form_and_kaufman_roberts(seed: int) -> None:
    system = _random_system(seed, n_classes=3, largest=20)
    states = LossStates.of(system)
    np.testing.assert_allclose(stationary(states, states.fits), product_form(states), rtol=1e-8, atol=1e-15)
    shared = performance(system, accept_all_table(system))
    expected = blocking(system.capacity, system.units, system.offered_erlang)
    np.testing.assert_allclose(shared.blocking, expected, rtol=1e-9)
    carried = system.offered_erlang * (1 - expected)
    assert shared.mean_units == pytest.approx(float(carried @ system.units), rel=1e-9)  # Little


@pytest.mark.parametrize("seed", range(4))
def test_trunk_reservation_is_optimal_for_equal_sizes_and_holding_times(seed: int) -> None:
    """Miller 1969; with a single capacity unit and one service rate the optimum is a reservation."""
    rng = np.random.default_rng(seed)
    rates, rewards = rng.uniform(2, 8, 3), rng.uniform(1, 20, 3)
    system = LossSystem.of(9, [1, 1, 1], rates, [0.5] * 3, rewards)
    found, tuned = optimum(system), best_reservation(system)
    assert tuned.performance.gain == pytest.approx(found.gain, rel=1e-9)
    assert tuned.units[np.argmax(rewards)] == 0


def test_different_sizes_want_more_than_a_reservation() -> None:
    system = LossSystem.of(*KNOWN["slice-30"][0])
    found, tuned = optimum(system), best_reservation(system)
    shared = performance(system, accept_all_table(system))
    assert shared.gain + 0.05 < tuned.performance.gain < found.gain - 0.01
    assert performance(system, found.table).gain == found.gain


def test_a_penalty_is_a_reward_for_admission_less_a_constant() -> None:
    arguments = (12, [1, 3], [6.0, 2.0], [1.0, 0.5])
    with_penalty = optimum(LossSystem.of(*arguments, [1.0, 2.0], [0.5, 4.0]))
    without = optimum(LossSystem.of(*arguments, [1.5, 6.0]))
    assert with_penalty.gain == pytest.approx(without.gain - (6 * 0.5 + 2 * 4), abs=1e-8)
    assert np.array_equal(with_penalty.table, without.table)


def test_one_worthy_class_sees_erlang_b_and_a_worthless_one_is_never_admitted() -> None:
    system = LossSystem.of(10, [1, 1], [7.0, 5.0], [1.0, 1.0], [1.0, -0.5])
    found = optimum(system)
    assert found.blocking == pytest.approx([float(erlang_b(10, 7.0)), 1.0], rel=1e-9)
    assert not found.table[..., 1].any()
    assert found.bias[0, 0] == 0
    assert np.isnan(found.bias[10, 1])


@pytest.mark.parametrize("seed", range(6))
def test_answers_stand_in_their_order(seed: int) -> None:
    system = _random_system(seed)
    found, tuned = optimum(system), best_reservation(system)
    shared = performance(system, accept_all_table(system))
    slack = 1e-9 * abs(found.gain)
    assert shared.gain <= tuned.performance.gain + slack
    assert tuned.performance.gain <= found.gain + slack
    assert found.gain <= fluid_gain(system) + slack


def test_very_different_holding_times_are_solved_as_well() -> None:
    system = LossSystem.of(30, [1, 4], [30.0, 0.02], [1.0, 1e-3], [1.0, 300.0])
    found = optimum(system)
    assert found.gap <= 1e-8 * found.gain
    assert performance(system, accept_all_table(system)).gain < found.gain <= fluid_gain(system)


def test_a_system_too_large_for_exact_answers_is_refused_with_a_way_out() -> None:
    system = LossSystem.of(100, [1, 1, 1], [60] * 3, [1] * 3, [1, 2, 3])
    with pytest.raises(ValueError, match=r"176851 states.*coarser units.*fluid_gain"):
        optimum(system)
