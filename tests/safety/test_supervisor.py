"""Belief and memory follow what the network acknowledges, not what was decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.network.plant import SimulatedNetwork
from ranrein.safety.decision import Reason, Tier
from ranrein.safety.shield import Shield
from ranrein.safety.supervisor import Supervisor
from ranrein.twin.command import Command
from ranrein.twin.kpis import ARRAYS, Kpis
from ranrein.twin.params import Params
from ranrein.twin.sync import Belief, expect

AWAKE, ONE = Command.all_active(1, 7), Command.of([0, 4, 0, 0, 0, 0, 0])


@pytest.fixture(scope="module")
def shield() -> Shield:
    return Shield.of(Params.of(load_scenario("urban")))


@pytest.fixture
def plant(shield: Shield, clock) -> SimulatedNetwork:
    return SimulatedNetwork(shield.params, 3, clock)


@pytest.fixture
def supervisor(shield: Shield, plant: SimulatedNetwork) -> Supervisor:
    supervisor = Supervisor(shield, seed=1)
    supervisor.start(plant.observe(), AWAKE)
    return supervisor


def dwell(supervisor: Supervisor) -> list[int]:
    return supervisor.memory.precedent.dwell[0].tolist()


def test_what_is_in_force_at_the_start_counts_as_standing_since_long_ago(shield: Shield, plant) -> None:
    supervisor = Supervisor(shield, seed=1)
    supervisor.start(plant.observe(), ONE)
    assert min(dwell(supervisor)) > 1000
    assert np.array_equal(supervisor.memory.precedent.command.carrier_state, ONE.carrier_state)
    assert supervisor.belief.n_members % len(shield.params.scenario.surge.venues) == 0


def test_a_decision_that_is_not_acknowledged_leaves_the_precedent(supervisor: Supervisor, plant) -> None:
    decided = supervisor.decide(ONE)
    assert decided.applied.carrier_state.any()
    assert not supervisor.memory.precedent.command.carrier_state.any()
    plant.wait(300)
    supervisor.learn(plant.observe(), AWAKE)
    assert not supervisor.memory.precedent.command.carrier_state.any()
    assert min(dwell(supervisor)) > 1000


def test_an_acknowledged_command_becomes_the_precedent_and_its_dwell_begins(
    supervisor: Supervisor, plant
) -> None:
    supervisor.decide(ONE)
    for expected in (1, 2, 3):
        plant.wait(300)
        supervisor.learn(plant.observe(), ONE)
        assert dwell(supervisor)[1] == expected
    assert np.array_equal(supervisor.memory.precedent.command.carrier_state, ONE.carrier_state)


def test_one_report_is_decided_upon_once(supervisor: Supervisor, plant) -> None:
    assert supervisor.decide(ONE).tier[0] == Tier.ACCEPTED
    assert supervisor.decide(ONE).reason[0] == Reason.REPORT_OUT_OF_ORDER
    plant.wait(300)
    supervisor.learn(plant.observe(), AWAKE)
    assert supervisor.decide(ONE).tier[0] == Tier.ACCEPTED


def test_judging_again_between_reports_is_possible_and_leaves_no_trace(supervisor: Supervisor) -> None:
    supervisor.decide(AWAKE)
    before = supervisor.memory
    again = supervisor.judge_again(ONE)
    assert again.tier[0] == Tier.ACCEPTED
    assert supervisor.memory is before


def test_judging_again_still_refuses_a_senseless_report(supervisor: Supervisor) -> None:
    kpis = replace(supervisor.belief.kpis, volume_dl=supervisor.belief.kpis.volume_dl * np.nan)
    supervisor.belief = replace(supervisor.belief, kpis=kpis)
    assert supervisor.judge_again(ONE).tier[0] == Tier.T0_SANITY


def test_the_plan_wakes_everything_and_says_why(supervisor: Supervisor) -> None:
    decision = supervisor.plan(Reason.DEADLINE)
    assert not decision.applied.carrier_state.any()
    assert (decision.tier[0], decision.reason[0]) == (Tier.PLAN, Reason.DEADLINE)
    assert decision.intervened[0]
    assert supervisor.memory.plan_uses[0] == 1


def test_the_belief_does_not_depend_on_anything_but_seed_reports_and_acknowledgements(
    shield: Shield, plant
) -> None:
    one, two, other = Supervisor(shield, 1), Supervisor(shield, 1), Supervisor(shield, 2)
    for supervisor in (one, two, other):
        supervisor.start(plant.observe(), AWAKE)
    two.decide(ONE)
    two.judge_again(ONE)
    plant.wait(300)
    for supervisor in (one, two, other):
        supervisor.learn(plant.observe(), AWAKE)
    bits = [[array.tobytes() for array in s.belief.members.arrays] for s in (one, two, other)]
    assert bits[0] == bits[1] != bits[2]


def senseless(kpis: Kpis, rows: list[int]) -> Kpis:
    """The report with some networks' traffic not a number, and one load far beyond 100 %."""
    broken = kpis.copy()
    broken.volume_dl[rows, 0] = np.nan
    broken.prb_tot_dl[rows, 1] = 1e30
    broken.blocked_dl[rows] = np.inf
    broken.carrier_state[rows] = 3
    return broken


def members_of(belief: Belief) -> list[bytes]:
    return [array.tobytes() for array in belief.members.arrays]


def test_a_report_that_t0_refuses_moves_the_belief_on_by_prediction_only(
    supervisor: Supervisor, plant, shield: Shield
) -> None:
    plant.wait(300)
    report = senseless(plant.observe(), [0])
    predicted, _ = expect(shield.params, supervisor.belief, ONE)
    supervisor.learn(report, ONE)
    assert members_of(supervisor.belief) == [array.tobytes() for array in predicted.arrays]
    assert supervisor.decide(AWAKE).tier[0] == Tier.T0_SANITY
    assert np.array_equal(supervisor.memory.precedent.command.carrier_state, ONE.carrier_state)


def test_a_report_that_comes_again_does_not_correct_the_belief_again(
    supervisor: Supervisor, plant, shield: Shield
) -> None:
    supervisor.decide(AWAKE)
    predicted, _ = expect(shield.params, supervisor.belief, AWAKE)
    supervisor.learn(plant.observe(), AWAKE)
    assert members_of(supervisor.belief) == [array.tobytes() for array in predicted.arrays]
    assert supervisor.decide(AWAKE).reason[0] == Reason.REPORT_OUT_OF_ORDER


def test_a_period_without_a_report_moves_the_belief_on_by_prediction_too(
    supervisor: Supervisor, plant, shield: Shield
) -> None:
    supervisor.learn(plant.observe(), ONE)
    predicted, _ = expect(shield.params, supervisor.belief, ONE)
    before = supervisor.belief.kpis
    supervisor.miss()
    assert members_of(supervisor.belief) == [array.tobytes() for array in predicted.arrays]
    assert supervisor.belief.kpis is before
    assert dwell(supervisor)[1] == 2


def test_a_senseless_report_of_one_network_leaves_the_others_bits_alone(shield: Shield, clock) -> None:
    n, command = 3, Command.of([[0, 4, 0, 0, 0, 0, 0]] * 3)
    plants = [SimulatedNetwork(shield.params, seed, clock) for seed in range(n)]
    first = stacked([plant.observe() for plant in plants])
    together, apart = Supervisor(shield, 1), Supervisor(shield, 1)
    for supervisor in (together, apart):
        supervisor.start(first, Command.all_active(n, 7))
        supervisor.decide(Command.all_active(n, 7))
    for plant in plants:
        plant.wait(300)
    later = stacked([plant.observe() for plant in plants])
    together.learn(senseless(later, [1]), command)
    apart.learn(later, command)
    k = together.belief.n_members
    for mine, sound in zip(together.belief.members.arrays, apart.belief.members.arrays, strict=True):
        assert mine[:k].tobytes() == sound[:k].tobytes()
        assert mine[2 * k :].tobytes() == sound[2 * k :].tobytes()
    area = together.belief.members.arrays.area_load
    assert area[k : 2 * k].tobytes() != apart.belief.members.arrays.area_load[k : 2 * k].tobytes()
    assert np.all(np.isfinite(area))
    assert (together.decide(command).tier == Tier.T0_SANITY).tolist() == [False, True, False]


def stacked(reports: list[Kpis]) -> Kpis:
    return replace(reports[0], **{n: np.concatenate([getattr(kpis, n) for kpis in reports]) for n in ARRAYS})
