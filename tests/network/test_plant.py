import numpy as np
import pytest

from ranrein.envs.simulation import Simulation
from ranrein.network.actuator_faults import ActuatorFaults
from ranrein.network.plant import SimulatedNetwork
from ranrein.network.protocol import (
    CARRIER_STATE,
    CONTROLLER,
    Change,
    NetworkUnavailable,
    ObjectState,
    Patch,
    UnknownObject,
    VersionConflict,
)
from ranrein.twin.command import Command
from ranrein.twin.kpis import ARRAYS

A, B = "macro-0-n78", "macro-1-n78"


def patch(value=4, version=0, names=(A,)):
    return Patch(tuple(Change(name, CARRIER_STATE, value, version) for name in names))


def values(plant):
    return {name: found.value for name, found in plant.read(plant.cells).items()}


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)


def test_a_new_plant_has_a_report_of_the_period_that_ends_at_midnight(plant):
    kpis = plant.observe()
    assert (kpis.n_replicas, kpis.time_s[0], kpis.granularity_s) == (1, 0.0, 300.0)
    assert np.all(kpis.carrier_state == 0)


def test_objects_are_named_after_the_cells_and_start_at_version_zero(plant, params):
    assert plant.cells == tuple(cell.name for cell in params.cells)
    assert plant.read([A]) == {A: ObjectState(0, 0, "factory")}


def test_an_applied_patch_is_read_back_and_obeyed(plant):
    receipt = plant.apply(patch(), "k")
    assert (receipt.applied, receipt.repeated) == ((A,), False)
    assert plant.read([A])[A] == ObjectState(4, 1, CONTROLLER)
    plant.wait(300.0)
    assert plant.observe().carrier_state[0].tolist() == [0, 4, 0, 0, 0, 0, 0]
    assert plant.measured().volume_dl[0, 1] == 0.0


def test_a_version_that_moved_refuses_the_whole_patch(plant):
    plant.edit(B, 1, "alice")
    with pytest.raises(VersionConflict, match=f"{B} has version 1 \\(by alice\\), expected 0"):
        plant.apply(patch(names=(A, B)), "k")
    assert values(plant)[A] == 0


def test_repeating_a_key_repeats_the_receipt_and_not_the_effect(plant):
    first = plant.apply(patch(), "k")
    plant.edit(A, 0, "alice")
    again = plant.apply(patch(), "k")
    assert (again.key, again.applied, again.repeated) == (first.key, first.applied, True)
    assert plant.read([A])[A] == ObjectState(0, 2, "alice")


def test_a_key_cannot_be_used_for_another_patch(plant):
    plant.apply(patch(), "k")
    with pytest.raises(ValueError, match="belongs to another patch"):
        plant.apply(patch(names=(B,)), "k")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (Change("nowhere", CARRIER_STATE, 4, 0), UnknownObject, "'nowhere' is no object"),
        (Change(A, "maxTxPower", 4, 0), UnknownObject, "maxTxPower is not writable"),
        (Change(A, CARRIER_STATE, 5, 0), ValueError, "=5 is outside 0..4"),
    ],
)
def test_a_patch_that_makes_no_sense_changes_nothing(plant, change, error, words):
    with pytest.raises(error, match=words):
        plant.apply(Patch((Change(B, CARRIER_STATE, 4, 0), change)), "k")
    assert set(values(plant).values()) == {0}


def test_a_patch_names_every_object_once():
    with pytest.raises(ValueError, match=f"{A} more than once"):
        patch(names=(A, A))


def test_an_edit_by_a_person_carries_the_name_and_the_next_version(plant):
    plant.edit(A, 3, "alice")
    assert plant.read([A])[A] == ObjectState(3, 1, "alice")


@pytest.mark.parametrize(
    ("fault", "applied"),
    [("ignore", {}), ("half", {A: 4}), ("wrong_object", {"macro-1-n28": 4, B: 4})],
)
def test_a_lying_actuator_says_ok_and_does_something_else(plant, fault, applied):
    plant.inject(ActuatorFaults(**{fault: 1}))
    assert plant.apply(patch(names=(A, B)), "k").applied == (A, B)
    assert {name: value for name, value in values(plant).items() if value} == applied


def test_a_timeout_may_have_applied_and_the_retry_has_no_second_effect(plant):
    plant.inject(ActuatorFaults(timeout_but_applied=1))
    with pytest.raises(NetworkUnavailable):
        plant.apply(patch(), "k")
    assert plant.apply(patch(), "k").repeated
    assert plant.read([A])[A].version == 1


def test_an_unreachable_network_does_nothing_until_the_faults_are_used_up(plant):
    plant.inject(ActuatorFaults(unreachable=2))
    with pytest.raises(NetworkUnavailable):
        plant.apply(patch(), "k")
    with pytest.raises(NetworkUnavailable):
        plant.read([A])
    assert plant.read([A])[A].version == 0


def test_a_count_of_faults_is_not_negative():
    with pytest.raises(ValueError, match="half=-1"):
        ActuatorFaults(half=-1)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(make_plant):
    plants = [make_plant(seed) for seed in (7, 7, 8)]
    for plant in plants:
        plant.apply(patch(), "k")
        plant.wait(1200.0)
    assert same(plants[0].observe(), plants[1].observe())
    assert not same(plants[0].observe(), plants[2].observe())


def test_waiting_in_pieces_is_waiting_at_once(make_plant):
    one, other = make_plant(), make_plant()
    for plant in (one, other):
        plant.apply(patch(), "k")
    one.wait(900.0)
    for seconds in (60.0, 120.0, 360.0, 0.0, 300.0, 60.0):
        other.wait(seconds)
    assert same(one.observe(), other.observe())


def test_the_clock_moves_with_the_network_and_reports_come_at_period_ends(plant, clock):
    before = plant.observe()
    plant.wait(240.0)
    assert same(plant.observe(), before)
    plant.wait(60.0)
    assert plant.observe().time_s[0] == 300.0
    assert clock.monotonic_s() == 300.0


@pytest.mark.parametrize("seconds", [90.0, -60.0, float("nan"), float("inf")])
def test_time_passes_in_whole_twin_steps(plant, seconds):
    with pytest.raises(ValueError, match="whole number of twin steps"):
        plant.wait(seconds)


def test_a_plant_with_the_twins_parameters_reports_what_the_environment_reports(params, clock):
    simulation = Simulation(params, 1)
    simulation.start(np.array([7]), np.array([0]))
    plant = SimulatedNetwork(params, 7, clock)
    rng = np.random.default_rng(0)
    for step in range(6):
        legal = simulation.step(Command.of(rng.integers(0, 5, (1, 7)))).command.carrier_state[0]
        now = plant.read(plant.cells)
        changes = [
            Change(name, CARRIER_STATE, int(value), now[name].version)
            for name, value in zip(plant.cells, legal, strict=True)
            if value != now[name].value
        ]
        plant.apply(Patch(tuple(changes)), str(step))
        plant.wait(300.0)
        assert same(plant.observe(), simulation.window.kpis)


def test_an_injected_surge_brings_traffic_to_its_venue(make_plant):
    calm, busy = make_plant(), make_plant()
    busy.inject_surge(venue=0, onset_in_s=300.0, ramp_s=600.0, hold_s=3600.0, peak_mbps=90.0)
    for plant in (calm, busy):
        plant.wait(300.0)
    offered = [float((p.measured().volume_dl + p.measured().blocked_dl).sum()) for p in (calm, busy)]
    assert offered[0] == pytest.approx(offered[1])
    for plant in (calm, busy):
        plant.wait(1200.0)
    offered = [float((p.measured().volume_dl + p.measured().blocked_dl).sum()) for p in (calm, busy)]
    assert offered[1] - offered[0] == pytest.approx(90.0 * 300.0 * 1e3, rel=0.05)


@pytest.mark.parametrize(
    ("field", "value"),
    [("venue", 3), ("venue", -1), ("ramp_s", 0.0), ("peak_mbps", float("nan")), ("onset_in_s", -1.0)],
)
def test_a_surge_that_cannot_be_is_refused(plant, field, value):
    surge = {"venue": 0, "onset_in_s": 0.0, "ramp_s": 600.0, "hold_s": 600.0, "peak_mbps": 50.0}
    with pytest.raises(ValueError, match=f"{field}={value}"):
        plant.inject_surge(**{**surge, field: value})


def test_reports_are_copies(plant):
    plant.observe().power[:] = 0.0
    assert plant.observe().power.min() > 0.0


def test_the_fault_fields_count_in_the_order_they_strike():
    both = ActuatorFaults(ignore=1, half=1)
    assert both.next_of("ignore", "half") == "ignore"
    assert both.less("ignore").next_of("ignore", "half") == "half"
