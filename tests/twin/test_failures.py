"""Failures in the kernel: against the oracle, their law, and what they do to a network and to beliefs of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario, scenario_from
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.failures import Failures, MeanTimes
from ranrein.twin.kernels.failures import DISABLED, FAILED, LEFT_S, N_CAUSES, SITE_POWER, UNNOTICED_S, WORKS
from ranrein.twin.kernels.layout import CellSum, StateArrays
from ranrein.twin.kpis import measure
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.state import State, begin, open_period
from ranrein.twin.sync import assimilate, expect, first_belief

OFTEN = MeanTimes(mtbf_h=2.0, mttr_h=0.5)
STEP_S = 60.0
BOOT_S = 300.0  # from deep sleep


def failing(name: str = "urban", **laws: Any) -> Params:
    return Params.of(replace(load_scenario(name), failures=Failures(**laws)))


@pytest.fixture(scope="module")
def params() -> Params:
    return failing(radio_unit=OFTEN, site_power=OFTEN, site_transport=OFTEN)


def _start(params: Params, n: int) -> State:
    return begin(params, np.arange(n, dtype=np.int64), np.zeros(n, np.int64))


def _break(state: State, cell: int, noticed: bool = True, cause: int = 0) -> None:
    """Take a cell down for longer than any test lasts."""
    state.arrays.outage[:, cause, cell] = (1e6, 0.0 if noticed else 1e6)


def test_the_kernel_agrees_with_the_oracle(params: Params) -> None:
    rng, kernel = np.random.default_rng(1), _start(params, 4)
    oracle = kernel.copy()
    seen = set()
    for n_steps in (1, 9, 20, 3, 15, 12):
        shape = (4, params.n_cells)
        command = Command.of(rng.integers(0, 5, shape) * rng.integers(0, 2, shape))
        advance(params, kernel, command, n_steps)
        advance_reference(params, oracle, command, n_steps)
        seen |= set(kernel.arrays.down.ravel().tolist())
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        exact = name in ("down", "serving", "carrier", "wake_left_s")
        np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-5, atol=0 if exact else 1e-5, err_msg=name)
    assert seen == {WORKS, FAILED, DISABLED}


def test_nothing_fails_without_a_law(urban: Params) -> None:
    state = _start(urban, 4)
    advance(urban, state, Command.all_active(4, urban.n_cells), 50)
    assert state.arrays.outage.shape == (4, 0, urban.n_cells, 2)
    assert not state.arrays.down.any()
    assert not Failures().possible


def test_units_are_down_as_long_as_the_law_says_from_the_first_step_on() -> None:
    law = MeanTimes(mtbf_h=6.0, mttr_h=2.0)
    params = failing(radio_unit=law, detection_s=(0.0, 0.0))
    state, share = _start(params, 200), []
    for _ in range(40):
        advance(params, state, Command.all_active(200, params.n_cells), 15)
        share.append((state.arrays.down > 0).mean(axis=1))
    down_s = law.mttr_h * 3600 + BOOT_S + STEP_S / 2
    expected = down_s / (down_s + law.mtbf_h * 3600)
    found = np.mean(share, axis=0)  # (B,), independent of each other
    assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(200)
    first = share[0].mean()
    assert abs(first - expected) < 4 * np.sqrt(expected / (200 * params.n_cells))


def test_an_outage_of_a_site_takes_all_its_cells_and_no_other() -> None:
    params = failing(site_power=OFTEN)
    state = _start(params, 64)
    advance(params, state, Command.all_active(64, params.n_cells), 10)
    down = state.arrays.down > 0
    sites = [cell.site for cell in params.cells]
    macro = np.array([site == "macro" for site in sites])
    assert np.all(down[:, macro].all(axis=1) == down[:, macro].any(axis=1))
    assert {(bool(a), bool(b)) for a, b in zip(down[:, 0], down[:, ~macro].any(axis=1), strict=True)} == {
        (False, False), (False, True), (True, False), (True, True)
    }  # fmt: skip


@pytest.mark.parametrize("commanded", [0, 4])
def test_failures_do_not_depend_on_what_is_commanded(params: Params, commanded: int) -> None:
    plain, other = _start(params, 8), _start(params, 8)
    states = np.zeros((8, params.n_cells), np.int8)
    states[:, params.capacity_cells] = commanded
    for _ in range(30):
        advance(params, plain, Command.all_active(8, params.n_cells), 2)
        advance(params, other, Command(states), 2)
        np.testing.assert_array_equal(plain.arrays.down, other.arrays.down)


def test_a_failed_cell_serves_nobody_and_draws_what_an_idle_one_does() -> None:
    params = failing(radio_unit=MeanTimes(1e9, 1.0))
    state, cell = _start(params, 4), int(params.capacity_cells[0])
    advance(params, state, Command.all_active(4, params.n_cells), 2)
    assert np.any(state.arrays.serving == cell)
    _break(state, cell)
    open_period(state)
    advance(params, state, Command.all_active(4, params.n_cells), 5)
    assert not np.any(state.arrays.serving == cell)
    assert np.all(state.arrays.load[:, cell] == 0)
    power = measure(params, state).power[:, cell]
    np.testing.assert_allclose(power, params.arrays.idle_w[cell, 0], rtol=1e-6)


def test_a_failure_is_reported_once_it_is_noticed() -> None:
    params = failing(radio_unit=MeanTimes(1e9, 1.0))
    state = _start(params, 1)
    state.arrays.outage[0, 0, 2] = (3600.0, 150.0)
    told = []
    for _ in range(5):
        open_period(state)
        advance(params, state, Command.all_active(1, params.n_cells))
        told.append(measure(params, state).disabled[0].tolist())
    assert [row[2] for row in told] == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert np.sum(told) == 3


def test_a_repaired_cell_boots_before_it_works() -> None:
    params = failing(radio_unit=MeanTimes(mtbf_h=1.0, mttr_h=1e-9), detection_s=(0.0, 0.0))
    state, lengths, running = _start(params, 16), [], np.zeros((16, params.n_cells), np.int64)
    for _ in range(120):
        advance(params, state, Command.all_active(16, params.n_cells))
        down = state.arrays.down > 0
        lengths += running[~down & (running > 0)].tolist()
        running = np.where(down, running + 1, 0)
    assert set(lengths) == {int((BOOT_S + STEP_S) / STEP_S)}


def test_a_cell_that_fails_during_a_period_blocks_or_sheds_its_users(urban: Params) -> None:
    params = failing(radio_unit=MeanTimes(1e9, 1.0))
    healthy, broken = _start(params, 8), _start(params, 8)
    for cell in params.capacity_cells:
        _break(broken, int(cell), noticed=False)
    for state in (healthy, broken):
        advance(params, state, Command.all_active(8, params.n_cells), 10)
    load = [s.arrays.load[:, params.coverage_cells].mean() for s in (healthy, broken)]
    served = [s.arrays.cell_sum[:, :, CellSum.VOLUME].sum() for s in (healthy, broken)]
    assert load[1] > 1.5 * load[0]
    assert served[1] <= served[0]
    assert not measure(params, broken).disabled.any()


@pytest.mark.parametrize("twin_fails", [True, False])
def test_the_belief_takes_failures_over_and_lets_them_go(twin_fails: bool) -> None:
    params = failing(radio_unit=MeanTimes(1e9, 1.0), site_power=MeanTimes(1e9, 1.0))
    believer = params if twin_fails else Params.of(replace(params.scenario, failures=Failures()))
    network, active = _start(params, 1), Command.all_active(1, params.n_cells)
    cell = int(params.capacity_cells[0])
    _break(network, cell, cause=0)
    advance(params, network, active, 5)
    belief = first_belief(believer, measure(params, network), active, 3, seed=7)
    ahead, predicted = expect(believer, belief, active)
    assert np.all(ahead.arrays.down[:, cell] == DISABLED)
    assert not np.any(ahead.arrays.serving == cell)
    assert np.all(predicted.disabled.sum(axis=1) == 1)
    network.arrays.outage[:] = 0.0
    open_period(network)
    advance(params, network, active, 5)
    belief = assimilate(believer, belief, measure(params, network), active)
    assert not belief.members.arrays.down.any()
    assert not belief.members.arrays.outage.any()
    assert np.any(expect(believer, belief, active)[0].arrays.serving == cell)


def test_the_belief_forgets_an_outage_of_a_site_whose_cells_are_reported_to_work() -> None:
    params = failing(site_power=MeanTimes(1e9, 1.0))
    network, active = _start(params, 1), Command.all_active(1, params.n_cells)
    advance(params, network, active)
    belief = first_belief(params, measure(params, network), active, 2, seed=1)
    belief.members.arrays.outage[:, SITE_POWER, 0, LEFT_S] = 1e6
    belief.members.arrays.outage[:, SITE_POWER, 0, UNNOTICED_S] = 1e6
    report = measure(params, network)
    after = assimilate(params, belief, report, active)
    assert not after.members.arrays.outage.any()
    unheard = report.copy()
    unheard.valid[:] = False
    before = assimilate(params, belief, unheard, active)
    assert np.all(before.members.arrays.outage[:, SITE_POWER, 0, LEFT_S] > 9e5)


def test_failures_are_read_from_a_scenario_file() -> None:
    data = {"mtbf_h": 100.0, "mttr_h": 4}
    plain = load_scenario("tiny")
    values = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    scenario = scenario_from({**values, "failures": {"radio_unit": data, "detection_s": [0, 60]}})
    assert scenario.failures == Failures(MeanTimes(100.0, 4.0), detection_s=(0.0, 60.0))
    assert Params.of(scenario).arrays.fail_prob.shape == (N_CAUSES, 2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MeanTimes(0.0, 1.0), "failures mtbf_h = 0 is out of range"),
        (lambda: MeanTimes(1.0, float("inf")), "failures mttr_h = inf is out of range"),
        (lambda: Failures(detection_s=(5.0, 1.0)), r"failures.detection_s=\(5.0, 1.0\): give 0 <= least"),
        (lambda: Failures(detection_s=(0.0, float("nan"))), "failures.detection_s"),
    ],
)
def test_laws_that_make_no_sense_are_refused(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
