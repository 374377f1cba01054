"""The bound of large networks: bids that no awake carrier could be paid for more cheaply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.baselines import AlwaysOn, Greedy, LoadThreshold
from ranrein.envs.bounds import MAX_SLEEPERS, EnergyBound, energy_bound
from ranrein.envs.controller import Controller
from ranrein.envs.energy_dual import least_power_by_bids, opening_w, watch_period
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.envs.window import Window
from ranrein.twin.kernels.dual import Auction, bid_moment, make_auction
from ranrein.twin.kernels.layout import Scratch
from ranrein.twin.params import Params
from ranrein.twin.state import State, begin
from ranrein.twin.types import F64, I64

from .conftest import params_named, short_day

SEEDS = np.arange(3, dtype=np.int64)
TASK = EnergySaving()


@pytest.fixture(scope="module", params=["rural_leo", "dense_urban"])
def large(request: pytest.FixtureRequest) -> Params:
    """More carriers that may sleep than sets can be listed for; two hours from midnight."""
    return short_day(params_named(request.param), 24)


@pytest.fixture(scope="module")
def bound(large: Params) -> EnergyBound:
    return energy_bound(large, TASK, SEEDS)


def auctioned(params: Params, n: int) -> tuple[Auction, F64, State]:
    """One moment of one replica, the last of ``n``: its auction, and bids and Mbit/s (2, U)."""
    state = begin(params, np.arange(n), np.zeros(n, np.int64))
    auction = make_auction(opening_w(params), params.n_users)
    out = np.empty((n, 2, params.n_users))
    watch_period(
        params, state, lambda scratch: bid_moment(params.arrays, state.arrays, scratch, auction, out)
    )
    return auction, out[-1], state


def played(params: Params, choose: Controller) -> tuple[F64, F64, F64]:
    """Return, energy in kWh and unsafe periods of every seed."""
    env = TwinVectorEnv(TASK, params, len(SEEDS))
    env.reset(seed=SEEDS.tolist())
    choose.begin(params, len(SEEDS))
    total, kwh, unsafe = np.zeros((3, len(SEEDS)))
    for _ in range(params.scenario.timing.periods_per_episode):
        _, reward, _, _, info = env.step(choose.actions(params, env.window))
        total += reward
        kwh += info["power_w"] * params.scenario.timing.control_period_s / 3.6e6
        unsafe += info["cost"] > 0
    return total, kwh, unsafe


class Fixed:
    """Asks for the same states in every period."""

    name = "fixed"

    def __init__(self, states: I64) -> None:
        self._states = states

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Ask for them."""
        return self._states


@pytest.mark.parametrize("controller", [AlwaysOn(), Greedy(), LoadThreshold()], ids=lambda c: c.name)
def test_no_baseline_beats_the_bound(large: Params, bound: EnergyBound, controller: Controller) -> None:
    total, kwh, unsafe = played(large, controller)
    assert np.all(total <= bound.episode_return)
    assert np.all((kwh >= bound.energy_kwh) | (unsafe > 0))


@pytest.mark.parametrize("seed", range(3))
def test_no_fixed_choice_beats_the_bound(large: Params, bound: EnergyBound, seed: int) -> None:
    shape = (len(SEEDS), len(large.capacity_cells))
    rng = np.random.default_rng(seed)
    states = np.where(rng.random(shape) < rng.random((shape[0], 1)), rng.integers(1, 5, shape), 0)
    total, kwh, unsafe = played(large, Fixed(states))
    assert np.all(total <= bound.episode_return)
    assert np.all((kwh >= bound.energy_kwh) | (unsafe > 0))


def test_the_bound_is_worth_something(large: Params, bound: EnergyBound) -> None:
    assert len(large.capacity_cells) > MAX_SLEEPERS
    _, kwh, _ = played(large, AlwaysOn())
    assert np.all(bound.energy_kwh < 0.9 * kwh)
    assert np.all(bound.energy_kwh > 1.02 * large.least_power_w * 2e-3)


@pytest.mark.parametrize("name", ["tiny", "urban", "rural_leo"])
def test_where_nothing_may_be_dropped_bids_stay_below_every_set(name: str) -> None:
    params = short_day(params_named(name), 4)
    strict = replace(params.scenario, sla=replace(params.scenario.sla, max_blocked_frac=0.0))
    exact, bids = (
        energy_bound(replace(params, scenario=strict), TASK, SEEDS, max_sleepers=n) for n in (99, 0)
    )
    assert np.all(bids.energy_kwh <= exact.energy_kwh * (1 + 1e-9))
    assert np.all(bids.episode_return >= exact.episode_return * (1 - 1e-9))


def test_nobody_bids_more_than_its_coverage_asks_nor_more_than_carriers_cost(urban: Params) -> None:
    auction, (bid, asked), _ = auctioned(urban, 3)
    spent, cheapest = np.zeros(urban.n_cells), np.full(urban.n_users, np.inf)
    for user in range(urban.n_users):
        for cell, price in zip(
            auction.option[user], auction.price[user][: auction.n_options[user]], strict=False
        ):
            spent[cell] += asked[user] * max(0.0, bid[user] - float(price))
            if not urban.is_capacity[cell]:
                cheapest[user] = min(cheapest[user], float(price))
    assert np.all(spent <= opening_w(urban) + 1e-9)
    assert np.all(bid[bid > 0] <= cheapest[bid > 0] + 1e-12)
    assert np.allclose(opening_w(urban) - spent, auction.room)
    assert (bid > 0).sum() > 50


def test_users_without_coverage_bid_nothing(urban: Params) -> None:
    deaf = np.where(urban.is_capacity, urban.arrays.min_rsrp_dbm, np.float32(0.0)).astype(np.float32)
    auction, (bid, asked), _ = auctioned(replace(urban, arrays=urban.arrays._replace(min_rsrp_dbm=deaf)), 1)
    assert asked.max() > 0
    assert not bid.any()
    assert not auction.n_options.any()


def test_only_the_dearest_traffic_that_may_be_dropped_is_taken_off(urban: Params) -> None:
    powers = []
    for share in (0.0, 0.01, 0.5, 0.999):
        sla = replace(urban.scenario.sla, max_blocked_frac=share)
        params = replace(urban, scenario=replace(urban.scenario, sla=sla))
        state = begin(params, SEEDS, np.zeros_like(SEEDS))
        powers.append(least_power_by_bids(params, state) - params.least_power_w)
    none, little, half, nearly_all = powers
    assert np.all(little < 0.99 * none)  # one per cent of the traffic is more than one per cent of its cost
    assert np.all(half < 0.5 * none)
    assert np.all((nearly_all >= 0) & (nearly_all < 0.001 * none))


def test_a_moment_is_looked_at_after_each_step(urban: Params) -> None:
    state = begin(urban, SEEDS, np.zeros_like(SEEDS))
    seen = watch_period(urban, state, lambda scratch: (type(scratch), state.arrays.step.copy()))
    steps = urban.scenario.timing.steps_per_period
    assert [int(step[0]) for _, step in seen] == list(range(steps))
    assert all(kind is Scratch for kind, _ in seen)
    assert state.arrays.step.tolist() == [steps] * len(SEEDS)
