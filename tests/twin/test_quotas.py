"""Quotas of slice types in the kernel: against the pure law, what quotas promise, 5QIs and profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum, Scratch, StateArrays, make_scratch
from ranrein.twin.kernels.step import advance_replicas
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.rrm_policy import share_cell
from ranrein.twin.service_profile import DlThpt, ServiceProfile
from ranrein.twin.slicing import SliceType, Slicing, Tier
from ranrein.twin.state import State, begin, open_period

VIDEO = SliceType("video", 1, 6, 30.0, 50.0, 12.0, 0.8, 20.0, 1.0, 10.0, 20.0)
ROBOTS = SliceType("robots", 2, 3, 8.0, 10.0, 0.5, 0.5, 20.0, 1.0, 30.0, 90.0)
FILES = replace(VIDEO, name="files", five_qi=9)
QUOTAS = (
    replace(VIDEO, max_ratio=0.3, min_ratio=0.1),
    replace(ROBOTS, min_ratio=0.15, dedicated_ratio=0.1),
    replace(FILES, max_ratio=0.6, min_ratio=0.05, dedicated_ratio=0.02),
)


def quoted(types: tuple[SliceType, ...] = QUOTAS, max_ratio: float = 0.5, load: float = 1.0) -> Params:
    plain = load_scenario("urban")
    slicing = Slicing(types, slots=10, requests=8, max_ratio=max_ratio)
    heavier = replace(plain.load, scale=load)
    return Params.of(replace(plain, pixel_m=20.0, slicing=slicing, load=heavier))


@pytest.fixture(scope="module")
def params() -> Params:
    return quoted()


def _start(params: Params, n: int, seed: int = 0) -> State:
    state = begin(params, np.arange(seed, seed + n, dtype=np.int64), np.zeros(n, np.int64))
    state.arrays.step[:] = 12 * 60  # noon
    return state


def _admit(params: Params, n: int) -> Command:
    places = params.scenario.slicing.requests
    return replace(Command.all_active(n, params.n_cells), admit=np.full((n, places), Tier.FULL, np.int8))


def _work(params: Params, seed: int, periods: int = 6) -> Scratch:
    """Run one network and return the working space as its last step left it."""
    state = _start(params, 1, seed)
    work, command = make_scratch(state.arrays), _admit(params, 1)
    for _ in range(periods):
        advance_replicas(params.arrays, state.arrays, command.settings, 5, work)
    return work


def _policies(params: Params) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p = params.arrays
    return tuple(a.astype(np.float64) for a in (p.slice_least, p.slice_most, p.slice_dedicated))  # type: ignore[return-value]


@pytest.mark.parametrize("load", [0.3, 3.0])
def test_grants_are_those_of_the_pure_law(load: float) -> None:
    params, unmet, contended = quoted(load=load), 0, 0
    for seed in range(12):
        work = _work(params, seed)
        need = work.type_need[:, :3].astype(np.float64)
        others = work.need.astype(np.float64) * (1.0 - work.held)  # ``need`` is relative at the end of a step
        law = share_cell(need, others, _policies(params), params.arrays.slice_gbr, 0.5)
        np.testing.assert_allclose(work.type_given[:, :3], law.given, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(work.server[:, :3], law.open, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(1.0 - work.held, law.others, rtol=1e-5, atol=1e-6)
        unmet += int((law.given < need).sum())
        contended += int(((law.given < need) & (others > law.others)[:, None]).any(axis=1).sum())
    assert unmet > 5
    assert load < 1 or contended > 5


def test_types_without_a_policy_share_as_before() -> None:
    """Ratios of 0, 1 and 0 are the law of one maximum; a ratio that never binds brings the other code to it."""
    plain, told = quoted((VIDEO, ROBOTS), 0.3), quoted((replace(VIDEO, max_ratio=0.999), ROBOTS), 0.3)
    assert len(plain.arrays.slice_least) == 0
    assert len(told.arrays.slice_least) == 2
    states = [_start(plain, 8), _start(plain, 8)]
    for params, state in zip((plain, told), states, strict=True):
        for _ in range(10):
            advance(params, state, _admit(params, 8), 5)
    for name, a, b in zip(StateArrays._fields, *(state.arrays for state in states), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)
    assert states[0].arrays.slot_sum[:, :, 3].any()


@pytest.mark.parametrize("load", [1.0, 3.0])
def test_the_kernel_agrees_with_the_oracle(load: float) -> None:
    params, rng = quoted(load=load), np.random.default_rng(5)
    kernel = _start(params, 4)
    oracle = kernel.copy()
    for n_steps in (5, 5, 10, 3, 2, 5, 15, 5):
        tiers = rng.integers(0, 3, (4, 8)).astype(np.int8)
        command = replace(Command.all_active(4, params.n_cells), admit=tiers)
        advance(params, kernel, command, n_steps)
        advance_reference(params, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        small = 1e-2 if name == "slot_sum" else 1e-5  # Mbit; what is blocked is a difference
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=small, err_msg=name)


def test_a_replica_has_the_same_bits_alone_and_in_a_batch(params: Params) -> None:
    batch, alone = _start(params, 5), _start(params, 1, seed=3)
    for _ in range(8):
        advance(params, batch, _admit(params, 5), 5)
        advance(params, alone, _admit(params, 1), 5)
    for name, a, b in zip(StateArrays._fields, batch.rows([3]).arrays, alone.arrays, strict=True):
        assert a.tobytes() == b.tobytes(), name


def test_dedicated_blocks_are_lost_to_others_and_lent_ones_are_not() -> None:
    """Nobody asks for a slice: what is dedicated stays idle in a full cell, what is prioritised is used."""
    never = {"requests_per_hour": 1e-9}
    peaks = []
    for ratios in ({}, {"min_ratio": 0.3}, {"min_ratio": 0.3, "dedicated_ratio": 0.2}):
        params = quoted((replace(VIDEO, **never, **ratios),), load=20.0)
        state = _start(params, 4)
        open_period(state)
        advance(params, state, _admit(params, 4), 5)
        peaks.append(state.arrays.load.max())
    assert peaks == pytest.approx([1.0, 1.0, 0.8], rel=1e-6)


quota = st.floats(0.0, 1.0)


@settings(max_examples=200)
@given(st.data())
def test_more_quota_never_lowers_what_a_type_is_given(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 4))
    draw = lambda: np.array([data.draw(quota) for _ in range(n)])  # noqa: E731
    least, most = draw(), draw()
    least *= 0.5 / max(least.sum(), 0.5)
    most = least + (1 - least) * most
    dedicated, need = least * draw(), 2.0 * draw()
    gbr, others, who = draw() < 0.5, data.draw(st.floats(0, 3)), data.draw(st.integers(0, n - 1))
    before = share_cell(need, others, (least, most, dedicated), gbr, 0.5)
    assert before.held.sum() + before.others <= 1 + 1e-9
    assert np.all(before.given <= np.minimum(need, most) + 1e-9)
    assert np.all(before.given >= np.minimum(need, least) - 1e-9)
    served = min(others, float(before.others))
    idle = before.others - served
    assert idle < 1e-9 or np.all((before.given >= np.minimum(need, most) - 1e-9) | gbr)
    room = 0.5 - least.sum()
    least[who] += data.draw(quota) * max(min(room, 1 - least[who]), 0)
    most[who] = max(most[who] + data.draw(quota) * (1 - most[who]), least[who])
    after = share_cell(need, others, (least, most, dedicated), gbr, 0.5)
    assert after.given[who] >= before.given[who] - 1e-9


def test_more_quota_never_lowers_what_a_type_is_served() -> None:
    """One step from equal states: the share of a type's traffic that its cells carry."""
    served = []
    for least, most in ((0.0, 0.1), (0.0, 0.3), (0.2, 0.3), (0.3, 1.0)):
        types = (replace(VIDEO, min_ratio=least, max_ratio=most), ROBOTS, FILES)
        params = quoted(types, 0.5, load=3.0)
        state = _start(params, 8)
        _fill = quoted((VIDEO, ROBOTS, FILES), 0.5, load=3.0)
        for _ in range(6):
            advance(_fill, state, _admit(_fill, 8), 5)
        open_period(state)
        advance(params, state, _admit(params, 8), 1)
        of_type = state.arrays.slot_kind == 0
        served.append(state.arrays.slot_sum[:, :, 2][of_type].sum())
    assert served[0] < served[1]
    assert np.all(np.diff(served) >= -1e-6 * served[0])


def test_guaranteed_traffic_goes_before_traffic_without_a_guarantee() -> None:
    blocked = []
    for five_qi in (4, 9):  # GBR, non-GBR; both 300 ms
        kind = replace(VIDEO, five_qi=five_qi, latency_ms=0.0, max_ratio=0.9)
        params = quoted((kind,), 0.6, load=6.0)
        state = _start(params, 8)
        open_period(state)
        for _ in range(8):
            advance(params, state, _admit(params, 8), 5)
        sums = state.arrays.slot_sum.sum(axis=(0, 1))
        blocked.append(sums[3] / (sums[2] + sums[3]))
    assert 0 < blocked[0] < 0.7 * blocked[1]


def test_a_5qi_gives_the_delay_budget_and_the_resource_type() -> None:
    fields: dict[str, Any] = {
        "packet_kbit": 1.0,
        "activity": 1.0,
        "requests_per_hour": 1.0,
        "mean_hours": 1.0,
    }
    fields |= {"revenue_per_hour": 1.0, "penalty_per_hour": 1.0}
    voice = SliceType("voice", 1, 2, 0.1, five_qi=1, core_delay_ms=20.0, **fields)
    assert (voice.latency_ms, voice.guaranteed, voice.has_policy) == (80.0, True, False)
    web = SliceType("web", 1, 2, 0.1, five_qi=9, **fields)
    assert (web.latency_ms, web.guaranteed, web.has_policy) == (300.0, False, True)
    assert SliceType("fast", 1, 2, 0.1, 5.0, five_qi=9, **fields).latency_ms == 5.0
    with pytest.raises(ValueError, match="slice type 'odd': 5QI 11 is not standardised: did you mean 10"):
        SliceType("odd", 1, 2, 0.1, five_qi=11, **fields)
    with pytest.raises(ValueError, match=r"slice type 'far': core_delay_ms = 100\.0 leaves nothing"):
        SliceType("far", 1, 2, 0.1, five_qi=1, core_delay_ms=100.0, **fields)
    with pytest.raises(ValueError, match="slice type 'none' lacks latency_ms: give it, or a five_qi"):
        SliceType("none", 1, 2, 0.1, **fields)
    with pytest.raises(ValueError, match=r"core_delay_ms=3\.0 is taken off a 5QI's budget: give five_qi"):
        SliceType("none", 1, 2, 0.1, 5.0, core_delay_ms=3.0, **fields)
    with pytest.raises(ValueError, match="slice type 'bare' lacks packet_kbit, activity, requests_per_hour"):
        SliceType("bare", 1, 2, 0.1, 5.0)


MARKET: dict[str, float] = {
    "packet_kbit": 4.0, "requests_per_hour": 2.0, "mean_hours": 1.0, "revenue_per_hour": 5.0, "penalty_per_hour": 9.0
}  # fmt: skip


def test_a_service_profile_becomes_a_slice_type() -> None:
    profile = ServiceProfile(
        40, dLThptPerUE=DlThpt(2000.0), dLLatency=20.0, availability=99.0, activityFactor=25.0
    )
    kind = SliceType.of_profile("plant", 2, profile, **MARKET)
    assert (kind.users, kind.guaranteed_mbps, kind.latency_ms) == (40, 2.0, 20.0)
    assert (kind.activity, kind.availability, kind.mean_hours) == (0.25, 0.99, 1.0)
    whole = ServiceProfile(40, dLThptPerSlice=DlThpt(30_000.0), activityFactor=50.0)
    shared = SliceType.of_profile("plant", 2, whole, five_qi=82, min_ratio=0.1, **MARKET)
    assert (shared.guaranteed_mbps, shared.latency_ms, shared.min_ratio) == (1.5, 10.0, 0.1)
    with pytest.raises(
        ValueError, match="slice type 'plant': its profile guarantees no rate: give dLThptPerUE"
    ):
        SliceType.of_profile("plant", 2, ServiceProfile(3), **MARKET)
    with pytest.raises(ValueError, match="slice type 'plant' lacks latency_ms"):
        SliceType.of_profile("plant", 2, whole, **MARKET)
    with pytest.raises(ValueError, match="slice type 'plant' lacks packet_kbit"):
        SliceType.of_profile("plant", 2, profile)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_ratio": 0.2, "dedicated_ratio": 0.3}, "'video': dedicated_ratio=0.3, min_ratio=0.2, max_ratio=1.0"),
        ({"min_ratio": 0.2, "max_ratio": 0.1}, "order them 0 <= dedicated <= min <= max"),
        ({"min_ratio": float("nan")}, "min_ratio=nan is out of range"),
        ({"max_ratio": 1.2}, "max_ratio=1.2 is out of range: give a finite number above 0 and at most 1"),
        ({"max_ratio": 0.0}, "max_ratio=0.0 is out of range"),
        ({"min_ratio": 0.6}, "min_ratio adds up to 0.6, above slicing.max_ratio=0.5: lower some, or raise"),
    ],
)  # fmt: skip
def test_quotas_that_make_no_sense_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Slicing((replace(VIDEO, **changes),), slots=1, requests=4, max_ratio=0.5)


def test_slices_never_pass_their_maximum(params: Params) -> None:
    greedy = quoted((replace(VIDEO, guaranteed_mbps=300.0, max_ratio=0.25), replace(FILES, max_ratio=0.3)))
    state = _start(greedy, 4)
    for _ in range(8):
        open_period(state)
        advance(greedy, state, _admit(greedy, 4), 5)
    share = state.arrays.cell_sum[:, :, CellSum.SLICE_PRB] / 300.0
    assert 0.3 < share.max() <= 0.55 + 1e-6
