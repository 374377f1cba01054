"""The belief: made of reports and read-backs alone, and close to what was reported."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from ranrein.safety.decision import Memory
from ranrein.safety.shield import Shield
from ranrein.twin.advance import advance
from ranrein.twin.backup import wake_everything
from ranrein.twin.command import Command
from ranrein.twin.kpis import Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.state import State, begin, open_period
from ranrein.twin.sync import Belief, area_traffic, assimilate, expect, first_belief

MEMBERS = 3


@dataclass
class Plant:
    """A network that is run by hand."""

    params: Params
    state: State

    @staticmethod
    def of(params: Params, seeds: tuple[int, ...] = (5,)) -> Plant:
        return Plant(params, begin(params, np.array(seeds), np.zeros(len(seeds), np.int64)))

    def run(self, command: Command | None = None) -> Kpis:
        command = wake_everything(self.params, self.state.n_replicas) if command is None else command
        open_period(self.state)
        advance(self.params, self.state, command, self.params.scenario.timing.steps_per_period)
        return measure(self.params, self.state)


def bits(belief: Belief) -> list[bytes]:
    return [array.tobytes() for array in belief.members.arrays]


def believe(params: Params, reports: list[Kpis]) -> Belief:
    """What is believed after these reports of an awake network."""
    awake = wake_everything(params, reports[0].n_replicas)
    belief = first_belief(params, reports[0], awake, MEMBERS, seed=0)
    for kpis in reports[1:]:
        belief = assimilate(params, belief, kpis, awake)
    return belief


def offered(params: Params, kpis: Kpis) -> np.ndarray:
    return area_traffic(params, kpis, np.ones_like(kpis.valid))


@pytest.fixture(scope="module")
def day(urban: Params) -> list[Kpis]:
    """Twelve reports of one network."""
    plant = Plant.of(urban)
    return [plant.run() for _ in range(12)]


HIDDEN = {
    "area_load": lambda a: a.area_load.__imul__(3),
    "positions": lambda a: a.user_x.__isub__(50),
    "indoor loss": lambda a: a.indoor_db.__iadd__(9),
    "random key": lambda a: a.key.__iadd__(np.uint64(1)),
    "surge": lambda a: a.surge.__setitem__((slice(None), slice(None), 0), 0.0),
    "user weight": lambda a: a.user_weight.__imul__(2),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_no_oracle_the_networks_hidden_state_changes_neither_belief_nor_decision(
    urban: Params, what: str
) -> None:
    seen, shield, asleep = [], Shield.of(urban), np.where(urban.is_capacity, 4, 0).astype(np.int8)
    for change in (None, HIDDEN[what]):
        plant = Plant.of(urban)
        reports = [plant.run() for _ in range(4)]
        if change is not None:
            change(plant.state.arrays)
        belief = believe(urban, reports)
        decision = shield.decide(belief, Command.of(asleep), Memory.fresh(1, urban.n_cells))
        seen.append((bits(belief), decision.applied.carrier_state.tobytes(), decision.margins.tobytes()))
    assert seen[0] == seen[1]


def test_no_oracle_even_another_network_with_the_same_reports_is_believed_alike(
    urban: Params, day: list[Kpis]
) -> None:
    assert bits(believe(urban, day)) == bits(believe(urban, [kpis.copy() for kpis in day]))
    other = Plant.of(urban, (6,))
    reports = [other.run() for _ in range(12)]
    assert bits(believe(urban, day)) != bits(believe(urban, reports))


def test_what_is_given_stays_as_it_is(urban: Params, day: list[Kpis]) -> None:
    belief = believe(urban, day[:2])
    before, report = bits(belief), day[2].copy()
    asleep = np.where(urban.is_capacity, 4, 0).astype(np.int8)[None]
    command = Command(asleep.copy())
    assimilate(urban, belief, report, command)
    expect(urban, belief, command)
    assert bits(belief) == before
    assert report.volume_dl.tobytes() == day[2].volume_dl.tobytes()
    assert np.array_equal(command.carrier_state, asleep)


def test_each_member_is_its_own_and_no_member_is_the_network(urban: Params, day: list[Kpis]) -> None:
    members = believe(urban, day).members.arrays
    assert len({key for key in members.key.tolist()}) == MEMBERS
    assert not set(members.key.tolist()) & set(Plant.of(urban).state.arrays.key.tolist())


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_the_belief_converges_to_the_reported_traffic(urban: Params, factor: float) -> None:
    plant = Plant.of(urban)
    plant.state.arrays.area_load[:] *= np.float32(factor)
    belief = believe(urban, [plant.run() for _ in range(12)])
    awake = wake_everything(urban, 1)
    _, predicted = expect(urban, belief, awake)
    ratio = offered(urban, predicted) / offered(urban, plant.run())
    assert np.all((ratio > 0.65) & (ratio < 1.45))


def test_the_clock_of_the_belief_is_that_of_the_reports(urban: Params) -> None:
    plant = Plant.of(urban)
    plant.state.arrays.step[:] = 19 * 60
    reports = [plant.run() for _ in range(3)]
    belief = believe(urban, reports)
    assert np.all(belief.members.arrays.step == plant.state.arrays.step)


def test_lost_cells_are_ignored(urban: Params, day: list[Kpis]) -> None:
    lost = np.arange(urban.n_cells) == 3
    belief = believe(urban, day[:3])
    told = []
    for volume, state in ((0.0, 0), (1e8, 4), (np.nan, 9)):
        values = np.where(lost, np.float32(volume), day[3].volume_dl)
        states = np.where(lost, state, day[3].carrier_state).astype(np.int8)
        kpis = replace(day[3], volume_dl=values, prb_tot_dl=values, carrier_state=states, valid=~lost[None])
        told.append(bits(assimilate(urban, belief, kpis, wake_everything(urban, 1))))
    assert told[0] == told[1] == told[2]


def test_carrier_states_are_taken_from_the_read_back(urban: Params, day: list[Kpis]) -> None:
    states = np.where(urban.is_capacity, 3, 0).astype(np.int8)[None]
    told = replace(day[3], carrier_state=states, waking=np.arange(urban.n_cells)[None] == 1)
    belief = assimilate(urban, believe(urban, day[:3]), told, wake_everything(urban, 1))
    assert np.array_equal(belief.members.arrays.carrier, np.repeat(states, MEMBERS, axis=0))
    assert np.array_equal(belief.members.arrays.wake_left_s > 0, np.repeat(told.waking, MEMBERS, axis=0))


@pytest.mark.parametrize("state", [-1, 5, 127])
def test_a_carrier_state_that_does_not_exist_is_not_believed(
    urban: Params, day: list[Kpis], state: int
) -> None:
    told = replace(day[3], carrier_state=np.full((1, urban.n_cells), state, np.int8))
    belief = assimilate(urban, believe(urban, day[:3]), told, wake_everything(urban, 1))
    assert np.all(belief.members.arrays.carrier == 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, -1.0])
def test_senseless_reports_leave_a_belief_of_finite_positive_demand(
    urban: Params, day: list[Kpis], value: float
) -> None:
    told = replace(day[3], volume_dl=np.full((1, urban.n_cells), value, np.float32),
                   prb_tot_dl=np.full((1, urban.n_cells), value, np.float32))  # fmt: skip
    load = assimilate(
        urban, believe(urban, day[:3]), told, wake_everything(urban, 1)
    ).members.arrays.area_load
    assert np.all(np.isfinite(load) & (load > 0))


def test_rows_of_a_belief_are_whole_networks(urban: Params) -> None:
    plant = Plant.of(urban, (4, 5))
    belief = believe(urban, [plant.run() for _ in range(3)])
    second = belief.rows(np.array([1]))
    assert (second.n_networks, second.members.n_replicas) == (1, MEMBERS)
    assert second.kpis.volume_dl.tobytes() == belief.kpis.volume_dl[1:].tobytes()
    assert second.members.arrays.key.tolist() == belief.members.arrays.key[MEMBERS:].tolist()
