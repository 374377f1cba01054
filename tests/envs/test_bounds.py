"""The energy bound: nobody returns more, and nobody who keeps every promise spends less."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from ranrein.envs.baselines import AlwaysOn, Forecast, Greedy, LoadThreshold
from ranrein.envs.bounds import MAX_SLEEPERS, EnergyBound, awake_sets, energy_bound, standing_power_w
from ranrein.envs.controller import Controller
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.envs.window import Window
from ranrein.twin.carrier import CarrierState
from ranrein.twin.params import Params
from ranrein.twin.types import F64, I64, Bool

SEEDS = np.arange(8, dtype=np.int64)
TASK = EnergySaving()
SLACK = 1e-9
COPIES = 8  # schedules per seed in the search


@dataclass
class Scheduled:
    """Takes the actions of a table, (T, B, A), whatever happens."""

    table: I64
    at: int = 0
    name: str = "open loop"

    def begin(self, params: Params, n: int) -> None:
        self.at = 0

    def actions(self, params: Params, window: Window) -> I64:
        self.at += 1
        return self.table[self.at - 1]


@dataclass(frozen=True)
class Played:
    """One episode per seed, each (B,)."""

    episode_return: F64
    energy_kwh: F64
    is_safe: Bool


def play(params: Params, controller: Controller, task: EnergySaving = TASK, copies: int = 1) -> Played:
    """One episode per row; ``copies`` rows of every seed, side by side."""
    seeds = np.repeat(SEEDS, copies)
    env = TwinVectorEnv(task, params, len(seeds))
    env.reset(seed=seeds.tolist())
    controller.begin(params, len(seeds))
    total, energy, cost = np.zeros((3, len(seeds)))
    timing = params.scenario.timing
    for _ in range(timing.periods_per_episode):
        _, reward, _, _, info = env.step(controller.actions(params, env.window))
        total += reward
        energy += info["power_w"] * timing.control_period_s / 3.6e6
        cost += info["cost"]
    return Played(total, energy, cost == 0)


def random_table(params: Params, rng: np.random.Generator, stay: tuple[float, ...]) -> I64:
    """Random choices, a column per seed and share of periods that repeat the ones before."""
    kept = np.tile(stay, len(SEEDS))[:, None]
    shape = (params.scenario.timing.periods_per_episode, len(kept), len(params.capacity_cells))
    table = rng.integers(0, len(CarrierState), shape)
    for period in range(1, shape[0]):
        table[period] = np.where(rng.random(shape[1:]) < kept, table[period - 1], table[period])
    return table


def assert_within(played: Played, bound: EnergyBound) -> None:
    copies = len(played.is_safe) // len(SEEDS)
    most, least = np.repeat(bound.episode_return, copies), np.repeat(bound.energy_kwh, copies)
    assert np.all(played.episode_return <= most + SLACK)
    assert np.all(played.energy_kwh[played.is_safe] >= least[played.is_safe] - SLACK)


def mutated(table: I64, rng: np.random.Generator) -> I64:
    """Another choice of one carrier for some time, in every column but the first of each seed."""
    trial = table.copy()
    for column in range(table.shape[1]):
        start, length = rng.integers(0, len(table)), rng.integers(1, 12)
        if column % COPIES:
            trial[start : start + length, column, rng.integers(table.shape[2])] = rng.integers(0, 5)
    return trial


@pytest.fixture(scope="module", params=[MAX_SLEEPERS, 0], ids=["every set", "bids"])
def max_sleepers(request: pytest.FixtureRequest) -> int:
    """Whether the bound looks at every set of awake carriers, or at what users bid."""
    return request.param


@pytest.fixture(scope="module")
def bound(params: Params, max_sleepers: int) -> EnergyBound:
    return energy_bound(params, TASK, SEEDS, max_sleepers=max_sleepers)


@pytest.mark.parametrize(
    "controller", [AlwaysOn(), Greedy(), LoadThreshold(), Forecast()], ids=lambda c: c.name
)
def test_no_baseline_beats_the_bound(params: Params, bound: EnergyBound, controller: Controller) -> None:
    assert_within(play(params, controller), bound)


def test_no_random_policy_beats_the_bound(params: Params, bound: EnergyBound) -> None:
    table = random_table(params, np.random.default_rng(0), stay=(0.0, 0.9, 0.99))
    assert_within(play(params, Scheduled(table), copies=3), bound)


def test_nothing_that_never_changes_beats_the_bound(params: Params, bound: EnergyBound) -> None:
    states = np.tile(np.arange(len(CarrierState)), len(SEEDS))
    one = np.repeat(states[:, None], len(params.capacity_cells), axis=1)
    table = np.repeat(one[None], params.scenario.timing.periods_per_episode, axis=0)
    assert_within(play(params, Scheduled(table), copies=len(CarrierState)), bound)


@pytest.mark.parametrize("goal", ["return", "energy"])
def test_no_schedule_found_by_search_in_hindsight_beats_the_bound(
    night: Params, goal: str, max_sleepers: int
) -> None:
    rng, bound = np.random.default_rng(1), energy_bound(night, TASK, SEEDS, max_sleepers=max_sleepers)
    shape = (night.scenario.timing.periods_per_episode, len(SEEDS) * COPIES, len(night.capacity_cells))
    table, scores = np.full(shape, int(CarrierState.ACTIVE)), []
    for _ in range(12):
        trial = mutated(table, rng)
        played = play(night, Scheduled(trial), copies=COPIES)
        assert_within(played, bound)
        score = (
            played.episode_return if goal == "return" else np.where(played.is_safe, -played.energy_kwh, -1e3)
        )
        best = score.reshape(len(SEEDS), COPIES).argmax(axis=1) + COPIES * np.arange(len(SEEDS))
        table = np.repeat(trial[:, best], COPIES, axis=1)
        scores.append(score[best].sum())
    assert scores[-1] > scores[0]


@pytest.mark.parametrize("weights", [{"energy": 1.0, "service": 0.0, "calm": 0.0},
                                     {"energy": 5.0, "service": 0.1, "calm": 2.0}])  # fmt: skip
def test_the_bound_holds_for_other_weights(
    night: Params, weights: dict[str, float], max_sleepers: int
) -> None:
    task = EnergySaving(weights=weights)
    bound = energy_bound(night, task, SEEDS, max_sleepers=max_sleepers)
    for depth in (CarrierState.ACTIVE, CarrierState.DEEP_SLEEP):
        table = np.full((24, len(SEEDS), len(night.capacity_cells)), int(depth))
        assert np.all(play(night, Scheduled(table), task).episode_return <= bound.episode_return + SLACK)


def test_the_bound_is_worth_something(params: Params, bound: EnergyBound) -> None:
    awake = play(params, AlwaysOn())
    periods = params.scenario.timing.periods_per_episode
    assert np.all(bound.energy_kwh < 0.9 * awake.energy_kwh)
    assert np.all(bound.energy_kwh > params.least_power_w * periods * 300 / 3.6e6)
    assert np.all((awake.episode_return < bound.episode_return) & (bound.episode_return < periods))


def test_an_episode_is_bounded_alike_alone_and_in_a_batch(night: Params, max_sleepers: int) -> None:
    whole, alone = (energy_bound(night, TASK, s, max_sleepers=max_sleepers) for s in (SEEDS, SEEDS[3:4]))
    assert whole.episode_return[3] == alone.episode_return[0]
    assert whole.energy_kwh[3] == alone.energy_kwh[0]


def test_every_set_of_awake_capacity_is_looked_at(params: Params) -> None:
    sets, n = awake_sets(params), len(params.capacity_cells)
    assert sets.shape == (2**n, params.n_cells)
    assert np.all(sets[:, params.coverage_cells] == 0)
    assert len({row.tobytes() for row in sets}) == 2**n
    assert standing_power_w(params, sets).min() == pytest.approx(params.least_power_w)


def test_progress_reaches_the_end_and_the_first_period_can_be_changed(night: Params) -> None:
    shares: list[float] = []
    quiet = energy_bound(night, TASK, SEEDS[:1], shares.append)
    double = energy_bound(night, TASK, SEEDS[:1], first_period=lambda s: s.arrays.area_load.__imul__(2))
    assert shares[-1] == 1.0
    assert double.energy_kwh[0] > quiet.energy_kwh[0]


def test_a_network_the_proof_does_not_cover_is_refused(night: Params) -> None:
    slow = replace(night, arrays=night.arrays._replace(ttt_s=np.float32(61.0)))
    with pytest.raises(ValueError, match="time_to_trigger_s"):
        energy_bound(slow, TASK, SEEDS)
