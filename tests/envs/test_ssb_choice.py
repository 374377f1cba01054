"""SSB periods in the energy saving problem: what is chosen, seen, paid and bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.baselines import AlwaysOn, Forecast, LoadThreshold, Rule, candidates
from ranrein.envs.bounds import energy_bound
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.energy_dual import opening_w
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.joint_control import JointControl
from ranrein.envs.multi_agent import parallel_env
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.carrier import CarrierState
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent
from ranrein.twin.types import I64

from .conftest import params_named, short_day

TASK = EnergySaving()
SEEDS = np.arange(3, dtype=np.int64)
N = 9  # capacity carriers of the factory
PERIODS = 4


@pytest.fixture(scope="module")
def factory() -> Params:
    """Two hours from midnight of a scenario with four SSB periods."""
    return short_day(params_named("private_factory"), 24)


class Settled:
    """Always the same action."""

    def __init__(self, state: CarrierState, period: int) -> None:
        self.action = np.concatenate([np.full(N, state), np.full(N, period)]).astype(np.int64)

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: object) -> I64:
        return np.tile(self.action, (len(SEEDS), 1))


class Restless:
    """Anything the masks allow."""

    def begin(self, params: Params, n: int) -> None:
        self.rng = np.random.default_rng(2)

    def actions(self, params: Params, window: object) -> I64:
        nvec = TASK.action_space(params).nvec
        return self.rng.integers(0, nvec, (len(SEEDS), len(nvec)))


def _play(params: Params, controller: Settled | Restless | Rule) -> tuple[np.ndarray, np.ndarray]:
    """Return and mean power of every episode, (B,) each."""
    env = TwinVectorEnv(TASK, params, len(SEEDS))
    env.reset(seed=SEEDS.tolist())
    controller.begin(params, len(SEEDS))
    total, watts = np.zeros(len(SEEDS)), np.zeros(len(SEEDS))
    for _ in range(params.scenario.timing.periods_per_episode):
        _, reward, _, _, info = env.step(controller.actions(params, env.window))
        total += reward
        watts += info["power_w"]
    return total, watts / params.scenario.timing.periods_per_episode


def test_an_action_is_a_state_and_a_period_of_every_capacity_carrier(factory: Params) -> None:
    assert TASK.action_space(factory).nvec.tolist() == [5] * N + [PERIODS] * N
    nvec, rng = TASK.action_space(factory).nvec, np.random.default_rng(0)
    actions = rng.integers(0, nvec, (5, len(nvec)))
    command = TASK.decode(factory, actions, Precedent.fresh(5, factory.n_cells))
    np.testing.assert_array_equal(TASK.encode(factory, command), actions)
    assert not command.ssb_period[:, factory.coverage_cells].any()


def test_a_period_off_the_list_is_refused(factory: Params) -> None:
    wrong = np.zeros((1, 2 * N), np.int64)
    wrong[0, -1] = PERIODS
    with pytest.raises(ValueError, match=r"SSB periods are 0\.\.3 of sleep\.ssb_periods_ms"):
        TASK.decode(factory, wrong, Precedent.fresh(1, factory.n_cells))


def test_periods_are_free_whatever_the_rules_say_of_states(factory: Params) -> None:
    mask = TASK.masks(
        factory, replace(Precedent.fresh(2, factory.n_cells), dwell=np.zeros((2, 18), np.int32))
    )
    assert mask.shape == (2, 5 * N + PERIODS * N)
    assert mask[:, 5 * N :].all()
    assert not mask[:, : 5 * N].all()


def test_the_observation_tells_the_period_in_force(factory: Params) -> None:
    names = [f"{f.name} {e}" for f in TASK.features for e in f.elements(factory)]
    columns = [i for i, name in enumerate(names) if name.startswith("SSB period of")]
    assert len(columns) == N
    env = TwinVectorEnv(TASK, factory, 1)
    env.reset(seed=1)
    levels = np.arange(N) % PERIODS
    shown = env.step(np.concatenate([np.zeros(N, np.int64), levels])[None])[0]
    np.testing.assert_allclose(shown[0, columns], 2 * levels / (PERIODS - 1) - 1, atol=1e-6)


def test_one_period_leaves_the_problem_as_it_was(urban: Params) -> None:
    assert TASK.action_space(urban).nvec.tolist() == [5] * 4
    assert not [f for f in TASK.features if f.name.startswith("SSB") and f.elements(urban)]
    assert TASK.masks(urban, Precedent.fresh(1, urban.n_cells)).shape == (1, 20)
    assert all(rule.long_ssb == 0 for family in candidates().values() for rule in family)  # type: ignore[union-attr]


@pytest.mark.parametrize("state", [CarrierState.ACTIVE, CarrierState.MICRO_SLEEP, CarrierState.LIGHT_SLEEP])
def test_each_longer_period_saves_power(factory: Params, state: CarrierState) -> None:
    watts = [_play(factory, Settled(state, period))[1] for period in range(PERIODS)]
    assert np.all(np.diff(watts, axis=0) < 0)


def test_deep_sleep_sends_no_bursts(factory: Params) -> None:
    last = []
    for period in (0, PERIODS - 1):
        env, settled = TwinVectorEnv(TASK, factory, 1), Settled(CarrierState.DEEP_SLEEP, period)
        env.reset(seed=1)
        last.append([env.step(settled.action[None])[4]["power_w"] for _ in range(8)][-1])
    np.testing.assert_allclose(last[0], last[1], rtol=1e-12)


def test_a_new_period_is_a_change(factory: Params) -> None:
    env = TwinVectorEnv(TASK, factory, 1)
    env.reset(seed=1)
    periods = np.zeros((1, 2 * N), np.int64)
    periods[0, N : N + 3] = 2
    assert env.step(periods)[4]["reward_terms"]["calm"][0] == pytest.approx(1 - 3 / N)
    assert env.step(periods)[4]["reward_terms"]["calm"][0] == 1.0


def test_nobody_beats_the_bound_by_longer_periods(factory: Params) -> None:
    bound = energy_bound(factory, TASK, SEEDS)
    hours = factory.scenario.timing.episode_s / 3600.0
    for controller in (
        Settled(CarrierState.ACTIVE, 3), Settled(CarrierState.TRX_MUTED, 3), Settled(CarrierState.LIGHT_SLEEP, 3),
        Settled(CarrierState.DEEP_SLEEP, 0), Restless(), LoadThreshold(long_ssb=1.0), Forecast(long_ssb=1.0),
    ):  # fmt: skip
        total, watts = _play(factory, controller)
        assert np.all(total <= bound.episode_return)
        assert np.all(watts * hours / 1e3 >= bound.energy_kwh)


def test_the_bound_counts_on_the_longest_period(factory: Params) -> None:
    planned = replace(factory.scenario, sleep=replace(factory.scenario.sleep, ssb_periods_ms=()))
    without = energy_bound(Params.of(planned), TASK, SEEDS, max_sleepers=0)
    assert np.all(energy_bound(factory, TASK, SEEDS).energy_kwh < without.energy_kwh)


def test_the_bound_opens_carriers_at_their_thriftiest(factory: Params) -> None:
    idle = factory.arrays.idle_w.astype(np.float64).reshape(18, PERIODS, 5)
    more = idle[:, PERIODS - 1, CarrierState.ACTIVE] - idle[:, 0, CarrierState.DEEP_SLEEP]
    np.testing.assert_array_equal(opening_w(factory), np.where(factory.is_capacity, more, 0.0))
    scenario = load_scenario("tiny")
    half = replace(scenario.carriers["n78"], power_model="earth", watts_per_unit=1.0)
    earth = Params.of(replace(scenario, carriers=scenario.carriers | {"n78": half}))
    assert opening_w(earth)[1] == pytest.approx(2 * (130.0 - 75.0) / 2), "one of two chains awake"


def test_the_bound_refuses_steps_shorter_than_finding_a_cell(factory: Params) -> None:
    timing = replace(factory.scenario.timing, twin_step_s=0.5)
    with pytest.raises(ValueError, match="finding a cell of the longest SSB period"):
        energy_bound(Params.of(replace(factory.scenario, timing=timing)), TASK, SEEDS)


@pytest.mark.parametrize("rule", [AlwaysOn(), LoadThreshold(), Forecast()])
def test_rules_keep_the_planned_period_unless_told(factory: Params, rule: Rule) -> None:
    env = TwinVectorEnv(TASK, factory, 1)
    env.reset(seed=1)
    rule.begin(factory, 1)
    actions = rule.actions(factory, env.window)
    assert actions.shape == (1, 2 * N)
    assert not actions[:, N:].any()
    if not isinstance(rule, AlwaysOn):
        longer = replace(rule, long_ssb=1.0)
        longer.begin(factory, 1)
        assert np.all(longer.actions(factory, env.window)[:, N:] == PERIODS - 1)


def test_rules_are_tuned_over_the_longest_period_where_there_is_a_choice() -> None:
    one, four = candidates(1), candidates(PERIODS)
    assert {name: 2 * len(rules) for name, rules in one.items()} == {n: len(r) for n, r in four.items()}


def test_joint_control_leaves_periods_as_planned(factory: Params) -> None:
    part = EnergySaving(chooses_ssb_period=False)
    assert part.action_space(factory).nvec.tolist() == [5] * N
    command = part.decode(factory, np.zeros((1, N), np.int64), Precedent.fresh(1, factory.n_cells))
    assert part.encode(factory, command).shape == (1, N)
    assert part.masks(factory, Precedent.fresh(1, factory.n_cells)).shape == (1, 5 * N)
    assert not [f for f in JointControl().features if f.name.startswith("SSB period")]


def test_agents_of_cells_choose_their_own_period(factory: Params) -> None:
    team = parallel_env("ranrein/EnergySaving-v0", scenario=factory, agents="cell")
    team.reset(seed=1)
    assert {tuple(team.action_space(agent).nvec) for agent in team.agents} == {(5, PERIODS)}
