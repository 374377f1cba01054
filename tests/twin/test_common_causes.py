"""Failures with an age, of several sites at once, and of what carries the reports."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario, scenario_from
from ranrein.envs.inventory.inventory import read_inventory
from ranrein.envs.inventory.rows import InventoryError
from ranrein.envs.inventory.scenario import cluster_scenario
from ranrein.envs.inventory.writer import inventory_data
from ranrein.envs.simulation import Simulation
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.failures import CommonCause, Failures, MeanTimes
from ranrein.twin.kernels.failures import LEFT_S, N_CAUSES, SITE_TRANSPORT
from ranrein.twin.kernels.layout import StateArrays
from ranrein.twin.kpis import PER_CELL, measure
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.reporting import ReportHistory, report
from ranrein.twin.scenario import Faults, Scenario
from ranrein.twin.state import State, begin, open_period
from ranrein.twin.sync import assimilate, first_belief

OFTEN, NEVER = MeanTimes(2.0, 0.5), MeanTimes(1e9, 1.0)
BOTH = ("macro", "plaza")
MACRO = slice(0, 6)  # cells of the macro site; the plaza has one
STEP_S, BOOT_S = 60.0, 300.0


def scenario(faults: Faults | None = None, **laws: Any) -> Scenario:
    return replace(load_scenario("urban"), failures=Failures(**laws), faults=faults or Faults())


def _start(params: Params, n: int) -> State:
    return begin(params, np.arange(n, dtype=np.int64), np.zeros(n, np.int64))


def _history(params: Params, n: int, steps: int, stride: int = 1) -> np.ndarray:
    """Return which cells are down, (steps / stride, n, C)."""
    state, seen = _start(params, n), []
    for _ in range(steps // stride):
        advance(params, state, Command.all_active(n, params.n_cells), stride)
        seen.append(state.arrays.down > 0)
    return np.array(seen)


def test_the_kernel_agrees_with_the_oracle() -> None:
    params = Params.of(
        scenario(
            radio_unit=MeanTimes(1.0, 0.5, failure_k=3.0, repair_k=0.7),
            site_power=OFTEN,
            together=(
                CommonCause("north", BOTH, MeanTimes(0.5, 0.3, failure_k=0.6)),
                CommonCause("route", ("plaza",), MeanTimes(0.3, 0.2), "transport"),
            ),
        )
    )
    kernel = _start(params, 4)
    oracle, active = kernel.copy(), Command.all_active(4, params.n_cells)
    failed = np.zeros((N_CAUSES + 2,), np.bool_)
    for n_steps in (1, 9, 20, 30):
        advance(params, kernel, active, n_steps)
        advance_reference(params, oracle, active, n_steps)
        failed |= (kernel.arrays.outage[..., LEFT_S] > 0).any(axis=(0, 2))
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        exact = name in ("down", "serving")
        np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-5, atol=0 if exact else 1e-5, err_msg=name)
    assert failed.tolist() == [True, True, False, True, True]


@pytest.mark.parametrize("shape", [0.6, 3.0])
def test_units_that_age_are_down_as_long_as_the_law_says_from_the_first_step_on(shape: float) -> None:
    law = MeanTimes(mtbf_h=6.0, mttr_h=2.0, failure_k=shape, repair_k=shape)
    params = Params.of(scenario(radio_unit=law, detection_s=(0.0, 0.0)))
    share = _history(params, 200, 600, 15).mean(axis=2)
    down_s = law.mttr_h * 3600 + BOOT_S + STEP_S / 2
    expected = down_s / (down_s + law.mtbf_h * 3600)
    found = share.mean(axis=0)  # (B,), independent of each other
    assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(200)
    assert abs(share[0].mean() - expected) < 4 * np.sqrt(expected / (200 * params.n_cells))


@pytest.mark.parametrize("shape", [0.6, 1.0, 3.0])
def test_lives_between_failures_have_the_spread_of_their_law(shape: float) -> None:
    """Mean and coefficient of variation of the law; of lives that begin early, so that hardly one is cut off."""
    law = MeanTimes(mtbf_h=1.0, mttr_h=1e-9, failure_k=shape)
    down = _history(Params.of(scenario(radio_unit=law, detection_s=(0.0, 0.0))), 24, 2000)
    lives: list[float] = []
    for column in down.reshape(len(down), -1).T:
        ends = np.flatnonzero(column[1:] & ~column[:-1])
        begins = np.flatnonzero(~column[1:1200] & column[:1199])
        lives += [ends[ends > b][0] - b for b in begins if np.any(ends > b)]
    gamma = [math.gamma(1 + k / shape) for k in (1, 2)]
    assert np.mean(lives) == pytest.approx(59.5, rel=0.08)
    assert np.std(lives) / np.mean(lives) == pytest.approx(math.sqrt(gamma[1] / gamma[0] ** 2 - 1), rel=0.12)


def test_a_shape_of_one_is_the_law_without_age_bit_by_bit() -> None:
    plain = Params.of(scenario(radio_unit=OFTEN, site_power=OFTEN))
    shaped = Params.of(scenario(radio_unit=replace(OFTEN, failure_k=1.0, repair_k=1.0), site_power=OFTEN))
    assert _start(shaped, 2).arrays.life_s.shape[1] == 0
    np.testing.assert_array_equal(_history(plain, 4, 60), _history(shaped, 4, 60))


def test_a_group_without_failures_leaves_those_of_others_as_they_are() -> None:
    alone = Params.of(scenario(radio_unit=OFTEN))
    grouped = Params.of(scenario(radio_unit=OFTEN, together=(CommonCause("north", BOTH, NEVER),)))
    np.testing.assert_array_equal(_history(alone, 4, 60), _history(grouped, 4, 60))


@pytest.mark.parametrize(("sites", "hit"), [(BOTH, slice(0, 7)), (("plaza",), slice(6, 7))])
def test_sites_of_a_group_fail_together_and_no_other(sites: tuple[str, ...], hit: slice) -> None:
    down = _history(Params.of(scenario(together=(CommonCause("north", sites, OFTEN),))), 32, 60)
    here = down[:, :, hit]
    assert np.all(here.all(axis=2) == here.any(axis=2))
    assert 0.1 < here.mean() < 0.4
    assert down.sum() == here.sum()


def test_the_belief_forgets_an_outage_of_a_group_whose_cells_are_reported_to_work() -> None:
    params = Params.of(scenario(together=(CommonCause("north", BOTH, NEVER),)))
    network, active = _start(params, 1), Command.all_active(1, params.n_cells)
    advance(params, network, active)
    belief = first_belief(params, measure(params, network), active, 2, seed=1)
    belief.members.arrays.outage[:, N_CAUSES, 0] = 1e6
    told = measure(params, network).copy()
    told.valid[:, :] = False
    assert assimilate(params, belief, told, active).members.arrays.outage.any()
    told.valid[:, 6] = True  # of the other site in the group
    assert not assimilate(params, belief, told, active).members.arrays.outage.any()


def _cut_macro(params: Params, cause: int) -> tuple[State, list[Any]]:
    """Return four reports, the last two after the macro site's transport went down."""
    state, history, told = _start(params, 2), ReportHistory.empty(), []
    for period in range(4):
        if period == 2:
            state.arrays.outage[:, cause, 0] = (1e6, 0.0)
        open_period(state)
        advance(params, state, Command.all_active(2, params.n_cells), 5)
        told.append(report(params, state, history))
    return state, told


@pytest.mark.parametrize("cause", [SITE_TRANSPORT, N_CAUSES])
def test_reports_are_lost_while_the_transport_of_their_site_is_down(cause: int) -> None:
    route = CommonCause("route", BOTH[:1], NEVER, "transport")
    silent = scenario(Faults(lost_when_cut_off=True), site_transport=NEVER, together=(route,))
    _, told = _cut_macro(Params.of(silent), cause)
    assert all(each.valid.all() for each in told[:2])
    for periods, late in enumerate(told[2:], start=1):
        assert not late.valid[:, MACRO].any()
        assert late.valid[:, 6].all()
        assert np.all(late.age_s[:, MACRO] == 300.0 * periods)
        for name in PER_CELL:
            np.testing.assert_array_equal(getattr(late, name)[:, MACRO], getattr(told[1], name)[:, MACRO])
    assert np.any(told[3].prb_tot_dl[:, 6] != told[1].prb_tot_dl[:, 6])


@pytest.mark.parametrize(
    ("faults", "kind"), [(Faults(), "transport"), (Faults(lost_when_cut_off=True), "power")]
)
def test_reports_go_on_where_the_scenario_does_not_say_so_and_without_power(
    faults: Faults, kind: str
) -> None:
    grouped = scenario(faults, together=(CommonCause("north", BOTH[:1], NEVER, kind),))
    _, told = _cut_macro(Params.of(grouped), N_CAUSES)
    assert all(each.valid.all() for each in told)
    assert told[3].disabled[:, MACRO].all()


def test_an_episode_loses_the_same_reports_as_the_network_step_by_step() -> None:
    params = Params.of(scenario(Faults(lost_when_cut_off=True), site_transport=OFTEN))
    simulation = Simulation(params, 8)
    simulation.start(np.arange(8), np.zeros(8, np.int64))
    lost, down = [], []
    for _ in range(40):
        simulation.step(Command.all_active(8, params.n_cells))
        lost.append(~simulation.window.kpis.valid)
        down.append(simulation.state.arrays.outage[:, SITE_TRANSPORT, [0] * 6 + [6], LEFT_S] > 0)
    np.testing.assert_array_equal(lost, down)
    assert 0.05 < np.mean(lost) < 0.6


def test_groups_and_shapes_are_read_from_a_scenario_file() -> None:
    plain = load_scenario("tiny")
    values = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    group = {"name": "all", "sites": [plain.sites[0].name], "kind": "transport"}
    times = {"mtbf_h": 5, "mttr_h": 1, "failure_k": 2}
    read = scenario_from({**values, "failures": {"together": [{**group, "times": times}]}})
    expected = CommonCause("all", (plain.sites[0].name,), MeanTimes(5.0, 1.0, 2.0), "transport")
    assert read.failures == Failures(together=(expected,))
    assert Params.of(read).arrays.fail_prob.shape == (N_CAUSES + 1, 2)


def test_a_cluster_of_an_inventory_has_its_own_sites_of_every_group(tmp_path: Path) -> None:
    groups = (CommonCause("both", BOTH, OFTEN), CommonCause("small", ("plaza",), OFTEN))
    data = inventory_data(scenario(together=groups))
    for name in ("width_m", "pixel_m", "surge"):  # of the map of all sites
        del data["scenario"][name]
    (tmp_path / "net.json").write_text(json.dumps(data))
    inventory = read_inventory(tmp_path / "net.json")
    whole, macro = (cluster_scenario(inventory, members, "net") for members in ([0, 1], [0]))
    assert whole.failures.together == groups
    assert macro.failures.together == (replace(groups[0], sites=("macro",)),)
    data["scenario"]["failures"]["together"][1]["sites"] = ["plazza"]
    (tmp_path / "net.json").write_text(json.dumps(data))
    with pytest.raises(InventoryError, match=r'failures.together "small" sites: "plazza" is unknown'):
        cluster_scenario(read_inventory(tmp_path / "net.json"), [0], "net")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MeanTimes(1.0, 1.0, failure_k=0.0), "failures failure_k = 0 is out of range"),
        (lambda: MeanTimes(1.0, 1.0, repair_k=float("nan")), "failures repair_k = nan is out of range"),
        (lambda: CommonCause("a", (), OFTEN), r'failures.together "a" sites = \[\]: name one site or more'),
        (lambda: CommonCause("a", ("b", "b"), OFTEN), r'"a" sites = \[\'b\', \'b\'\].* each once'),
        (
            lambda: CommonCause("a", ("b",), OFTEN, "pover"),
            '"a" kind "pover" is unknown: did you mean "power"',
        ),
        (
            lambda: Failures(together=(CommonCause("a", ("b",), OFTEN), CommonCause("a", ("c",), OFTEN))),
            "failures.together names .* repeat: rename one",
        ),
        (
            lambda: scenario(together=(CommonCause("north", ("plazza",), OFTEN),)),
            'failures.together "north" sites: "plazza" is unknown: did you mean "plaza"',
        ),
    ],
)
def test_groups_that_make_no_sense_are_refused(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
