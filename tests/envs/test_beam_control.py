"""Beam control: what may follow what, baselines that see where users are, and a bound that nobody beats."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ranrein.envs.beam_baselines import AsPlanned, BeamGreedy, TunedPlan, TwinSearch, towards
from ranrein.envs.beam_bound import beam_bound
from ranrein.envs.beam_control import (
    BeamControl,
    beam_cells,
    may_follow,
    pattern_names,
    user_efficiency,
    user_mbps,
)
from ranrein.envs.beam_search import best_patterns, crowd_at
from ranrein.envs.beam_tuning import mean_return, tuned_rules
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.controller import Controller
from ranrein.envs.settings_bound import Best, best_periods, every_setting
from ranrein.envs.simulation import Outcome, Simulation
from ranrein.envs.steering_bound import unlike_offsets
from ranrein.envs.task import weighted
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kpis import Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.sla import shares
from ranrein.twin.state import State, open_period
from ranrein.twin.types import F64, I64

TASK = BeamControl()
SEEDS = np.arange(2, dtype=np.int64)
PERIODS = 48  # of ten minutes: a crowd has come to most of the days
SLACK = 1e-9
MIXED = ("wide macro", "macro left 25", "macro right 25", "narrow macro left 45", "narrow macro right 45")


@cache
def arena() -> Params:
    params = Params.of(load_scenario("arena"))
    timing = replace(params.scenario.timing, episode_s=PERIODS * params.scenario.timing.control_period_s)
    return replace(params, scenario=replace(params.scenario, timing=timing))


def started(copies: int = 1) -> Simulation:
    simulation = Simulation(arena(), len(SEEDS) * copies)
    simulation.start(np.repeat(SEEDS, copies), np.zeros(len(SEEDS) * copies, np.int64))
    return simulation


def obey(simulation: Simulation, actions: I64) -> Outcome:
    return simulation.step(TASK.decode(arena(), actions, simulation.window.precedent))


def reward_of(outcome: Outcome) -> F64:
    return weighted(TASK.reward_terms(arena(), outcome), TASK.weights)


def returns(controller: Controller) -> F64:
    simulation, total = started(), np.zeros(len(SEEDS))
    controller.begin(arena(), len(SEEDS))
    for _ in range(PERIODS):
        total += reward_of(obey(simulation, controller.actions(arena(), simulation.window)))
    return total


@cache
def bound() -> F64:
    return beam_bound(arena(), TASK, SEEDS).episode_return


@cache
def relaxed() -> tuple[np.ndarray, list[Best]]:
    beams = every_setting([range(n) for n in arena().n_beams])
    return beams, list(best_periods(arena(), beams, np.zeros_like(beams), SEEDS))


def test_a_network_without_patterns_says_what_to_add() -> None:
    with pytest.raises(ValueError, match=r"'tiny': no cell has a choice .* patterns: \[macro\]"):
        TASK.action_space(Params.of(load_scenario("tiny")))


def test_one_of_shape_tilt_and_azimuth_changes_at_a_time() -> None:
    names = ("as planned", *MIXED)
    wide, right, narrow = (names.index(n) for n in ("wide macro", "macro right 25", "narrow macro right 45"))
    left, all_the_way = names.index("macro left 25"), names.index("narrow macro left 45")
    allowed = may_follow(names)
    assert allowed[0].all()
    assert allowed[:, 0].all()
    assert allowed[left, right]
    assert allowed[narrow, all_the_way]
    assert not any(allowed[i, j] for i, j in ((wide, right), (right, narrow), (left, all_the_way)))


def test_there_is_a_way_over_the_plan() -> None:
    scenario = load_scenario("arena")
    carriers = {name: replace(each, patterns=MIXED) for name, each in scenario.carriers.items()}
    params = Params.of(replace(scenario, carriers=carriers))
    assert pattern_names(params, 0) == ("as planned", *MIXED)
    simulation, wanted = Simulation(params, len(SEEDS)), np.full((len(SEEDS), 3), 2)
    simulation.start(SEEDS, np.zeros(len(SEEDS), np.int64))
    for actions in (wanted - 1, wanted):
        simulation.step(TASK.decode(params, actions, simulation.window.precedent))
    assert np.all(simulation.window.precedent.command.beam == 1)
    assert not towards(params, simulation.window, wanted).any()


def test_counters_turn_a_beam_to_the_crowd() -> None:
    simulation = started()
    kpis = simulation.window.kpis.copy()
    for k in range(4):
        getattr(kpis, f"ssb_{k}")[:] = 0
    kpis.ssb_3[:] = 40  # the leftmost quarter
    window = replace(simulation.window, kpis=kpis)
    left = pattern_names(arena(), 0).index("narrow macro left 40")
    assert np.all(BeamGreedy().actions(arena(), window) == left)


def test_a_search_in_the_twin_turns_one_mast_to_the_crowd_and_its_neighbour_aside() -> None:
    found = best_patterns(
        arena(), crowd_at(arena(), 0, 8)
    )  # right of the northern mast, left of the western one
    assert found != best_patterns(arena(), crowd_at(arena(), None, 8))
    assert [pattern_names(arena(), 0)[k] for k in found[:2]] == ["narrow macro right 40"] * 2


@pytest.mark.parametrize(
    "controller", [AsPlanned(), TunedPlan((0, 0, 1)), BeamGreedy(), TwinSearch()], ids=lambda c: c.name
)
def test_no_baseline_beats_the_bound(controller: Controller) -> None:
    assert np.all(returns(controller) <= bound() + SLACK)


def test_following_the_crowd_pays() -> None:
    assert returns(TwinSearch()).mean() > returns(AsPlanned()).mean()


def test_tuned_rules_return_no_less_than_untuned_ones_on_the_days_they_are_tuned_on() -> None:
    days = SEEDS[:1]
    plan, greedy, search = tuned_rules(arena(), days)
    assert [rule.name for rule in (plan, greedy, search)] == [
        "tuned plan",
        "beam counters",
        "search in the twin",
    ]
    for tuned, plain in ((plan, AsPlanned()), (greedy, BeamGreedy(20.0, 5.0, 1.0)), (search, TwinSearch())):
        assert mean_return(tuned, arena(), days) >= mean_return(plain, arena(), days)


@pytest.mark.parametrize("stay", [0.0, 0.9])
def test_no_random_policy_beats_the_bound(stay: float) -> None:
    simulation, rng, total = started(8), np.random.default_rng(0), np.zeros(len(SEEDS) * 8)
    actions = np.zeros((len(total), 3), np.int64)
    for _ in range(PERIODS):
        fresh = rng.integers(0, TASK.action_space(arena()).nvec, actions.shape)
        actions = np.where(rng.random(actions.shape) < stay, actions, fresh)
        total += reward_of(obey(simulation, actions))
    assert np.all(total <= np.repeat(bound(), 8) + SLACK)


def test_a_search_that_knows_the_next_period_comes_near_the_bound_and_no_further() -> None:
    """Every joint choice is tried on copies of the network itself; which may follow which is left out."""
    simulation, total, (beams, _) = started(), np.zeros(len(SEEDS)), relaxed()
    for _ in range(PERIODS):
        best = _tried(simulation.state, beams).argmax(axis=1)
        outcome = simulation.step(_command(beams[best]))
        total += weighted(_quality(outcome.truth) | {"calm": np.ones(len(SEEDS))}, TASK.weights)
    assert np.all(total <= bound() + SLACK)
    assert np.all(total >= 0.97 * bound())


def _tried(state: State, beams: np.ndarray) -> F64:
    """Return what each joint choice brings each replica in the next period, (B, K)."""
    copies = state.repeat(len(beams))
    open_period(copies)
    steps = arena().scenario.timing.steps_per_period
    advance(arena(), copies, _command(np.tile(beams, (state.n_replicas, 1))), steps)
    terms = _quality(measure(arena(), copies)) | {"calm": np.ones(copies.n_replicas)}
    return weighted(terms, TASK.weights).reshape(state.n_replicas, len(beams))


def _quality(truth: Kpis) -> dict[str, F64]:
    return TASK.quality(arena(), user_mbps(truth), shares(truth)[:, 1], user_efficiency(truth))


def _command(beam: np.ndarray) -> Command:
    return Command(np.zeros(beam.shape, np.int8), np.ascontiguousarray(beam, np.int8))


def test_under_every_joint_choice_nothing_is_better_than_the_relaxation() -> None:
    beams, told = relaxed()
    for k in range(0, len(beams), 7):
        simulation = started()
        for best in told:
            truth = simulation.step(_command(np.tile(beams[k], (len(SEEDS), 1)))).truth
            assert np.all(user_mbps(truth) <= best.throughput_mbps[:, k])
            assert np.all(shares(truth)[:, 1] >= best.uncovered[:, k] - SLACK)
            assert np.all(truth.prb_tot_dl / 100.0 >= best.load[:, k] - SLACK)


def test_too_many_joint_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="joint settings of 6 cells"):
        every_setting([range(5)] * 6)


def test_offsets_that_differ_by_a_common_shift_count_once() -> None:
    offsets = unlike_offsets(2)
    assert len(offsets) == 9  # 2 * 5 - 1
    assert np.all(offsets.min(axis=1) == -6)


def test_the_cells_with_a_choice_are_those_with_patterns() -> None:
    assert beam_cells(arena()).tolist() == [0, 1, 2]
