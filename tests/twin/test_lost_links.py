"""Whose settings lost a connection: too early, too late, to the wrong cell, sampled at the end of a control period."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.command import LARGEST_OFFSET_DB, Command
from ranrein.twin.kernels.layout import LinkSample, StateArrays
from ranrein.twin.kpis import MEASUREMENTS, measure
from ranrein.twin.link_failure import TO_WRONG_CELL, TOO_EARLY, TOO_LATE, Failure, failure_cause
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.state import State, begin, open_period

COLUMNS = {
    TOO_EARLY: LinkSample.TOO_EARLY,
    TOO_LATE: LinkSample.TOO_LATE,
    TO_WRONG_CELL: LinkSample.WRONG_CELL,
}


@pytest.fixture(scope="module")
def fragile() -> Params:
    """Urban in which every active user is out of sync and half of them drive, so that each cause is seen."""
    plain = load_scenario("urban")
    users = replace(plain.users, vehicle_share=0.5)
    params = Params.of(replace(plain, users=users, handover=replace(plain.handover, ping_pong_s=180.0)))
    return replace(params, arrays=params.arrays._replace(qout=1e12))


def _tossed(params: Params, periods: int = 6) -> State:
    """A state after random offsets drove users from cell to cell; the last measurement period is over."""
    rng = np.random.default_rng(5)
    state = begin(params, np.arange(4, dtype=np.int64), np.zeros(4, np.int64))
    for _ in range(periods):
        open_period(state)
        advance(params, state, _command(params, rng), 5)
    return state


def _command(params: Params, rng: np.random.Generator) -> Command:
    shape = (4, params.n_cells)
    offsets = rng.integers(-LARGEST_OFFSET_DB, LARGEST_OFFSET_DB + 1, shape).astype(np.int8)
    return Command(np.zeros(shape, np.int8), np.zeros(shape, np.int8), offsets)


def _expected(params: Params, state: State, b: int) -> Counter[tuple[str, int]]:
    """Judge every active user of a replica by the rules of TS 38.300."""
    s, found = state.arrays, Counter[tuple[str, int]]()
    before = state.copy()
    before.arrays.step[:] -= 1  # users ask and are heard in the step that was sampled
    rsrp, offered = radio_view(params, before)
    now_s = float(before.arrays.step[b]) * params.arrays.step_s
    for u in np.flatnonzero((offered[b] > 0) & (s.serving[b] >= 0)):
        heard = np.where(rsrp[b, :, u] >= params.arrays.min_rsrp_dbm, rsrp[b, :, u], -np.inf)
        serving, source = int(s.serving[b, u]), int(s.left[b, u])
        back = int(heard.argmax()) if heard.max() > heard[serving] else serving
        last = (float(s.moved_s[b, u]), source, serving) if source >= 0 else None
        cause = failure_cause(Failure(now_s, serving, back), last, params.arrays.ping_pong_s)
        if cause:
            found[cause, serving if cause == TOO_LATE else source] += 1
    return found


def test_each_cause_is_counted_at_the_cell_whose_settings_were_wrong(fragile: Params) -> None:
    state, total = _tossed(fragile), Counter[str]()
    for b in range(4):
        expected = _expected(fragile, state, b)
        for cause, column in COLUMNS.items():
            counts = [expected[cause, c] for c in range(fragile.n_cells)]
            assert state.arrays.link[b, :, column].tolist() == counts
            total[cause] += sum(counts)
    assert all(total[cause] > 0 for cause in COLUMNS), total


def test_the_counters_are_reported_under_their_standard_names(fragile: Params) -> None:
    state = _tossed(fragile)
    named = measure(fragile, state).named()
    for cause, column in COLUMNS.items():
        assert np.array_equal(named[cause], state.arrays.link[:, :, column].astype(np.float32))
        assert any(m.name == cause and m.clause == "TS 28.552 5.1.1.25.1" for m in MEASUREMENTS.values())


def test_no_more_causes_than_users_out_of_sync(fragile: Params) -> None:
    link = _tossed(fragile).arrays.link.sum(axis=1)
    causes = link[:, [LinkSample.TOO_EARLY, LinkSample.TOO_LATE, LinkSample.WRONG_CELL]].sum(axis=1)
    assert np.all(causes <= link[:, LinkSample.OUT_OF_SYNC])


def test_a_user_that_hears_its_own_cell_best_is_in_a_hole_and_blames_nobody(fragile: Params) -> None:
    one = Params.of(load_scenario("tiny"))
    alone = replace(one, arrays=one.arrays._replace(qout=1e12))
    state = begin(alone, np.arange(2, dtype=np.int64), np.zeros(2, np.int64))
    advance(alone, state, Command.of([[0, 4], [0, 4]]), 20)
    assert state.arrays.link[:, 0, LinkSample.OUT_OF_SYNC].min() > 0
    assert not state.arrays.link[:, :, LinkSample.TOO_EARLY :].any()


def test_users_in_sync_are_counted_nowhere(urban: Params) -> None:
    deaf = replace(urban, arrays=urban.arrays._replace(qout=0.0))
    assert not _tossed(deaf).arrays.link[:, :, LinkSample.TOO_EARLY :].any()


def test_the_kernel_agrees_with_the_oracle(fragile: Params) -> None:
    kernel, rng = _tossed(fragile, 2), np.random.default_rng(9)
    oracle = kernel.copy()
    for _ in range(3):
        command = _command(fragile, rng)
        advance(fragile, kernel, command, 5)
        advance_reference(fragile, oracle, command, 5)
        for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)
    assert kernel.arrays.link[:, :, LinkSample.TOO_EARLY :].any()
