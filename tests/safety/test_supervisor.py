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
from ranrein.twin.params import Params

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
