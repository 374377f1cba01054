"""All that can be switched on, at once: what adds up, what never happens, and the laws that any network obeys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance
from ranrein.twin.backhaul import Backhaul
from ranrein.twin.carrier import N_CARRIER_STATES, CarrierState
from ranrein.twin.command import Command
from ranrein.twin.failures import Failures, MeanTimes
from ranrein.twin.kernels.layout import GAIN_STEP_DB, CellSum, StateArrays
from ranrein.twin.kpis import REALS, measure
from ranrein.twin.params import Params
from ranrein.twin.radiomap import gain_map, pixel_centres
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.scenario import Scenario
from ranrein.twin.slicing import Slicing
from ranrein.twin.state import State, begin, open_period

from .commands import random_command

EXACT_MBIT = 2.0**36  # sums below it are exact where traffic waits
PERIOD = 5  # steps


@pytest.fixture(scope="module", params=["loses", "waits"])
def whole(everything: Scenario, request: pytest.FixtureRequest) -> Params:
    """Everything, where what is not served at once is lost, and where it waits and types have quotas."""
    return Params.of(everything if request.param == "loses" else with_quotas(everything, 30.0))


def with_quotas(scenario: Scenario, buffer_s: float) -> Scenario:
    video, robots = scenario.slicing.types
    types = (
        replace(video, five_qi=9, min_ratio=0.05, max_ratio=0.5),
        replace(robots, min_ratio=0.1, dedicated_ratio=0.05),
    )
    slicing = replace(scenario.slicing, types=types, buffer_s=buffer_s)
    return replace(scenario, slicing=slicing, load=replace(scenario.load, buffer_s=buffer_s))


def _start(params: Params, n: int, seed: int = 0) -> State:
    return begin(params, np.arange(seed, seed + n, dtype=np.int64), np.zeros(n, np.int64))


def _live(params: Params, state: State, seed: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(periods):
        advance(params, state, random_command(params, state.n_replicas, rng), PERIOD)


def _assert_books_balance(params: Params, state: State, queue: np.ndarray) -> None:
    """Balance a period that began with ``queue``, with ``==``."""
    s = state.arrays
    served, blocked = (s.cell_sum[:, :, k].sum(axis=1) for k in (CellSum.VOLUME, CellSum.BLOCKED))
    kind, tier = np.maximum(s.slot_kind, 0), np.maximum(s.slot_tier, 1) - 1
    if params.has_buffers:
        before, after = (q[:, : params.arrays.slice_first].sum(axis=1) for q in (queue, s.queue))
        exactly = before + s.offered_mbit < EXACT_MBIT
        ours, theirs = before + s.offered_mbit, served + blocked + after
        assert np.array_equal(ours[exactly], theirs[exactly])
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        before, after = (q[:, params.arrays.slice_first :].sum(axis=1) for q in (queue, s.queue))
        served, blocked, offered = (s.slot_sum[:, :, k].sum(axis=1) for k in (2, 3, 4))
        assert np.array_equal(before + offered, served + blocked + after)
    else:
        offered, served, blocked = (
            s.cell_sum[:, :, k] for k in (CellSum.OFFERED, CellSum.VOLUME, CellSum.BLOCKED)
        )
        assert np.array_equal(offered, served + blocked)
        assert np.array_equal(s.slot_sum[:, :, 4], s.slot_sum[:, :, 2] + s.slot_sum[:, :, 3])
    if params.scenario.slicing.types and not params.has_buffers:
        asked = s.slot_sum[:, :, 0] * params.arrays.slice_mbps[kind, tier]
        np.testing.assert_allclose(s.slot_sum[:, :, 2] + s.slot_sum[:, :, 3], asked, rtol=1e-6)
    residents = params.arrays.slice_first
    seconds = s.cell_sum[:, :, CellSum.USERS].sum(axis=1)
    np.testing.assert_allclose(seconds, s.elapsed_s * residents, rtol=1e-12)


def _assert_sane(params: Params, state: State) -> None:
    for name, array in zip(StateArrays._fields, state.arrays, strict=True):
        assert np.isfinite(array).all(), name
    kpis = measure(params, state)
    for name in REALS:
        values = getattr(kpis, name)
        assert np.all(np.isfinite(values) & (values >= 0)), name
    s = state.arrays
    assert np.all((s.load >= 0) & (s.load <= 1))
    idle = (s.carrier > CarrierState.TRX_MUTED) | (s.down > 0)
    assert np.all(s.load[idle] == 0)


def test_what_is_offered_is_served_or_blocked(whole: Params) -> None:
    state, rng = _start(whole, 8), np.random.default_rng(1)
    seen = np.zeros(4, np.bool_)
    for _ in range(40):
        queue = state.arrays.queue.copy()
        open_period(state)
        advance(whole, state, random_command(whole, 8, rng), PERIOD)
        _assert_books_balance(whole, state, queue)
        seen |= [
            state.arrays.down.any(),
            (state.arrays.slot_kind >= 0).any(),
            state.arrays.beam.any(),
            state.arrays.cell_sum[:, :, CellSum.BLOCKED].any(),
        ]
    assert seen.all(), "failures, slices, beams or blocking never happened"


def test_energy_is_the_integral_of_power_and_the_transitions(whole: Params) -> None:
    state, rng, p = _start(whole, 4), np.random.default_rng(2), whole.arrays
    cells, expected_j = np.arange(whole.n_cells), np.zeros((4, whole.n_cells))
    for _ in range(60):
        command, s = random_command(whole, 4, rng), state.arrays
        old, before = s.carrier.copy(), s.carrier + N_CARRIER_STATES * s.ssb_period
        new, first = command.carrier_state, N_CARRIER_STATES * command.ssb_period
        leave_j, enter_j = (p.transition_j[cells, row].astype(np.float64) for row in (before, first + new))
        expected_j += np.where((old != new) | (leave_j != enter_j), (leave_j + enter_j) / 2, 0.0)
        advance(whole, state, command, 0)
        waking = state.arrays.wake_left_s > 0
        advance(whole, state, command, 1)
        running_w = p.idle_w[cells, first + new] + state.arrays.load * p.slope_w[cells, first + new]
        expected_j += p.step_s * np.where(waking, p.idle_w[cells, first], running_w).astype(np.float64)
    assert state.arrays.down.any()
    np.testing.assert_allclose(state.arrays.cell_sum[:, :, CellSum.ENERGY], expected_j, rtol=1e-9)


def test_the_kernel_agrees_with_the_oracle(whole: Params) -> None:
    rng, kernel = np.random.default_rng(8), _start(whole, 3)
    oracle = kernel.copy()
    for n_steps in (5, 10, 3, 2, 5, 15, 5):
        command = random_command(whole, 3, rng)
        advance(whole, kernel, command, n_steps)
        advance_reference(whole, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)


def test_a_replica_has_the_same_bits_alone_and_in_a_batch(whole: Params) -> None:
    batch, alone = _start(whole, 6), _start(whole, 1, seed=4)
    rng = np.random.default_rng(3)
    for _ in range(20):
        command = random_command(whole, 6, rng)
        advance(whole, batch, command, PERIOD)
        advance(whole, alone, command.rows(np.array([4])), PERIOD)
    for name, a, b in zip(StateArrays._fields, batch.rows([4]).arrays, alone.arrays, strict=True):
        assert a.tobytes() == b.tobytes(), name


def test_a_snapshot_advances_to_the_same_bits_as_the_original(whole: Params) -> None:
    state = _start(whole, 3)
    _live(whole, state, 5, 8)
    snapshot = state.copy()
    _live(whole, state, 6, 8)
    _live(whole, snapshot, 6, 8)
    for name, a, b in zip(StateArrays._fields, state.arrays, snapshot.arrays, strict=True):
        assert a.tobytes() == b.tobytes(), name


hours = st.floats(0.05, 1e5)
laws = st.none() | st.builds(MeanTimes, hours, hours)
failing = st.builds(
    Failures, laws, laws, laws, st.tuples(st.floats(0, 500), st.floats(500, 5000))
)  # fmt: skip
buffers = st.just(0.0) | st.floats(1e-6, 1e5)
capacities = st.just(0.0) | st.floats(1e-3, 1e5)
backhauls = st.one_of(
    st.builds(Backhaul, st.just("fibre"), capacities, length_km=st.floats(0, 500)),
    st.builds(Backhaul, st.just("microwave"), capacities, hops=st.integers(1, 9)),
    st.builds(Backhaul, st.just("leo"), capacities, buffer_ms=st.floats(0, 500)),
)


@st.composite
def slicings(draw: st.DrawFn, plain: Slicing) -> Slicing:
    """Draw quotas, resource types and buffers of the slice types of a network, or none of all."""
    if draw(st.booleans()):
        return plain
    share, types = st.floats(0, 1), []
    for kind in plain.types:
        least = draw(share) * plain.max_ratio / len(plain.types)
        most = max(least + (1 - least) * draw(share), 1e-6)
        quota = {"min_ratio": least, "max_ratio": most, "dedicated_ratio": least * draw(share)}
        qos = {"five_qi": draw(st.sampled_from([0, 1, 9, 82])), "latency_ms": draw(st.floats(1e-3, 1e3))}
        types.append(replace(kind, guaranteed_mbps=draw(st.floats(1e-6, 1e3)), **quota, **qos))
    return replace(plain, types=tuple(types), buffer_s=draw(buffers))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw networks over the ranges of the fields that decide what is divided by what."""
    plain = load_scenario("tiny")
    share = st.floats(0, 1)
    users = replace(
        plain.users,
        indoor_share=draw(share),
        high_loss_share=draw(share),
        max_indoor_loss_db=draw(st.floats(0, 200)),
        vehicle_share=draw(share),
        vehicle_speed_kmh=draw(st.floats(0, 20)),
        weight_spread=draw(st.floats(0, 3)),
    )
    load = replace(plain.load, full_load_mbps=draw(st.floats(1e-3, 1e6)), noise_sigma=draw(st.floats(0, 2)))
    load = replace(load, buffer_s=draw(buffers))
    carriers = {
        name: replace(
            carrier,
            tx_power_dbm=draw(st.floats(-50, 80)),
            min_rsrp_dbm=draw(st.floats(-200, -40)),
            dl_share=draw(st.floats(0.01, 1)),
            patterns=draw(st.sampled_from([(), ("macro",)])),
        )
        for name, carrier in plain.carriers.items()
    }
    return replace(
        plain,
        pixel_m=50.0,
        users=users,
        load=load,
        carriers=carriers,
        sites=(replace(plain.sites[0], backhaul=draw(backhauls)),),
        shadowing=draw(st.booleans()),
        fidelity=draw(st.sampled_from("AB")),
        failures=draw(failing),
        noise_rise_db=draw(st.floats(0, 40)),
    )


@settings(max_examples=60)
@given(scenario=scenarios(), sliced=st.booleans(), seed=st.integers(0, 2**31), data=st.data())
def test_no_network_gives_a_number_that_is_none(
    everything: Scenario, scenario: Scenario, sliced: bool, seed: int, data: st.DataObject
) -> None:
    slicing = data.draw(slicings(everything.slicing)) if sliced else Slicing()
    params = Params.of(replace(scenario, slicing=slicing))
    state, rng = _start(params, 2, seed), np.random.default_rng(seed)
    state.arrays.surge[:, 0] = (0.0, 60.0, 1e6, 300.0, 0.0)
    for _ in range(4):
        queue = state.arrays.queue.copy()
        open_period(state)
        advance(params, state, random_command(params, 2, rng), PERIOD)
        _assert_sane(params, state)
        _assert_books_balance(params, state, queue)


def _slope_w(params: Params) -> np.ndarray:
    return params.arrays.slope_w[:, CarrierState.ACTIVE]


# Monotonic laws


@settings(max_examples=40)
@given(
    cell=st.sampled_from([1, 3, 5, 6]),
    depth=st.sampled_from([CarrierState.MICRO_SLEEP, CarrierState.LIGHT_SLEEP, CarrierState.DEEP_SLEEP]),
    minute=st.integers(0, 1430),
    seed=st.integers(0, 2**31),
)
def test_a_sleeping_cell_never_draws_more_itself_and_its_load_goes_to_others(
    urban: Params, cell: int, depth: CarrierState, minute: int, seed: int
) -> None:
    """All others together may: what moves takes more resource blocks of a carrier that needs more watts for each."""
    awake, asleep = _start(urban, 8, seed), _start(urban, 8, seed)
    states = np.zeros((8, urban.n_cells), np.int8)
    states[:, cell] = depth
    for state, command in ((awake, Command.all_active(8, urban.n_cells)), (asleep, Command(states))):
        state.arrays.step[:] = minute
        advance(urban, state, command, 1)  # the transition has its own price
        open_period(state)
        advance(urban, state, command, 10)
    before, after = measure(urban, awake), measure(urban, asleep)
    assert np.all(after.power[:, cell] <= before.power[:, cell])
    assert np.all(after.prb_tot_dl[:, cell] == 0)
    others = np.arange(urban.n_cells) != cell
    raised = after.prb_tot_dl[:, others].sum(axis=1) - before.prb_tot_dl[:, others].sum(axis=1)
    assert np.all(raised[before.prb_tot_dl[:, cell] > 1.0] > 0)
    # the total grows by no more than what the others need for what they took over
    rose = (after.power - before.power)[:, others].sum(axis=1)
    needed = np.sum(np.maximum(after.prb_tot_dl - before.prb_tot_dl, 0.0) / 100.0 * _slope_w(urban), axis=1)
    assert np.all(rose <= needed + 1e-3 * before.power.sum(axis=1))


def test_deep_sleep_at_night_never_raises_the_power_of_the_network(urban: Params) -> None:
    for cell in urban.capacity_cells:
        total_w = []
        for depth in (CarrierState.ACTIVE, CarrierState.DEEP_SLEEP):
            state, states = _start(urban, 64), np.zeros((64, urban.n_cells), np.int8)
            states[:, cell] = depth
            advance(urban, state, Command(states), 1)
            open_period(state)
            advance(urban, state, Command(states), 10)
            total_w.append(measure(urban, state).total_power_w)
        assert np.all(total_w[1] < total_w[0])


@pytest.mark.parametrize("fidelity", ["A", "B"])
def test_a_lower_tilt_is_stronger_in_the_centre_and_reaches_less_far(fidelity: str) -> None:
    plain = load_scenario("tiny")
    gains = []
    for tilt_deg in (94.0, 98.0, 104.0):
        carriers = {name: replace(c, tilt_deg=tilt_deg, n_elements=8) for name, c in plain.carriers.items()}
        scenario = replace(plain, carriers=carriers, fidelity=fidelity, width_m=1200.0)
        gains.append(gain_map(scenario)[:, 1] * GAIN_STEP_DB)
    x, y = pixel_centres(replace(plain, width_m=1200.0))
    site = plain.sites[0]
    ahead = np.abs(np.degrees(np.arctan2(y - site.y_m, x - site.x_m))) < 30
    away_m = np.hypot(x - site.x_m, y - site.y_m)
    centre, edge = ahead & (away_m > 60) & (away_m < 100), ahead & (away_m > 800)
    assert np.all(np.diff([gain[centre].mean() for gain in gains]) > 0)
    assert np.all(np.diff([gain[edge].mean() for gain in gains]) < 0)
    reach = [away_m[ahead & (gain > -110)].max() for gain in gains]
    assert reach[0] >= reach[1] > reach[2]
