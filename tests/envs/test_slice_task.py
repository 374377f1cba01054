"""Slice admission on the twin: who may be answered, what it earns, the rules and the bound."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ranrein.envs.catalogue import UnknownNameError, load_scenario
from ranrein.envs.loss_scenario import LossScenario
from ranrein.envs.simulation import Simulation
from ranrein.envs.slice_admission import SliceAdmission
from ranrein.envs.slice_baselines import (
    AdmitAll,
    AdmitNone,
    SliceDensity,
    SliceReservation,
    slice_candidates,
    slice_rules,
)
from ranrein.envs.slice_bound import Requests, best_packing, requests_of, slice_bound
from ranrein.envs.slice_rollout import RollOut, read_slices
from ranrein.envs.slice_world import SliceWorld, answerable, free_slots, money_limits
from ranrein.envs.task import weighted
from ranrein.envs.worlds import runs_on
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.slicing import Answer, Tier
from ranrein.twin.state import begin

from .conftest import network_named, shortened

TASK = SliceAdmission()
PERIODS = 36


@pytest.fixture(scope="module")
def params() -> Params:
    """Three hours of the scenario."""
    return shortened(network_named("ranrein/SliceAdmission-v0", "slices"), PERIODS)


def started(params: Params, n: int) -> SliceWorld:
    world = SliceAdmission().world(params, n)
    assert isinstance(world, SliceWorld)
    world.start(np.arange(n), np.zeros(n, np.int64))
    return world


def returns_of(params: Params, n: int, choose: Any) -> np.ndarray:
    """Return of every replica under a function of world and period."""
    world, total = started(params, n), np.zeros(n)
    for period in range(PERIODS):
        world.step(choose(world, period))
        total += weighted(world.judged()["reward_terms"], TASK.weights)
    return total


def by_rule(params: Params, n: int, rule: Any) -> np.ndarray:
    rule.begin(params, n)
    return returns_of(params, n, lambda world, _: rule.actions(params, world.window))


def test_requests_do_not_depend_on_the_answers(params: Params) -> None:
    seen = []
    for tier in Tier:
        world, report = started(params, 4), []
        for _ in range(PERIODS):
            slices = world.window.slices
            assert slices is not None
            report.append(np.stack([slices.request_kind, slices.request_area, slices.request_hours]))
            world.step(np.full((4, 2), int(tier)))
        seen.append(np.stack(report))
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[0], seen[2])
    assert (seen[0][:, 0] >= 0).any()


def test_nobody_is_admitted_who_does_not_ask_or_has_no_slot() -> None:
    few = network_named("ranrein/SliceAdmission-v0", "slices")
    few = Params.of(replace(few.scenario, slicing=replace(few.scenario.slicing, slots=1)))
    world, answers = started(few, 16), []
    for _ in range(60):
        window = world.window
        assert window.slices is not None
        possible = answerable(few, window, np.ones((16, 2), np.int64))
        assert not possible[window.slices.request_kind < 0].any()
        assert np.all(possible.sum(axis=1) <= free_slots(few, window.slices))
        masks = world.masks().reshape(16, 2, 3)
        assert np.array_equal(masks[:, 0, 1], possible[:, 0] == 1)
        world.step(np.ones((16, 2), np.int64))
        assert np.array_equal(world.obeyed(), possible)
        answers.append(world.window.slices.answer.copy())  # type: ignore[union-attr]
    assert {Answer.FULL, Answer.REFUSED, Answer.NOBODY_ASKED} == set(np.unique(answers).tolist())


def test_slots_are_counted_free_as_the_network_frees_them() -> None:
    few = network_named("ranrein/SliceAdmission-v0", "slices")
    few = Params.of(replace(few.scenario, slicing=replace(few.scenario.slicing, slots=1)))
    simulation, freed = Simulation(few, 32), 0
    simulation.start(np.arange(32), np.zeros(32, np.int64))
    everybody = replace(Command.all_active(32, few.n_cells), admit=np.ones((32, 2), np.int8))
    for _ in range(48):
        before = simulation.window.slices
        assert before is not None
        expected = np.minimum((before.request_kind >= 0).sum(axis=1), free_slots(few, before))
        freed += int(((before.kind[:, 0] >= 0) & (expected > 0)).sum())
        simulation.step(everybody)
        assert simulation.window.slices is not None
        assert np.array_equal((simulation.window.slices.answer == Answer.FULL).sum(axis=1), expected)
    assert freed > 0


def test_the_reward_is_the_money_between_its_limits(params: Params) -> None:
    world, (least, most) = started(params, 8), money_limits(params)
    for _ in range(PERIODS):
        world.step(np.ones((8, 2), np.int64))
        info = world.judged()
        assert info["reward_terms"]["revenue"] == pytest.approx((info["revenue"] - least) / (most - least))
        assert np.all((info["revenue"] >= least) & (info["revenue"] <= most))
    assert info["penalty"].any()
    assert (least, most) == pytest.approx((-10 * (96.0 - 0.6 * 24.0) / 12, 10 * 24.0 / 12))


def test_who_admits_everything_breaks_promises_and_who_refuses_earns_nothing(params: Params) -> None:
    world = started(params, 8)
    for _ in range(PERIODS):
        world.step(np.zeros((8, 2), np.int64))
        assert not world.judged()["revenue"].any()
        assert not world.judged()["cost"].any()
    greedy, unsafe = started(params, 8), 0.0
    for _ in range(PERIODS):
        greedy.step(np.ones((8, 2), np.int64))
        unsafe += greedy.judged()["costs"]["slices"].astype(bool).mean()
    assert unsafe / PERIODS > TASK.budget


def test_the_scenario_decides_the_world() -> None:
    assert isinstance(TASK.network("loss_system", {}), LossScenario)
    assert isinstance(TASK.network(load_scenario("slices"), {}), Params)
    with pytest.raises(ValueError, match="scenario 'tiny' has no slices"):
        TASK.network(load_scenario("tiny"), {})
    plain = load_scenario("slices")
    worthless = tuple(
        replace(kind, revenue_per_hour=0.0, penalty_per_hour=0.0) for kind in plain.slicing.types
    )
    with pytest.raises(ValueError, match=r"scenario 'slices': every revenue_per_hour .* nothing to earn"):
        TASK.network(replace(plain, slicing=replace(plain.slicing, types=worthless)), {})
    with pytest.raises(UnknownNameError, match="did you mean 'slices'"):
        TASK.network("slice", {})
    with pytest.raises(UnknownNameError, match="argument 'capacity'"):
        TASK.network("slices", {"capacity": 3})
    with pytest.raises(TypeError, match="scenario is a int"):
        TASK.network(3, {})


def test_a_problem_says_which_networks_it_takes(params: Params) -> None:
    assert runs_on(TASK, params)
    assert runs_on(TASK, TASK.network("loss_system", {}))
    assert not runs_on(TASK, Params.of(load_scenario("tiny")))


def test_reservation_without_limits_is_complete_sharing(params: Params) -> None:
    free = SliceReservation(area_mbps=1e9, reserve=0.0, slots=0.0)
    assert np.array_equal(by_rule(params, 6, free), by_rule(params, 6, AdmitAll()))
    none = SliceReservation(area_mbps=0.0)
    assert np.array_equal(by_rule(params, 6, none), by_rule(params, 6, AdmitNone()))


def test_density_asks_the_more_for_a_Mbit_the_more_are_promised(params: Params) -> None:
    free, dear = SliceDensity(price=0.0, slot_price=0.0), SliceDensity(price=1e9)
    assert np.array_equal(by_rule(params, 6, free), by_rule(params, 6, AdmitAll()))
    assert np.array_equal(by_rule(params, 6, dear), by_rule(params, 6, AdmitNone()))
    world, rule, given = started(params, 16), SliceDensity(price=0.12, slot_price=0.0), []
    for _ in range(PERIODS):
        given.append(rule.actions(params, world.window))
        world.step(given[-1])
    assert set(np.unique(given).tolist()) == {0, 1, 2}


def test_the_tuned_rules_earn_more_than_complete_sharing(params: Params) -> None:
    everything, *tuned = (
        by_rule(params, 24, rule).mean() for rule in (AdmitAll(), SliceReservation(), SliceDensity())
    )
    assert min(tuned) > everything


def test_every_rule_that_is_tuned_is_one_of_the_rules() -> None:
    assert {rule.name for rules in slice_candidates().values() for rule in rules} < {
        r.name for r in slice_rules()
    }


def test_the_members_of_a_roll_out_agree_with_what_was_reported(params: Params) -> None:
    world, rule = started(params, 3), RollOut(members=2)
    rule.begin(params, 3)
    for _ in range(12):
        world.step(rule.actions(params, world.window))
    members, report = begin(params, np.arange(6), np.zeros(6, np.int64)), world.window.slices
    assert report is not None
    assert (report.kind >= 0).any()
    read_slices(params, members, report, 2)
    kept = members.arrays.slot_xy.copy()
    assert np.array_equal(members.arrays.slot_kind, np.repeat(report.kind, 2, axis=0))
    assert np.array_equal(members.arrays.slot_tier, np.repeat(report.tier, 2, axis=0))
    assert np.array_equal(members.arrays.request[:, :, 0], np.repeat(report.request_kind, 2, axis=0))
    served = members.arrays.slot_kind >= 0
    areas = params.arrays.pixel_area[
        (kept[..., 1] // 10).astype(int) * params.arrays.n_x + (kept[..., 0] // 10).astype(int)
    ]
    assert np.array_equal(areas[served], np.repeat(report.area, 2, axis=0)[served])
    read_slices(params, members, report, 2)
    assert np.array_equal(members.arrays.slot_xy, kept)


def test_a_roll_out_refuses_what_breaks_promises_in_its_twins(params: Params) -> None:
    bold, careful = (by_admissions(params, RollOut(2, 0.0, caution)) for caution in (0.0, 20.0))
    assert careful < bold
    assert by_admissions(params, RollOut(2, 1e9, 1.0)) == 0


def by_admissions(params: Params, rule: RollOut) -> int:
    world, admitted = started(params, 6), 0
    rule.begin(params, 6)
    for _ in range(20):
        choices = rule.actions(params, world.window)
        admitted += int((choices == Tier.FULL).sum())
        world.step(choices)
    return admitted


def _brute_force(requests: Requests, slots: int, periods: int) -> float:
    best = 0.0
    for chosen in itertools.product((False, True), repeat=requests.worth.shape[1]):
        used = np.zeros(periods)
        for m in np.flatnonzero(chosen):
            used[requests.first[0, m] : requests.last[0, m] + 1] += 1
        if used.max() <= slots:
            best = max(best, float(requests.worth[0, list(chosen)].sum()))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slots", [1, 2])
def test_the_packing_bound_is_the_best_packing(seed: int, slots: int) -> None:
    rng = np.random.default_rng(seed)
    first = np.sort(rng.integers(0, 12, (1, 10)))
    last = np.minimum(first + rng.integers(0, 6, (1, 10)), 11)
    requests = Requests(first, last, rng.uniform(0.5, 2.0, (1, 10)) * (last - first + 1))
    best, bound = _brute_force(requests, slots, 12), float(best_packing(requests, slots, 12)[0])
    assert best <= bound <= (1 + 1e-6) * best


def test_with_slots_for_everybody_the_bound_is_everything(params: Params) -> None:
    requests = requests_of(params, np.arange(3))
    assert best_packing(requests, 10_000, PERIODS) == pytest.approx(requests.worth.sum(axis=1))


def test_revenue_is_what_the_requests_say_where_all_are_kept(params: Params) -> None:
    wide = replace(params.scenario.slicing, slots=60)
    wide_params = Params.of(replace(params.scenario, slicing=wide))
    world, revenue = started(wide_params, 3), np.zeros(3)
    for _ in range(PERIODS):
        world.step(np.ones((3, 2), np.int64))
        revenue += world.judged()["revenue"] + world.judged()["penalty"]
    assert revenue == pytest.approx(requests_of(wide_params, np.arange(3)).worth.sum(axis=1))


def test_nobody_beats_the_bound(params: Params) -> None:
    n, rng = 12, np.random.default_rng(0)
    bound = slice_bound(params, TASK.weights, np.arange(n)).episode_return
    random = [
        returns_of(params, n, lambda _, __, p=p: (rng.random((n, 2)) < p).astype(np.int64))
        for p in (0.3, 0.9)
    ]
    fixed = [
        by_rule(params, n, rule) for rule in (AdmitNone(), *slice_candidates()["trunk reservation"][::4])
    ]
    for reached in (*random, *fixed, best_sequence(params, n)):
        assert np.all(reached <= bound)


def best_sequence(params: Params, n: int) -> np.ndarray:
    """The best answers that a hill climb with hindsight finds for every replica."""
    rng = np.random.default_rng(1)
    best_plan = np.ones((PERIODS, n, 2), np.int64)
    best = returns_of(params, n, lambda _, t: best_plan[t])
    for _ in range(12):
        flipped = rng.random(best_plan.shape) < 0.1
        plan = np.where(flipped, rng.integers(0, 3, best_plan.shape), best_plan)
        reached = returns_of(params, n, lambda _, t, plan=plan: plan[t])
        best_plan[:, reached > best] = plan[:, reached > best]
        best = np.maximum(best, reached)
    return best
