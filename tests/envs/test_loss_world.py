"""The loss system as an environment: exact gains, what is reported, and how an episode begins."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import ranrein.envs  # noqa: F401  (registers the ids)
from ranrein.envs.loss_scenario import LossScenario
from ranrein.envs.registry import make_env, make_vector_env
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.loss.erlang import blocking
from ranrein.twin.loss.optimum import optimum
from ranrein.twin.loss.start import SteadyStart
from ranrein.twin.loss.states import LossStates, product_form, table_strides
from ranrein.twin.loss.system import LossSystem
from ranrein.twin.seeding import make_keys

ID = "ranrein/SliceAdmission-v0"
REPLICAS, REQUESTS = 512, 250
# Exact average rewards per second of two independent solvers: arguments, best, whatever fits is admitted.
KNOWN = {
    "two prices": ((10, [1, 1], [8, 8], [1, 1], [10, 1]), 70.26711486, 49.23059365),
    "two paces": ((20, [1, 4], [10, 0.5], [1, 0.2], [1, 20]), 14.97421196, 14.97421196),
    "three slices": ((30, [1, 2, 5], [8, 4, 2], [1, 1, 1], [1, 4, 6]), 30.42229067, 30.33506092),
}
NAMES = ("capacity", "units", "arrival_rates", "service_rates", "rewards")


def settings(arguments: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(NAMES, arguments, strict=True))


def gain(table: np.ndarray, arguments: tuple[Any, ...], seed: int = 0) -> tuple[float, float]:
    """Average revenue per second of a table, as the environment reports it, and its standard error."""
    env = make_vector_env(ID, REPLICAS, autoreset_mode=AutoresetMode.DISABLED, **settings(arguments))
    _, info = env.reset(seed=seed)
    revenue, elapsed = np.zeros(REPLICAS), np.zeros(REPLICAS)
    for turn in range(2 * REQUESTS):
        admit = table[(*info["in_service"].T, info["request"])]
        *_, info = env.step(admit.astype(np.int64)[:, None])
        if turn >= REQUESTS:  # long after the beginning is forgotten
            revenue += info["revenue"]
            elapsed += info["elapsed_s"]
    mean = float(revenue.sum() / elapsed.sum())
    return mean, float((revenue - mean * elapsed).std() / np.sqrt(REPLICAS) / elapsed.mean())


def fits_table(system: LossSystem) -> np.ndarray:
    states = LossStates.of(system)
    return states.spread(states.fits, False).astype(np.bool_)


def assert_exact(arguments: tuple[Any, ...], best: float, accept_all: float) -> None:
    system = LossSystem.of(*arguments)
    found, error = gain(optimum(system).table, arguments)
    assert abs(found - best) <= 3 * error
    assert error < 0.01 * best
    found, error = gain(fits_table(system), arguments)
    assert abs(found - accept_all) <= 3 * error


@pytest.mark.parametrize("name", KNOWN)
def test_the_best_table_and_whatever_fits_earn_what_theory_says(name: str) -> None:
    assert_exact(*KNOWN[name])


def test_every_reference_instance_earns_what_theory_says(reference_data: Path) -> None:
    with (reference_data / "reference" / "slice_admission_mdp_optima.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 6
    for row in rows:
        names = ("b_units", "lambda", "mu", "reward_per_admission")
        columns = [[float(value) for value in row[name].split()] for name in names]
        arguments = (int(row["capacity"]), *columns)
        exact = (float(row["opt_gain_policy_iteration"]), float(row["accept_all_gain_kaufman_roberts"]))
        assert_exact(arguments, *exact)


def test_whatever_fits_is_blocked_as_kaufman_and_roberts_say() -> None:
    env = make_vector_env(ID, REPLICAS, capacity=9, units=[1, 4], arrival_rates=[3, 1], rewards=[1, 2],
                          service_rates=[1, 0.5], episode_requests=REQUESTS)  # fmt: skip
    env.reset(seed=1)
    asked, admitted = np.zeros(2), np.zeros(2)
    for _ in range(REQUESTS):
        *_, info = env.step(np.ones((REPLICAS, 1), np.int64))
        kpis = info.get("final_info", info)["kpis"]
        asked += kpis["DRB.EstabAtt"].sum(axis=0)
        admitted += kpis["DRB.EstabSucc"].sum(axis=0)
    assert asked.sum() == REPLICAS * REQUESTS
    expected = blocking(9, [1, 4], [3.0, 2.0])
    assert 1 - admitted / asked == pytest.approx(expected, abs=0.01)


def test_the_steady_state_is_drawn_exactly() -> None:
    system = LossSystem.of(7, [1, 2, 5], [2.0, 1.5, 0.0], [1.0, 0.5, 1.0], [1.0, 1.0, 1.0])
    states, n = LossStates.of(system), 200_000
    held = SteadyStart(system).steady(make_keys(np.arange(n), np.zeros(n, np.int64)))
    seen = np.bincount(np.searchsorted(states.place, held @ table_strides(system)), minlength=states.n_states)
    assert np.all(held @ system.units <= system.capacity)
    expected = n * product_form(states)
    assert not seen[expected == 0].any()
    inside = expected > 0
    squares = (seen[inside] - expected[inside]) ** 2 / expected[inside]
    assert squares.sum() < inside.sum() + 4 * np.sqrt(2 * inside.sum())


def test_who_is_in_service_when_an_episode_begins_is_what_a_request_finds_in_the_long_run() -> None:
    env = make_vector_env(ID, 20_000, **settings(KNOWN["two paces"][0]))
    _, info = env.reset(seed=0)
    states = LossStates.of(env.params.system)
    expected = product_form(states) @ states.counts
    error = info["in_service"].std(axis=0) / np.sqrt(20_000)
    assert np.all(np.abs(info["in_service"].mean(axis=0) - expected) < 4 * error)


def test_the_beginning_is_the_same_alone_and_in_a_batch() -> None:
    start = SteadyStart(LossSystem.of(24, [1, 3, 8], [0.3, 0.06, 0.02], [0.03, 0.02, 0.02], [1, 1, 1]))
    seeds, episodes = np.arange(40), np.arange(40) % 3
    alone = [start(seeds[i : i + 1], episodes[i : i + 1])[0] for i in range(40)]
    assert np.array_equal(start(seeds, episodes), alone)


def test_the_world_adds_up_request_by_request() -> None:
    env = make_env(ID, capacity=6, units=[1, 4], arrival_rates=[2, 1], service_rates=[1, 1], rewards=[1, 5],
                   penalties=[0.5, 0], episode_requests=200)  # fmt: skip
    _, info = env.reset(seed=3)
    rng, seen = np.random.default_rng(0), set()
    for _ in range(200):
        asks, held, masks = info["request"], info["in_service"], env.action_masks()
        fits = [1, 4][asks] <= 6 - held @ [1, 4]
        assert masks.tolist() == [True, fits]
        choice = int(rng.integers(2))
        _, reward, _, over, info = env.step([choice])
        admitted = bool(choice and fits)
        assert info["revenue"] == ([1.0, 5.0][asks] if admitted else [-0.5, 0.0][asks])
        assert reward == info["reward_terms"]["revenue"] == (info["revenue"] + 0.5) / 5.5
        assert info["command"].tolist() == [int(admitted)]
        assert info["cost"] == info["costs"]["beyond capacity"] == float(choice and not fits)
        assert info["kpis"]["DRB.EstabAtt"].tolist() == [asks == 0, asks == 1]
        assert info["kpis"]["DRB.EstabSucc"].sum() == admitted
        assert np.all(info["in_service"] <= held + info["kpis"]["DRB.EstabSucc"])
        assert 0 <= info["kpis"]["RRU.PrbTotDl"] <= 100
        assert info["elapsed_s"] > 0
        seen.add((fits, choice))
    assert over
    assert len(seen) == 4


def test_the_observation_tells_who_asks_who_is_in_service_and_what_is_free() -> None:
    env = make_env(ID, capacity=6, units=[1, 4], arrival_rates=[2, 1], service_rates=[1, 1], rewards=[1, 5])
    seen, info = env.reset(seed=3)
    for _ in range(50):
        asks, held = info["request"], info["in_service"]
        free = 6 - held @ [1, 4]
        left = free - [1, 4][asks]
        bools = [free >= 1, free >= 4, left >= 1, left >= 4]
        expected = np.array([asks == 0, asks == 1, held[0] / 6, held[1] / 1, free / 6, *bools])
        assert seen == pytest.approx(2 * expected - 1, abs=1e-6)
        seen, *_, info = env.step([1])


def test_the_picture_shows_who_holds_the_capacity_and_who_asks() -> None:
    env = make_env(ID, render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    assert first is not None
    assert (first.shape, first.dtype) == ((720, 1280, 3), np.uint8)
    assert np.array_equal(env.render(), first)
    env.step([1])
    assert not np.array_equal(env.render(), first)
    env.close()


def test_rows_follow_their_seeds_whatever_is_beside_them() -> None:
    network = LossScenario(LossSystem.of(9, [1, 4], [3, 1], [1, 0.5], [1, 2]), 20)
    batch, alone = (make_vector_env(ID, n, network) for n in (5, 1))
    rows = [batch.reset(seed=[4, 8, 1, 8, 0])[1], alone.reset(seed=8)[1]]
    for _ in range(45):
        assert rows[0]["request"][1] == rows[0]["request"][3] == rows[1]["request"][0]
        assert np.array_equal(rows[0]["in_service"][1], rows[1]["in_service"][0])
        rows = [env.step(np.ones((env.num_envs, 1), np.int64))[4] for env in (batch, alone)]
        assert rows[0]["elapsed_s"][1] == rows[1]["elapsed_s"][0]


def test_the_door_of_the_design_is_open() -> None:
    env = gym.make(ID, scenario="loss_system", **settings(KNOWN["two prices"][0]))
    assert isinstance(env.unwrapped.batch, TwinVectorEnv)
    assert env.unwrapped.batch.params.system == LossSystem.of(*KNOWN["two prices"][0])
    many = gym.make_vec(ID, 3, vectorization_mode="vector_entry_point", scenario="loss_system", capacity=30)
    assert many.unwrapped.params.system.capacity == 30
