"""The watch: which trip it raises, and that it raises none without cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.network.plant import SimulatedNetwork
from ranrein.safety.decision import Decision, Memory, Reason, Tier
from ranrein.safety.envelope import enclose
from ranrein.safety.watch import HARM_LIMIT, Trip, Watch
from ranrein.twin.command import Command
from ranrein.twin.kpis import Kpis
from ranrein.twin.params import Params
from ranrein.twin.sync import Belief, assimilate, first_belief

AWAKE = Command.all_active(1, 7)


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.of(load_scenario("urban"))


@pytest.fixture
def plant(params: Params, clock) -> SimulatedNetwork:
    return SimulatedNetwork(params, 7, clock)


@pytest.fixture
def watch(params: Params) -> Watch:
    return Watch(params, {})


def belief_of(params: Params, kpis: Kpis) -> Belief:
    return first_belief(params, kpis, AWAKE, 3, seed=0)


def decision(reason: Reason = Reason.NONE, intervened: bool = False, unrecoverable: bool = False) -> Decision:
    return Decision(AWAKE, np.array([Tier.ACCEPTED], np.int8), np.array([reason], np.int8), np.zeros((1, 3)),
                    np.array([intervened]), np.array([unrecoverable]), Memory.fresh(1, 7))  # fmt: skip


def test_an_ordinary_night_raises_nothing(params: Params, plant: SimulatedNetwork) -> None:
    watch = Watch(params, {})
    belief = belief_of(params, plant.observe())
    for _ in range(24):
        plant.wait(300)
        watch.look(plant.observe(), belief, AWAKE)
        watch.note(decision())
        belief = assimilate(params, belief, plant.observe(), AWAKE)
        assert watch.trip(decision(), is_acting=True) is None
    assert watch.harmless


@pytest.mark.parametrize("value", [50.0, np.nan, np.inf])
def test_a_broken_promise_is_harm_and_so_is_one_that_cannot_be_seen(
    params: Params, plant: SimulatedNetwork, watch: Watch, value: float
) -> None:
    kpis = plant.observe()
    broken = replace(kpis, ue_below=np.full((1, 7), value, np.float32))
    watch.look(broken, belief_of(params, kpis), AWAKE)
    assert watch.trip(decision(), is_acting=True) is Trip.HARM
    watch.look(kpis, belief_of(params, kpis), AWAKE)
    assert watch.trip(decision(), is_acting=True) is None


def test_without_anything_in_force_harm_is_not_ours(
    params: Params, plant: SimulatedNetwork, watch: Watch
) -> None:
    kpis = plant.observe()
    watch.look(replace(kpis, ue_below=kpis.conn_mean), belief_of(params, kpis), AWAKE)
    assert not watch.safe_now
    assert watch.trip(decision(unrecoverable=True), is_acting=False) is None


@pytest.mark.parametrize("reason", [Reason.EXCEPTION, Reason.PROPOSAL_MALFORMED, Reason.DEADLINE])
def test_the_third_failure_of_the_policy_trips(watch: Watch, reason: Reason) -> None:
    trips = []
    for _ in range(3):
        watch.note(decision(reason, intervened=True))
        trips.append(watch.trip(decision(), is_acting=True))
    assert trips == [None, None, Trip.POLICY]


@pytest.mark.parametrize("reason", [Reason.REPORT_STALE, Reason.RULE_BROKEN, Reason.NOT_RECOVERABLE])
def test_what_is_not_the_policys_fault_does_not_count_as_its_failure(watch: Watch, reason: Reason) -> None:
    for _ in range(5):
        watch.note(decision(reason))
    assert watch.trip(decision(), is_acting=True) is None


def test_a_shield_that_always_intervenes_trips(watch: Watch) -> None:
    for _ in range(9):
        watch.note(decision(intervened=True))
    assert watch.trip(decision(), is_acting=True) is None
    watch.note(decision(intervened=True))
    assert watch.trip(decision(), is_acting=True) is Trip.INTERVENTIONS


def test_the_worst_reason_is_named_first(params: Params, plant: SimulatedNetwork, watch: Watch) -> None:
    for _ in range(12):
        watch.note(decision(Reason.EXCEPTION, intervened=True))
    assert watch.trip(decision(unrecoverable=True), is_acting=True) is Trip.UNRECOVERABLE
    kpis = plant.observe()
    watch.look(replace(kpis, ue_below=kpis.conn_mean), belief_of(params, kpis), AWAKE)
    assert watch.trip(decision(unrecoverable=True), is_acting=True) is Trip.HARM


def test_a_situation_outside_the_envelope_is_seen_at_once_and_trips_at_the_third(
    params: Params, plant: SimulatedNetwork
) -> None:
    kpis = plant.observe()
    watch, belief = Watch(params, enclose(params, kpis, {})), belief_of(params, kpis)
    watch.look(kpis, belief, AWAKE)
    assert watch.inside_now
    crowded = replace(kpis, conn_mean=kpis.conn_mean + 10)
    for expected in (None, None, Trip.ENVELOPE):
        watch.look(crowded, belief, AWAKE)
        assert not watch.inside_now
        assert watch.trip(decision(), is_acting=True) is expected


@pytest.mark.parametrize("factor", [20.0, 0.0, np.nan])
def test_traffic_that_the_twin_does_not_expect_trips_at_the_third(
    params: Params, plant: SimulatedNetwork, watch: Watch, factor: float
) -> None:
    kpis = plant.observe()
    belief = belief_of(params, replace(kpis, volume_dl=kpis.volume_dl * np.float32(3)))
    strange = replace(kpis, volume_dl=kpis.volume_dl * np.float32(3 * factor))
    for _ in range(3):
        watch.look(strange, belief, AWAKE)
    assert watch.drifting.tripped


def test_more_harm_than_allowed_becomes_evident_and_a_little_does_not(
    params: Params, plant: SimulatedNetwork
) -> None:
    kpis, fine, bad = plant.observe(), Watch(params, {}), Watch(params, {})
    broken, belief = replace(kpis, ue_below=kpis.conn_mean), belief_of(params, kpis)
    for i in range(40):
        fine.look(broken if i == 20 else kpis, belief, AWAKE)
        bad.look(broken if i % 5 == 0 else kpis, belief, AWAKE)
    assert HARM_LIMIT < 1 / 40
    assert fine.harmless
    assert not bad.harmless
