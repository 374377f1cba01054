"""Bounds of admission: the doors for plain numbers, and returns that nobody exceeds."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranrein.envs.bounds import admission_bound, loss_system_blocking, loss_system_optimum
from ranrein.envs.loss_baselines import (
    AcceptAll,
    ExactOptimum,
    RevenueDensity,
    TrunkReservation,
    admission_reference,
    admission_rules,
)
from ranrein.envs.loss_horizon import best_revenue, fluid_revenue
from ranrein.envs.loss_scenario import LossScenario
from ranrein.envs.loss_world import LossWindow
from ranrein.envs.slice_admission import SliceAdmission
from ranrein.envs.worlds import network_of
from ranrein.twin.loss.chain import performance
from ranrein.twin.loss.optimum import optimum
from ranrein.twin.loss.states import LossStates, accept_all_table
from ranrein.twin.loss.system import LossSystem

TASK = SliceAdmission()
NETWORKS = {
    "default": network_of(TASK, None, {"episode_requests": 250}),
    "short": network_of(TASK, None, {"episode_requests": 5}),
    "penalties": LossScenario(LossSystem.of(12, [1, 3], [8, 4], [1, 2], [1, 4], [0.5, 1]), 60),
    "slow": LossScenario(LossSystem.of(6, [1, 2], [8, 4], [0.1, 0.2], [1, 3]), 80),
}
EPISODES = 600


def column(row: dict[str, str], name: str) -> list[float]:
    return [float(value) for value in row[name].split()]


def read(reference_data: Path, name: str) -> list[dict[str, str]]:
    with (reference_data / "reference" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_optimum_from_plain_numbers_is_the_known_one() -> None:
    gain, policy = loss_system_optimum(10, [1, 1], (8.0, 8.0), np.ones(2), [10, 1])
    assert gain == pytest.approx(70.26711, abs=6e-6)
    assert policy.shape == (11, 11, 2)
    assert policy[:10, 0, 0].all()
    assert not policy[..., 1].any()  # trunk reservation (0, 10)
    assert loss_system_optimum(10, 1, [8, 8], 1.0, [10, 1])[0] == gain  # numbers stand for every class


def test_blocking_from_plain_numbers_is_the_known_one() -> None:
    assert loss_system_blocking(5, [1, 2], [2, 1]) == pytest.approx([0.1721854, 0.3818984], abs=1e-7)
    assert loss_system_blocking(5, [1, 2], [2, 1], [1, 0]) == pytest.approx([0.3253012] * 2, abs=1e-7)
    assert loss_system_blocking(5, 2, 2.0) == pytest.approx([0.4])


@pytest.mark.parametrize(("change", "message"), [
    ({"units": [1, 2, 3]}, "one value per class"),
    ({"units": [[1, 2]]}, "one value per class"),
    ({"units": [1, 30]}, "never fit into capacity=10"),
    ({"units": [1, float("nan")]}, "whole number"),
    ({"arrival_rates": [1.0, -1.0]}, "arrival_rate_per_s=-1.0"),
    ({"service_rates": [1.0, 0.0]}, "finite and positive"),
    ({"rewards": [1.0, float("inf")]}, "reward=inf"),
    ({"capacity": 0}, "capacity=0"),
])  # fmt: skip
def test_bad_numbers_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    good = {
        "capacity": 10,
        "units": [1, 2],
        "arrival_rates": [1, 1],
        "service_rates": [1, 1],
        "rewards": [1, 1],
    }
    with pytest.raises(ValueError, match=message):
        loss_system_optimum(**(good | change))


def test_every_reference_optimum_is_found_through_the_door(reference_data: Path) -> None:
    for row in read(reference_data, "slice_admission_mdp_optima.csv"):
        numbers = [column(row, name) for name in ("b_units", "lambda", "mu", "reward_per_admission")]
        gain, _ = loss_system_optimum(int(row["capacity"]), *numbers)
        assert gain == pytest.approx(float(row["opt_gain_policy_iteration"]), abs=1.1e-8)


def test_every_reference_blocking_is_found_through_the_door(reference_data: Path) -> None:
    cases: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read(reference_data, "kaufman_roberts_vectors.csv"):
        cases[f"{row['case']} {row['capacity']}"].append(row)
    for rows in cases.values():
        units, load = ([float(row[name]) for row in rows] for name in ("b_units", "offered_erlang"))
        kept = [int(row["br_t"] or 0) for row in rows]
        found = loss_system_blocking(int(rows[0]["capacity"]), units, load, kept)
        assert found == pytest.approx([float(row["blocking"]) for row in rows], abs=1e-8)
    for row in read(reference_data, "erlang_b.csv"):
        found = loss_system_blocking(int(row["servers"]), 1, float(row["offered_erlang"]))
        assert found == pytest.approx([float(row["blocking"])], abs=1e-10)


class Table:
    """Answers from an admission table."""

    def __init__(self, table: np.ndarray) -> None:
        self._table = table

    def begin(self, params: LossScenario, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: LossScenario, window: LossWindow) -> np.ndarray:
        return self._table[(*window.held.T, window.request)].astype(np.int64)[:, None]


def returns(rule: Any, network: LossScenario) -> np.ndarray:
    world, seeds = TASK.world(network, EPISODES), np.arange(EPISODES)
    world.start(seeds, np.zeros_like(seeds))
    rule.begin(network, EPISODES)
    total = np.zeros(EPISODES)
    while not world.over().all():
        world.step(rule.actions(network, world.window))
        total += world.judged()["reward_terms"]["revenue"]
    return total


def excess(rule: Any, network: LossScenario, bound: np.ndarray) -> float:
    """By how many standard errors the mean return is above the bound."""
    above = returns(rule, network) - bound
    return float(above.mean() / (above.std() / np.sqrt(EPISODES)))


def climbed(network: LossScenario) -> np.ndarray:
    """A policy that a search found: accept-all, changed state by state as long as the long-run gain grows."""
    rng, table = np.random.default_rng(0), accept_all_table(network.system)
    possible, best = np.argwhere(table), performance(network.system, table).gain
    for place in rng.permutation(possible)[:60]:
        tried = table.copy()
        tried[tuple(place)] ^= True
        if (gain := performance(network.system, tried).gain) > best:
            table, best = tried, gain
    return table


@pytest.mark.parametrize("name", NETWORKS)
def test_nobody_beats_the_bound_and_the_best_policy_nearly_reaches_it(name: str) -> None:
    network, rng = NETWORKS[name], np.random.default_rng(1)
    bound = admission_bound(network, TASK, np.arange(EPISODES)).episode_return
    fits = accept_all_table(network.system)
    tables = [fits & (rng.random(fits.shape) < share) for share in (0.3, 0.7, 0.95)]
    rules = [*admission_rules(network), *map(Table, [*tables, climbed(network)])]
    assert all(excess(rule, network, bound) < 3 for rule in rules)
    best = returns(ExactOptimum(), network)
    assert abs(excess(ExactOptimum(), network, bound)) < 3 or best.mean() < bound.mean()
    nearly = {"default": 0.97, "penalties": 0.97}.get(name, 0.7)  # in the long run it is best, not at the end
    assert best.mean() > nearly * bound.mean()


def test_the_horizon_bound_is_the_best_over_all_plans_of_two_requests() -> None:
    system = LossSystem.of(3, [1, 2], [2.0, 1.0], [1.0, 0.5], [1.0, 4.0])
    network = LossScenario(system, 2)
    window = LossWindow(np.array([0], np.int32), np.array([[1, 0]]))  # one small one in service, another asks
    # With a in service at an answer, each leaves before the next request with probability mu / (mu + 3) in turn.
    leaves = {1: [3 / 4, 1 / 4], 2: [3 / 5, 2 / 5 * 3 / 4, 2 / 5 * 1 / 4]}
    worth = lambda held: (2 * (1.0 if held < 3 else 0.0) + (4.0 if held + 2 <= 3 else 0.0)) / 3  # noqa: E731
    after = {n: sum(p * worth(n - gone) for gone, p in enumerate(chances)) for n, chances in leaves.items()}
    assert best_revenue(network, window) == pytest.approx([max(1.0 + after[2], after[1])])


def test_the_fluid_bound_is_the_knapsack_written_out() -> None:
    system = LossSystem.of(4, [1, 2], [3.0, 1.0], [0.5, 1.0], [1.0, 5.0], [0.0, 1.0])
    window = LossWindow(np.array([1, 0], np.int32), np.array([[2, 1], [0, 0]]))
    # 8 further requests take 9 / 4 s, and those in service at the end hold on for 2 s at most: 4 units x 4.25 s = 17.
    # An admission of either class holds 2 unit-seconds; three are in service at first.
    first = (
        6.0 * 3.0 + 1.0 * 2.5 - 1.0 * 3.0
    )  # all 3 of class 1 (reward and penalty), 5 / 2 of class 0, 3 refusals
    second = 6.0 * 2.0 + 1.0 * 6.5 - 1.0 * 2.0  # all 2 of class 1, 13 / 2 of class 0 of 7, 2 refusals
    assert fluid_revenue(LossScenario(system, 9), window) == pytest.approx([first, second])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_bound_for_large_systems_is_above_the_exact_one(name: str) -> None:
    world, seeds = TASK.world(NETWORKS[name], 64), np.arange(64)
    world.start(seeds, np.zeros_like(seeds))
    exact, fluid = (most(NETWORKS[name], world.window) for most in (best_revenue, fluid_revenue))
    assert np.all(fluid >= exact - 1e-9)


def test_a_system_too_large_for_tables_has_a_bound_and_rules() -> None:
    system = LossSystem.of(2000, [1, 7, 20], [900.0, 90.0, 30.0], [1.0, 1.0, 1.0], [1.0, 9.0, 50.0])
    network = LossScenario(system, 2000)
    rules = admission_rules(network)
    assert [rule.name for rule in rules] == ["accept all", "revenue density"]
    assert admission_reference(network) == []
    world, seeds = TASK.world(network, 16), np.arange(16)
    bound = admission_bound(network, TASK, seeds).episode_return
    for rule in rules:
        world.start(seeds, np.zeros_like(seeds))
        rule.begin(network, 16)
        total = np.zeros(16)
        while not world.over().all():
            world.step(rule.actions(network, world.window))
            total += world.judged()["reward_terms"]["revenue"]
        assert total.mean() < bound.mean()


def test_rules_decide_as_their_names_say() -> None:
    network = LossScenario(LossSystem.of(10, [1, 1], [8, 8], [1, 1], [10, 1]))
    held = np.array([[3, 3], [9, 0], [9, 1], [0, 0]])
    window = lambda k: LossWindow(np.full(4, k, np.int32), held)  # noqa: E731
    answers = {}
    for rule in (AcceptAll(), RevenueDensity(), TrunkReservation(), ExactOptimum()):
        rule.begin(network, 4)
        answers[rule.name] = [rule.actions(network, window(k))[:, 0].tolist() for k in (0, 1)]
    fits = [1, 1, 0, 1]
    assert answers["accept all"] == [fits, fits]
    assert answers["revenue density"] == [fits, fits]  # 8 of 10 units are left to the cheap class
    assert answers["trunk reservation"] == answers["exact optimum"] == [fits, [0, 0, 0, 0]]
    dear = LossScenario(LossSystem.of(10, [1, 1], [12, 8], [1, 1], [10, 1]))
    rule = RevenueDensity()
    rule.begin(dear, 4)
    assert rule.actions(dear, window(1))[:, 0].tolist() == [0, 0, 0, 0]


def test_the_default_instance_is_worth_learning() -> None:
    system = NETWORKS["default"].system
    free, best = performance(system, accept_all_table(system)).gain, optimum(system).gain
    rule = TrunkReservation()
    rule.begin(NETWORKS["default"], 1)
    assert best > 1.1 * free
    tuned = returns(rule, NETWORKS["default"]).mean()
    assert returns(AcceptAll(), NETWORKS["default"]).mean() < 0.95 * tuned
    assert tuned < 0.98 * admission_bound(NETWORKS["default"], TASK, np.arange(4)).episode_return.mean()


def test_every_state_has_a_place_in_the_table_that_rules_read() -> None:
    states = LossStates.of(NETWORKS["default"].system)
    rule = ExactOptimum()
    rule.begin(NETWORKS["default"], states.n_states)
    for k in range(3):
        window = LossWindow(np.full(states.n_states, k, np.int32), states.counts)
        assert not np.any(rule.actions(NETWORKS["default"], window)[~states.fits[:, k]])


def test_a_list_that_is_too_short_stands_for_no_other_class() -> None:
    assert loss_system_blocking(5, [1, 2], 2) == pytest.approx(loss_system_blocking(5, [1, 2], [2, 2]))
    for units, offered, kept in (((1, 2), (2,), None), ((1, 2), (2, 1), (0,)), ((1,), (2, 1), None)):
        with pytest.raises(ValueError, match="give one value per class to each"):
            loss_system_blocking(5, units, offered, kept)
