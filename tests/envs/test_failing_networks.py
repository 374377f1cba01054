"""Energy saving where cells fail and backhauls are narrow: it runs, and nobody beats the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.baselines import AlwaysOn, Greedy, LoadThreshold
from ranrein.envs.bounds import MAX_SLEEPERS, energy_bound
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.controller import Controller
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.backhaul import Backhaul
from ranrein.twin.failures import Failures, MeanTimes
from ranrein.twin.params import Params
from ranrein.twin.types import F64

from .conftest import short_day

SEEDS = np.arange(8, dtype=np.int64)
TASK = EnergySaving()
OFTEN = MeanTimes(mtbf_h=3.0, mttr_h=0.5)


@pytest.fixture(scope="module")
def failing() -> Params:
    """Four hours of the urban network with frequent failures and a microwave link that is full at times."""
    plain = load_scenario("urban")
    macro, plaza = plain.sites
    sites = (macro, replace(plaza, backhaul=Backhaul("microwave", 15.0, hops=2)))
    failures = Failures(radio_unit=OFTEN, site_power=OFTEN)
    return short_day(Params.of(replace(plain, sites=sites, failures=failures)), 48)


def play(params: Params, controller: Controller) -> tuple[F64, F64, F64]:
    """Return, energy in kWh and unsafe periods of every seed."""
    env = TwinVectorEnv(TASK, params, len(SEEDS))
    env.reset(seed=SEEDS.tolist())
    controller.begin(params, len(SEEDS))
    total, kwh, unsafe, down = np.zeros((4, len(SEEDS)))
    for _ in range(params.scenario.timing.periods_per_episode):
        shown, reward, _, _, info = env.step(controller.actions(params, env.window))
        assert np.isfinite(shown).all()
        assert np.all((reward >= 0) & (reward <= 1))
        total += reward
        kwh += info["power_w"] * params.scenario.timing.control_period_s / 3.6e6
        unsafe += info["cost"]
        down += env.window.kpis.disabled.sum(axis=1)
    assert down.any(), "no failure was ever reported"
    return total, kwh, unsafe


@pytest.mark.parametrize("max_sleepers", [MAX_SLEEPERS, 0])
def test_no_baseline_beats_the_bound(failing: Params, max_sleepers: int) -> None:
    bound = energy_bound(failing, TASK, SEEDS, max_sleepers=max_sleepers)
    for controller in (AlwaysOn(), Greedy(), LoadThreshold()):
        total, kwh, unsafe = play(failing, controller)
        assert np.all(total <= bound.episode_return + 1e-9), controller.name
        assert np.all(kwh[unsafe == 0] >= bound.energy_kwh[unsafe == 0] - 1e-9), controller.name


def test_one_cell_that_never_sleeps_may_fail_and_the_bound_lets_its_users_go(failing: Params) -> None:
    rare = replace(failing.scenario, failures=Failures(radio_unit=MeanTimes(1.0, 2.0)))
    bound = energy_bound(Params.of(rare), TASK, SEEDS)
    spared = energy_bound(Params.of(replace(rare, failures=Failures())), TASK, SEEDS)
    assert np.all(bound.energy_kwh != spared.energy_kwh)
