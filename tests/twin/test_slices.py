"""Slices in the kernel: against the oracle, their accounts, their law of arrival, and what they do to the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum, StateArrays
from ranrein.twin.kpis import measure
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.slice_report import broken_promises, earnings, report_slices
from ranrein.twin.slicing import Answer, SliceType, Slicing, Tier
from ranrein.twin.state import State, begin, open_period

VIDEO = SliceType("video", 1, 6, 8.0, 50.0, 12.0, 0.8, 6.0, 1.0, 10.0, 20.0)
ROBOTS = SliceType("robots", 2, 3, 2.0, 10.0, 0.5, 0.5, 12.0, 0.5, 30.0, 90.0)
SLICING = Slicing((VIDEO, ROBOTS), slots=8, requests=4, max_ratio=0.4)


def sliced(**changes: Any) -> Params:
    scenario = load_scenario("urban")
    return Params.of(replace(scenario, slicing=replace(SLICING, **changes)))


@pytest.fixture(scope="module")
def params() -> Params:
    return sliced()


def _start(params: Params, n: int = 4) -> State:
    return begin(params, np.arange(n, dtype=np.int64), np.zeros(n, np.int64))


def _answer(params: Params, n: int, tier: int) -> Command:
    places = params.scenario.slicing.requests
    return replace(Command.all_active(n, params.n_cells), admit=np.full((n, places), tier, np.int8))


def _periods(params: Params, state: State, tier: int, n: int) -> None:
    for _ in range(n):
        open_period(state)
        advance(params, state, _answer(params, state.n_replicas, tier), 5)


@pytest.mark.parametrize("max_ratio", [0.4, 0.02])
def test_the_kernel_agrees_with_the_oracle(max_ratio: float) -> None:
    params = sliced(max_ratio=max_ratio)
    rng, kernel = np.random.default_rng(5), _start(params, 6)
    oracle = kernel.copy()
    for n_steps in (5, 5, 10, 3, 2, 5, 15, 5, 20, 5):
        tiers = rng.integers(0, 3, (6, 4)).astype(np.int8)
        command = replace(Command.all_active(6, params.n_cells), admit=tiers)
        advance(params, kernel, command, n_steps)
        advance_reference(params, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)
    blocked = kernel.arrays.slot_sum.sum(axis=(0, 1)) > 0
    assert blocked.tolist()[:4] == [True, True, True, max_ratio < 0.1]
    assert kernel.arrays.cell_sum[:, :, CellSum.SLICE_PRB].sum() > 0
    assert {-1, 0, 1, 2} <= set(kernel.arrays.answer.ravel().tolist()) | {-1}


def test_a_replica_has_the_same_bits_alone_and_in_a_batch(params: Params) -> None:
    batch, alone = _start(params, 6), begin(params, np.array([3]), np.zeros(1, np.int64))
    for tier in (1, 1, 2, 0, 1):
        _periods(params, batch, tier, 3)
        _periods(params, alone, tier, 3)
    for name, a, b in zip(StateArrays._fields, batch.rows([3]).arrays, alone.arrays, strict=True):
        assert a.tobytes() == b.tobytes(), name


def test_requests_come_at_the_rate_and_stay_as_long_as_the_law_says(params: Params) -> None:
    state, seen, hours = _start(params, 64), [], []
    for _ in range(200):
        advance(params, state, _answer(params, 64, Tier.REFUSED), 5)
        report = report_slices(params, state)
        seen.append(report.request_kind)
        hours.append(np.where(report.request_kind == 0, report.request_hours, np.nan))
    kinds, n_hours = np.array(seen), 64 * 200 / 12
    for kind, law in enumerate(params.scenario.slicing.types):
        expected = law.requests_per_hour * n_hours
        assert abs((kinds == kind).sum() - expected) < 4 * np.sqrt(expected)
    assert np.nanmean(hours) == pytest.approx(VIDEO.mean_hours, rel=0.06)


def test_what_a_slice_asks_for_is_served_or_blocked(params: Params) -> None:
    state = _start(params, 16)
    for _ in range(30):
        _periods(params, state, Tier.FULL, 1)
        sums, kind = state.arrays.slot_sum, np.maximum(state.arrays.slot_kind, 0)
        asked = sums[:, :, 0] * params.arrays.slice_mbps[kind, 0]
        np.testing.assert_allclose(sums[:, :, 2] + sums[:, :, 3], asked, rtol=1e-9)
        assert np.all(sums[:, :, 1] <= sums[:, :, 0])


def test_slices_never_take_more_than_their_ratio_and_push_the_others_aside(params: Params) -> None:
    greedy = sliced(types=(replace(VIDEO, guaranteed_mbps=400.0, requests_per_hour=40.0),))
    taken, free = _start(greedy), _start(greedy)
    _periods(greedy, taken, Tier.FULL, 40)
    _periods(greedy, free, Tier.REFUSED, 40)
    full, none = measure(greedy, taken), measure(greedy, free)
    assert full.slice_prb.max() == pytest.approx(100 * SLICING.max_ratio, rel=1e-5)
    assert none.slice_prb.max() == 0
    assert full.prb_tot_dl.mean() > 1.2 * none.prb_tot_dl.mean()
    assert full.ue_thp_dl.mean() < 0.9 * none.ue_thp_dl.mean()
    assert broken_promises(greedy, report_slices(greedy, taken)).any()


def test_the_reduced_tier_asks_for_less_and_pays_less(params: Params) -> None:
    income = []
    for tier in (Tier.FULL, Tier.REDUCED):
        state = _start(params, 32)
        _periods(params, state, tier, 20)
        report = report_slices(params, state)
        assert set(np.unique(report.tier)) <= {0, tier}
        income.append((earnings(params, report)[0].sum(), report.served_mbit.sum()))
    assert income[1][0] == pytest.approx(0.6 * income[0][0])
    assert income[1][1] == pytest.approx(0.5 * income[0][1], rel=0.05)


def test_slots_fill_up_are_refused_beyond_and_are_freed_in_time() -> None:
    few = sliced(slots=2, types=(replace(VIDEO, requests_per_hour=24.0),))
    state = _start(few, 8)
    _periods(few, state, Tier.FULL, 12)
    assert (report_slices(few, state).kind == 0).mean() > 0.8
    answers = []
    for _ in range(12):
        _periods(few, state, Tier.FULL, 1)
        answers.append(report_slices(few, state).answer)
    assert Answer.NO_SLOT in np.array(answers)
    _periods(few, state, Tier.REFUSED, 12 * 12)
    assert np.all(report_slices(few, state).kind == -1)
    _periods(few, state, Tier.REFUSED, 1)
    assert not state.arrays.slot_sum.any()


def test_answers_are_given_once_and_at_the_start_of_a_period(params: Params) -> None:
    state = _start(params, 32)
    advance(params, state, _answer(params, 32, Tier.REFUSED), 5)
    waiting = int((report_slices(params, state).request_kind >= 0).sum())
    assert waiting > 0
    advance(params, state, _answer(params, 32, Tier.FULL), 1)
    assert int((state.arrays.slot_kind >= 0).sum()) == waiting
    advance(params, state, _answer(params, 32, Tier.FULL), 4)
    assert int((state.arrays.slot_kind >= 0).sum()) == waiting


@pytest.mark.parametrize(
    ("admit", "message"),
    [
        (np.zeros((4, 3), np.int8), "admit answers 3 requests, the scenario has 4 at a time"),
        (np.full((4, 4), 3, np.int8), "admit holds values outside 0..2"),
        (np.zeros((3, 4), np.int8), r"admit must be int8 of shape \(4, requests\), got int8 \(3, 4\)"),
        (np.zeros((4, 4)), "admit must be int8"),
    ],
)
def test_answers_that_make_no_sense_are_refused(params: Params, admit: np.ndarray, message: str) -> None:
    state = _start(params)
    with pytest.raises(ValueError, match=message):
        advance(params, state, replace(Command.all_active(4, params.n_cells), admit=admit))
    assert state.arrays.step[0] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"types": (VIDEO, VIDEO)}, "repeat a name"),
        ({"slots": 0}, "slicing.slots=0: 2 slice types need at least 1"),
        ({"types": ()}, "slicing.slots=8, but slicing.types is empty"),
        (
            {"max_ratio": 1.0},
            "slicing.max_ratio=1.0 is out of range: give a finite number above 0 and below 1",
        ),
        ({"max_ratio": float("nan")}, "slicing.max_ratio=nan"),
        ({"requests": 1, "types": (replace(VIDEO, requests_per_hour=24.0),)}, "raise slicing.requests"),
    ],
)
def test_slicing_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sliced(**changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [("sst", 0), ("users", 0), ("guaranteed_mbps", 0.0), ("latency_ms", float("nan")), ("activity", 1.5),
     ("availability", 0.0), ("revenue_per_hour", -1.0), ("mean_hours", float("inf"))],
)  # fmt: skip
def test_a_slice_type_out_of_range_names_itself_and_the_field(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"slice type 'video': {field}={value}"):
        replace(VIDEO, **{field: value})
