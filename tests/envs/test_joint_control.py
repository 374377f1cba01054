"""Joint control: the parts side by side, their conflicts, and the bound of all together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.conflicts import (
    ATTRIBUTES,
    CONTROLLERS,
    NOTICED,
    QUANTITIES,
    Effects,
    conflicts_of,
    direct_among,
    direct_conflicts,
    measure_effects,
)
from ranrein.envs.joint_baselines import SLEEPERS, FixedSleep, SideBySide, joint_rules
from ranrein.envs.joint_bound import joint_bound, least_traffic_w
from ranrein.envs.joint_control import FEATURES, PARTS, JointControl
from ranrein.envs.simulation import Simulation
from ranrein.envs.slice_world import SliceWorld, answerable, net_earnings
from ranrein.envs.task import weighted
from ranrein.twin.carrier import CarrierState
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent
from ranrein.twin.slice_report import earnings

from .conftest import network_named, shortened

TASK = JointControl()
PERIODS = 24
ENERGY, BEAMS, STEERING, SLICES = range(4)


@pytest.fixture(scope="module")
def params() -> Params:
    """Two hours of the scenario."""
    return shortened(network_named("ranrein/JointControl-v0", "joint"), PERIODS)


def started(params: Params, n: int, task: JointControl = TASK) -> SliceWorld:
    world = task.world(params, n)
    world.start(np.arange(n), np.zeros(n, np.int64))
    return world


def test_every_part_sets_its_own_attribute_and_nothing_else(params: Params) -> None:
    world, rng = started(params, 8), np.random.default_rng(0)
    precedent, plan = world.window.precedent, world.stay()
    ends = np.cumsum([0, *[len(part.action_space(params).nvec) for part in PARTS.values()]])
    unchanged = TASK.decode(params, plan, precedent)
    for index, attribute in enumerate(ATTRIBUTES.values()):
        actions = plan.copy()
        part = slice(ends[index], ends[index + 1])
        actions[:, part] = rng.integers(0, world.action_space.nvec[part], actions[:, part].shape)
        command = TASK.decode(params, actions, precedent)
        differs = {
            name for name in vars(command) if np.any(getattr(command, name) != getattr(unchanged, name))
        }
        assert differs == {attribute}


def test_what_is_decoded_is_encoded_again(params: Params) -> None:
    world, rng = started(params, 8), np.random.default_rng(1)
    actions = rng.integers(0, world.action_space.nvec, (8, len(world.action_space.nvec)))
    command = TASK.decode(params, TASK.legal(params, world.window, actions), world.window.precedent)
    assert np.array_equal(TASK.encode(params, command), TASK.legal(params, world.window, actions))


def test_every_feature_stands_once(params: Params) -> None:
    names = [f"{feature.name} {element}" for feature in FEATURES for element in feature.elements(params)]
    assert len(names) == len(set(names)) > 100


def test_service_is_whole_where_promises_hold_and_at_most_half_where_not(params: Params) -> None:
    world, seen = started(params, 16), set()
    rest, admit = world.stay(), params.scenario.slicing.requests
    rest[:, -admit:] = 1
    for _ in range(PERIODS):
        world.step(rest)
        info = world.judged()
        service = info["reward_terms"]["service"]
        assert np.array_equal(service == 1.0, info["cost"] == 0)
        assert np.all(service[info["cost"] > 0] <= 0.5)
        seen |= set(info["cost"].tolist())
    assert seen == {0.0, 1.0}


def test_controllers_of_one_attribute_are_in_direct_conflict_where_they_differ(params: Params) -> None:
    one, other = Command.all_active(2, params.n_cells), Command.all_active(2, params.n_cells)
    other.carrier_state[1, params.capacity_cells[:2]] = CarrierState.DEEP_SLEEP
    proposals = {"saver": other, "sentinel": one, "pilot": one}
    writes = {"saver": "carrier_state", "sentinel": "carrier_state", "pilot": "offset_db"}
    found = direct_conflicts(proposals, writes)
    assert {pair: count.tolist() for pair, count in found.items()} == {("saver", "sentinel"): [0, 2]}
    assert direct_among(other).tolist() == [0, 0]


def _effects(**changes: float) -> Effects:
    """Effects of one replica; `energy_revenue=-0.1` is that of the energy controller on revenue."""
    change = np.zeros((len(CONTROLLERS), 1, len(QUANTITIES)))
    for name, value in changes.items():
        controller, quantity = name.split("_")
        change[CONTROLLERS.index(controller), 0, QUANTITIES.index(quantity)] = value
    return Effects(np.ones((len(CONTROLLERS), 1), np.bool_), change)


def test_opposite_effects_on_one_quantity_are_an_indirect_conflict() -> None:
    found = conflicts_of(_effects(beams_balance=0.02, steering_balance=-0.02))
    assert np.argwhere(found.indirect[0]).tolist() == [[BEAMS, STEERING], [STEERING, BEAMS]]
    assert not found.implicit.any()
    assert not conflicts_of(_effects(beams_balance=0.02, steering_balance=0.02)).indirect.any()


def test_harming_what_another_is_there_for_is_an_implicit_conflict() -> None:
    found = conflicts_of(_effects(energy_revenue=-0.1, energy_energy=0.1))
    assert np.argwhere(found.implicit[0]).tolist() == [[ENERGY, SLICES]]
    assert not found.indirect.any()
    assert not conflicts_of(_effects(slices_revenue=-0.1)).implicit.any()


def test_small_effects_are_no_conflicts() -> None:
    found = conflicts_of(_effects(energy_revenue=-NOTICED, slices_revenue=NOTICED))
    assert not found.indirect.any()
    assert not found.implicit.any()


def test_effects_are_measured_without_touching_the_network(params: Params) -> None:
    world = started(params, 4)
    for _ in range(4):
        world.step(world.stay())
    state, before = world.state, [array.copy() for array in world.state.arrays]
    asleep = Command.of_cells(params.n_cells, params.capacity_cells, np.full((4, 4), CarrierState.DEEP_SLEEP))
    wanted = replace(asleep, admit=np.zeros((4, 2), np.int8))
    effects = measure_effects(params, state, world.window.precedent, wanted)
    assert all(np.array_equal(a, b) for a, b in zip(before, state.arrays, strict=True))
    assert effects.asked.tolist() == [[True] * 4, *([[False] * 4] * 3)]
    assert np.all(effects.change[ENERGY, :, QUANTITIES.index("energy")] > 0)
    assert np.all(effects.change[ENERGY, :, QUANTITIES.index("throughput")] < 0)
    assert not effects.change[1:].any()


def test_an_effect_is_what_two_runs_differ_by(params: Params) -> None:
    with_sleep, awake = Simulation(params, 3), Simulation(params, 3)
    none, zeros = np.zeros((3, 2), np.int8), np.zeros(3, np.int64)
    for simulation in (with_sleep, awake):
        simulation.start(np.arange(3), zeros)
    state, precedent = with_sleep.state.rows(np.arange(3)), with_sleep.window.precedent
    sleep = Command.of_cells(params.n_cells, params.capacity_cells, np.full((3, 4), CarrierState.MICRO_SLEEP))
    plan = Command.all_active(3, params.n_cells)
    measured = measure_effects(params, state, precedent, replace(sleep, admit=none))
    for _ in range(2):
        asleep_w = with_sleep.step(replace(sleep, admit=none)).power_w
        awake_w = awake.step(replace(plan, admit=none)).power_w
    span = params.full_power_w - params.least_power_w
    assert measured.change[ENERGY, :, 0] == pytest.approx((awake_w - asleep_w) / span)


def test_the_effect_of_admission_is_that_of_the_requests_that_wait_now(params: Params) -> None:
    admitting, refusing = Simulation(params, 16), Simulation(params, 16)
    for simulation in (admitting, refusing):
        simulation.start(np.arange(16), np.zeros(16, np.int64))
    ones, none = np.ones((16, 2), np.int8), np.zeros((16, 2), np.int8)
    plan = Command.all_active(16, params.n_cells)
    state, precedent = admitting.state.rows(np.arange(16)), admitting.window.precedent
    measured = measure_effects(params, state, precedent, replace(plan, admit=ones))
    for admitted in (ones, none):
        gained = admitting.step(replace(plan, admit=admitted)).slices
        without = refusing.step(replace(plan, admit=none)).slices
    assert gained is not None
    assert without is not None
    expected = net_earnings(params, earnings(params, gained)) - net_earnings(
        params, earnings(params, without)
    )
    assert measured.change[SLICES, :, QUANTITIES.index("revenue")] == pytest.approx(expected)
    assert expected.any()


def test_watching_conflicts_tells_them_and_changes_nothing(params: Params) -> None:
    plain, watching = started(params, 3), started(params, 3, replace(TASK, watches_conflicts=True))
    rng = np.random.default_rng(2)
    for _ in range(4):
        actions = rng.integers(0, plain.action_space.nvec, (3, len(plain.action_space.nvec)))
        plain.step(actions)
        watching.step(actions)
        assert np.array_equal(plain.observe(), watching.observe())
        info = watching.judged()
        assert set(info.pop("conflicts")) == {"direct", "indirect", "implicit"}
        assert set(info) == set(plain.judged())
    found = watching.judged()["conflicts"]
    assert all(counts.shape == (3,) for counts in found.values())
    assert found["indirect"].sum() + found["implicit"].sum() > 0


def test_side_by_side_is_what_each_does_alone(params: Params) -> None:
    rules = {rule.name: rule for rule in joint_rules()}
    together = rules["side by side"]
    for rule in rules.values():
        rule.begin(params, 4)
    world = started(params, 4)
    for _ in range(PERIODS):
        every = together.actions(params, world.window)
        assert every.shape == (4, len(world.action_space.nvec))
        assert np.all((every >= 0) & (every < world.action_space.nvec))
        world.step(every)
    plan = rules["as planned"].actions(params, started(params, 4).window)
    assert np.array_equal(plan, started(params, 4).stay())


def test_a_fixed_sleep_knows_carriers_by_their_names(params: Params) -> None:
    window = started(params, 2).window
    assert tuple(params.cells[cell].name for cell in params.capacity_cells) == SLEEPERS
    assert (
        FixedSleep(SLEEPERS[-1:]).actions(params, window).tolist() == [[0, 0, 0, CarrierState.DEEP_SLEEP]] * 2
    )
    assert not FixedSleep(("elsewhere",)).actions(params, window).any()


def test_traffic_costs_more_the_more_there_is_and_never_more_than_it_did(params: Params) -> None:
    mbps = np.linspace(0.0, 3000.0, 50)
    power = least_traffic_w(params, mbps)
    slope = np.diff(power)
    assert power[0] == 0
    assert np.all(slope > 0)
    assert np.all(np.diff(slope) >= -1e-9)
    simulation = Simulation(params, 8)
    simulation.start(np.arange(8), np.zeros(8, np.int64))
    asleep = Command.of_cells(params.n_cells, params.capacity_cells, np.full((8, 4), CarrierState.DEEP_SLEEP))
    for _ in range(8):
        outcome = simulation.step(replace(asleep, admit=np.zeros((8, 2), np.int8)))
        served = outcome.truth.volume_dl.sum(axis=1, dtype=np.float64) / 1000.0 / outcome.truth.granularity_s
        assert np.all(params.least_power_w + least_traffic_w(params, served) <= outcome.power_w * (1 + 1e-6))


def test_nobody_beats_the_bound(params: Params) -> None:
    n, rng = 8, np.random.default_rng(0)
    bound = joint_bound(params, TASK, np.arange(n)).episode_return
    reached = [_return_of(params, n, rule) for rule in joint_rules()]
    plans = rng.integers(0, params_choices(params), (6, PERIODS, n, len(params_choices(params))))
    reached += [_planned_return(params, plan) for plan in plans]
    reached.append(_climbed(params, n))
    assert np.all(np.max(reached, axis=0) <= bound)
    assert np.all(bound <= PERIODS)


def params_choices(params: Params) -> np.ndarray:
    return TASK.action_space(params).nvec


def _return_of(params: Params, n: int, rule: SideBySide) -> np.ndarray:
    world, total = started(params, n), np.zeros(n)
    rule.begin(params, n)
    for _ in range(PERIODS):
        world.step(rule.actions(params, world.window))
        total += weighted(world.judged()["reward_terms"], TASK.weights)
    return total


def _planned_return(params: Params, plan: np.ndarray) -> np.ndarray:
    world, total = started(params, plan.shape[1]), np.zeros(plan.shape[1])
    for actions in plan:
        world.step(actions)
        total += weighted(world.judged()["reward_terms"], TASK.weights)
    return total


def _climbed(params: Params, n: int) -> np.ndarray:
    """Return of the plan that a hill climb with hindsight finds: sleep early, admit what pays."""
    rng, choices = np.random.default_rng(3), params_choices(params)
    plan = np.tile(started(params, n).stay(), (PERIODS, 1, 1))
    plan[:, :, :4] = CarrierState.DEEP_SLEEP
    plan[:, :, -2:] = 1
    best = _planned_return(params, plan)
    for _ in range(10):
        other = np.where(rng.random(plan.shape) < 0.05, rng.integers(0, choices, plan.shape), plan)
        reached = _planned_return(params, other)
        plan[:, reached > best] = other[:, reached > best]
        best = np.maximum(best, reached)
    return best


def test_a_request_without_a_slot_is_not_asked_for_jointly_either(params: Params) -> None:
    world = started(params, 8)
    ones = np.ones((8, len(world.action_space.nvec)), np.int64)
    window = world.window
    assert window.slices is not None
    possible = answerable(params, window, ones)
    assert np.array_equal(possible[:, :-2], ones[:, :-2])
    assert np.array_equal(possible[:, -2:] == 1, window.slices.request_kind >= 0)


def test_a_fresh_precedent_stands_for_the_plan(params: Params) -> None:
    fresh = Precedent.fresh(2, params.n_cells)
    assert np.array_equal(TASK.encode(params, fresh.command), started(params, 2).stay())
