"""SSB periods as a setting of carriers: what longer ones save, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance
from ranrein.twin.carrier import N_CARRIER_STATES, CarrierState
from ranrein.twin.command import Command
from ranrein.twin.failures import Failures, MeanTimes
from ranrein.twin.kernels.layout import CellSum, StateArrays
from ranrein.twin.params import Params
from ranrein.twin.power import idle_power_rel
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.scenario import Scenario
from ranrein.twin.sleep import Sleep
from ranrein.twin.ssb import Sweep, identification_s
from ranrein.twin.state import State, begin

ACTIVE, MUTED, MICRO, LIGHT, DEEP = CarrierState
PERIODS_MS = (20.0, 40.0, 80.0, 160.0)
PLANNED, LONGEST = 0, 3
CAPACITY = 1  # the cell of the tiny network that may sleep
PAGE = Path(__file__).parents[2] / "docs" / "power_and_radio.md"
EXACT = ("serving", "ssb_period", "carrier", "wake_left_s", "ttt_s", "down")


def _with_choice(scenario: Scenario) -> Scenario:
    return replace(scenario, sleep=replace(scenario.sleep, ssb_periods_ms=PERIODS_MS))


@pytest.fixture(scope="module")
def small() -> Params:
    return Params.of(_with_choice(load_scenario("tiny")))


@pytest.fixture(scope="module")
def failing() -> Params:
    """The urban network with four periods to choose from and radio units that fail all day."""
    often = MeanTimes(mtbf_h=1.0, mttr_h=0.2)
    return Params.of(replace(_with_choice(load_scenario("urban")), failures=Failures(often, often)))


def _start(params: Params, n: int = 1) -> State:
    return begin(params, np.arange(n), np.zeros(n, np.int64))


def _order(state: CarrierState, period: int) -> Command:
    return Command(np.array([[ACTIVE, state]], np.int8), ssb_period=np.array([[0, period]], np.int8))


def _random(params: Params, n: int, rng: np.random.Generator) -> Command:
    shape = (n, params.n_cells)
    return Command(
        (rng.integers(0, 5, shape) * rng.integers(0, 2, shape)).astype(np.int8),
        ssb_period=(rng.integers(0, 100, shape) % params.n_ssb_periods).astype(np.int8),
    )


def _energy_j(params: Params, state: State, command: Command, steps: int) -> float:
    before = float(state.arrays.cell_sum[0, CAPACITY, CellSum.ENERGY])
    advance(params, state, command, steps)
    return float(state.arrays.cell_sum[0, CAPACITY, CellSum.ENERGY]) - before


def test_the_kernel_agrees_with_the_oracle_under_any_periods(failing: Params) -> None:
    rng, kernel = np.random.default_rng(4), _start(failing, 6)
    oracle, led = kernel.copy(), kernel.copy()
    all_findable = replace(failing, arrays=failing.arrays._replace(n_findable=4))
    led_elsewhere = 0
    for n_steps in (1, 4, 5, 3, 2, 5, 1, 9, 5, 5):
        command = _random(failing, 6, rng)
        advance(failing, kernel, command, n_steps)
        advance_reference(failing, oracle, command, n_steps)
        advance(all_findable, led, command, n_steps)
        led_elsewhere += int((led.arrays.serving != kernel.arrays.serving).sum())
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=0 if name in EXACT else 1e-5, atol=1e-5, err_msg=name)
    assert led_elsewhere > 0, "nobody had to find a cell alone"


@pytest.mark.parametrize("period", range(4))
def test_idle_power_is_that_of_the_bursts_and_the_deepest_sleep_between_them(
    small: Params, period: int
) -> None:
    depth = "light" if PERIODS_MS[period] < 80 else "deep"
    for state, between in ((ACTIVE, "micro"), (MICRO, "micro"), (LIGHT, depth)):
        expected_w = 3.6 * idle_power_rel(1, 1, between, ssb_period_ms=PERIODS_MS[period])
        column = state + N_CARRIER_STATES * period
        assert small.arrays.idle_w[CAPACITY, column] == pytest.approx(expected_w, rel=1e-6)
    run, wanted = _start(small), _order(LIGHT, period)
    advance(small, run, wanted, 1)
    expected_w = small.arrays.idle_w[CAPACITY, LIGHT + N_CARRIER_STATES * period]
    assert _energy_j(small, run, wanted, 2) == pytest.approx(120.0 * expected_w, rel=1e-9)


def test_the_longest_period_with_deep_sleep_between_bursts_takes_8_6_units(small: Params) -> None:
    assert small.arrays.idle_w[CAPACITY, LIGHT + N_CARRIER_STATES * LONGEST] / 3.6 == pytest.approx(
        8.6, abs=0.05
    )


@pytest.mark.parametrize("period", range(4))
def test_the_manual_tells_power_and_search_time_of_every_period(small: Params, period: int) -> None:
    idle = small.arrays.idle_w[CAPACITY].reshape(4, N_CARRIER_STATES)[period] / 3.6
    period_ms = PERIODS_MS[period]
    row = f"| {period_ms:g} ms | {idle[ACTIVE]:.1f} | {idle[LIGHT]:.1f} | {identification_s(period_ms)} s |"
    assert row in PAGE.read_text(encoding="utf-8")


def test_full_load_draws_the_same_at_the_share_of_every_period(small: Params) -> None:
    idle, slope = (
        table[CAPACITY].reshape(4, N_CARRIER_STATES) for table in (small.arrays.idle_w, small.arrays.slope_w)
    )
    share = small.cells[CAPACITY].carrier.dl_share
    np.testing.assert_allclose(idle[:, ACTIVE] + slope[:, ACTIVE] / share, 3.6 * 280.0, rtol=1e-6)
    assert np.all(np.diff(idle[:, ACTIVE]) < 0)
    assert np.all(np.diff(slope[:, ACTIVE]) > 0)


def test_fewer_bursts_leave_more_of_the_carrier_to_data(small: Params) -> None:
    carrier = small.cells[CAPACITY].carrier
    taken = [Sweep(8, carrier.fc_ghz, 273, 30, int(p)).resource_frac / carrier.dl_share for p in PERIODS_MS]
    expected = (1 - np.array(taken)) / (1 - taken[0])
    rates = small.arrays.rate_mbps[CAPACITY].reshape(4, 2)
    np.testing.assert_allclose(rates / rates[0], expected[:, None].repeat(2, axis=1), rtol=1e-6)
    assert 1.004 < expected[LONGEST] < 1.006


def test_finding_a_cell_takes_longer_from_80_ms_on() -> None:
    assert [identification_s(p) for p in (5, 20, 40, 80, 160)] == pytest.approx([0.8, 0.8, 0.8, 1.0, 1.6])


@pytest.mark.parametrize(
    ("depth", "period", "delay_s"),
    [(MICRO, 1, 0), (MICRO, 2, 60), (MICRO, 3, 60), (LIGHT, 1, 60), (LIGHT, 2, 120), (LIGHT, 3, 120), (DEEP, 3, 300)],
)  # fmt: skip
def test_a_sleeper_with_rare_bursts_serves_again_a_step_later(
    small: Params, depth: CarrierState, period: int, delay_s: int
) -> None:
    state = _start(small)
    advance(small, state, _order(depth, period), 3)
    for step in range(20):
        advance(small, state, _order(ACTIVE, PLANNED), 1)
        if np.any(state.arrays.serving == CAPACITY):
            assert 60 * step == delay_s
            return
    raise AssertionError("the cell never served again")


@pytest.mark.parametrize("period", range(4))
def test_who_has_no_cell_finds_none_with_rare_bursts_but_is_handed_over(small: Params, period: int) -> None:
    state = _start(small)
    advance(small, state, _order(ACTIVE, period), 1)
    assert np.all(state.arrays.serving == (CAPACITY if period == PLANNED else 0))
    advance(small, state, _order(ACTIVE, period), 1)
    assert np.all(state.arrays.serving == CAPACITY)


def test_users_of_a_failed_cell_find_none_with_rare_bursts_and_users_of_a_sleeper_are_led_there() -> None:
    urban = Params.of(_with_choice(load_scenario("urban")))
    periods = np.where(urban.is_capacity, LONGEST, 0).astype(np.int8)[None]
    plain = np.zeros((1, urban.n_cells), np.int8)
    state = _start(urban)
    advance(urban, state, Command(plain, ssb_period=periods), 3)
    served = state.arrays.serving[0].copy()
    cell = int(np.bincount(served[served >= 0]).argmax())
    assert urban.is_capacity[cell]
    failed, slept = state.copy(), state.copy()
    failed.arrays.down[0, cell] = 1
    advance(urban, failed, Command(plain, ssb_period=periods), 1)
    asleep = plain.copy()
    asleep[0, cell] = DEEP
    advance(urban, slept, Command(asleep, ssb_period=periods), 1)
    theirs = served == cell
    assert not urban.is_capacity[failed.arrays.serving[0, theirs]].any()
    assert urban.is_capacity[slept.arrays.serving[0, theirs]].any()


def test_a_handover_waits_until_the_cell_is_found() -> None:
    tiny = _with_choice(load_scenario("tiny"))
    timing = replace(tiny.timing, twin_step_s=1.0)
    slow = Params.of(replace(tiny, timing=timing, handover=replace(tiny.handover, time_to_trigger_s=0.5)))
    for period, steps in ((1, 1), (2, 1), (LONGEST, 2)):  # 0.5 s, 0.7 s, 1.3 s
        state = _start(slow)
        advance(slow, state, _order(DEEP, period), 1)
        state.arrays.carrier[:], state.arrays.wake_left_s[:] = ACTIVE, 0.0
        for step in range(1, 4):
            advance(slow, state, _order(ACTIVE, period), 1)
            assert np.all(state.arrays.serving == (CAPACITY if step >= steps else 0))


@pytest.mark.parametrize(
    ("state", "period", "extra_j"),
    [(ACTIVE, 3, 0.0), (MICRO, 3, 0.0), (LIGHT, 1, 0.0), (LIGHT, 3, 3.6 * (0.09 + 1.0) / 2), (DEEP, 3, 0.0)],
)
def test_a_new_period_costs_the_transition_of_another_depth_only(
    small: Params, state: CarrierState, period: int, extra_j: float
) -> None:
    run = _start(small)
    advance(small, run, _order(state, PLANNED), 1)
    assert _energy_j(small, run, _order(state, period), 0) == pytest.approx(extra_j, abs=1e-6)


def test_a_scenario_that_lists_one_period_is_the_one_without_a_list(tiny: Params) -> None:
    sleep = replace(tiny.scenario.sleep, ssb_periods_ms=(20.0,))
    listed = Params.of(replace(tiny.scenario, sleep=sleep))
    for name, a, b in zip(tiny.arrays._fields, tiny.arrays, listed.arrays, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_a_period_that_a_cell_does_not_have_is_refused(small: Params, tiny: Params) -> None:
    orders = ((small, [[0, 4]], r"ssb_period 4 of cell '.*n78': it may choose from 0\.\.3"),
              (small, [[1, 0]], r"ssb_period 1 of cell '.*': it may choose from 0\.\.0"),
              (tiny, [[0, 1]], r"from 0\.\.0 of \(20\.0,\) ms"))  # fmt: skip
    for params, periods, named in orders:
        command = Command(np.zeros((1, 2), np.int8), ssb_period=np.array(periods, np.int8))
        with pytest.raises(ValueError, match=named):
            advance(params, _start(params), command, 1)
    with pytest.raises(ValueError, match="ssb_period holds values outside"):
        Command(np.zeros((1, 2), np.int8), ssb_period=np.array([[0, -1]], np.int8))


def test_a_command_with_another_period_is_not_as_planned() -> None:
    assert _order(DEEP, PLANNED).is_planned
    assert not _order(ACTIVE, 1).is_planned


@pytest.mark.parametrize(
    ("planned", "periods", "named"),
    [
        (20.0, (20.0, 30.0), r"ssb_periods_ms=\(20\.0, 30\.0\): use some of \(5, 10"),
        (20.0, (20.0, 160.0, 40.0), "ascending"),
        (20.0, (20.0, 20.0), "each once"),
        (20.0, (40.0, 80.0), r"must begin with the planned period, ssb_period_ms=20"),
        (40.0, (40.0, 80.0), "of at most 20 ms"),
    ],
)
def test_a_list_of_periods_that_cannot_be_is_refused(
    planned: float, periods: tuple[float, ...], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Sleep(ssb_period_ms=planned, ssb_periods_ms=periods)


def test_all_periods_that_can_be_found_serve_initial_access() -> None:
    assert Sleep(ssb_period_ms=5.0, ssb_periods_ms=(5.0, 10.0, 20.0, 40.0)).n_findable == 3
    assert Sleep(ssb_period_ms=160.0).n_findable == 1
