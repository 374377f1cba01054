"""The crowd of an event: two humps of traffic, and people who come and go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.safety.recoverability import Lookahead
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.area_load import VenueEvent
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum, StateArrays
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.state import NEVER_S, State, begin
from ranrein.twin.surge import Humps, Surge

ONSET_S, RAMP_S, HOLD_S, PEAK_MBPS = 3600.0, 1800.0, 5400.0, 120.0
LAW = Humps(play_frac=0.4, egress_frac=1.2, seated_s=1200.0, egress_s=600.0, decay_s=1800.0, rim_m=78.0)
END_S = ONSET_S + RAMP_S + HOLD_S
GONE_S = END_S + LAW.egress_s + LAW.decay_s


@pytest.fixture(scope="module")
def event() -> Params:
    """Tiny with an event in the middle of its map and 24 people who come to it."""
    plain = load_scenario("tiny")
    surge = replace(plain.surge, hold_s=(HOLD_S, HOLD_S), venues=((200.0, 200.0),), radius_m=60.0, humps=LAW)
    return Params.of(replace(plain, surge=surge, users=replace(plain.users, crowd=48)))


def _started(params: Params, n: int = 2, second: float = 0.0) -> State:
    state = begin(params, np.arange(n, dtype=np.int64), np.zeros(n, np.int64))
    state.arrays.surge[:, 0] = (ONSET_S, RAMP_S, HOLD_S, PEAK_MBPS, 0.0)
    state.arrays.step[:] = round(second / params.arrays.step_s)
    return state


def _crowd(params: Params) -> slice:
    first = params.scenario.users.resident
    return slice(first, first + params.scenario.users.crowd // 2)


def _asked(params: Params, second: float) -> np.ndarray:
    return radio_view(params, _started(params, 1, second))[1][0, _crowd(params)]


@pytest.mark.parametrize(
    ("second", "share"),
    [
        (ONSET_S - 60.0, 0.0),
        (ONSET_S + RAMP_S / 2, 0.5),
        (ONSET_S + RAMP_S, 1.0),
        (ONSET_S + RAMP_S + 600.0, 0.7),
        (ONSET_S + RAMP_S + 1200.0, 0.4),
        (END_S, 0.4),
        (END_S + 300.0, 0.8),
        (END_S + 600.0, 1.2),
        (END_S + 600.0 + 900.0, 0.6),
        (GONE_S, 0.0),
        (GONE_S + 3600.0, 0.0),
    ],
)
def test_traffic_has_two_humps_and_a_dip_between_them(event: Params, second: float, share: float) -> None:
    assert _asked(event, second).sum() == pytest.approx(share * PEAK_MBPS, abs=1e-3)


def test_the_humps_are_those_that_macro_cells_measure(event: Params) -> None:
    """The order of hump, dip and hump is that of the law fitted to cells beside stadia."""
    kick_off = ONSET_S + RAMP_S + 1800.0
    outside = VenueEvent(kick_off, END_S - kick_off, arrival_s=RAMP_S + 1800.0, egress_s=LAW.egress_s)
    seconds = np.arange(ONSET_S, END_S + LAW.egress_s, 60.0)
    ours = np.array([_asked(event, second).sum() for second in seconds])
    assert np.corrcoef(ours, outside.factor(seconds))[0, 1] > 0.6


def test_people_come_and_go_one_by_one_first_come_first_gone(event: Params) -> None:
    there = np.array([_asked(event, second) > 0 for second in np.arange(ONSET_S, GONE_S + 60.0, 60.0)])
    come, gone = there.argmax(axis=0), len(there) - there[::-1].argmax(axis=0)
    assert not there[0].any()
    assert not there[-1].any()
    assert np.all(np.diff(come) >= 0)
    assert np.all(np.diff(gone) >= 0)
    assert come.max() - come.min() == pytest.approx(RAMP_S / 60.0, abs=2)
    assert gone.max() - gone.min() == pytest.approx(LAW.decay_s / 60.0, abs=2)
    assert there[round((RAMP_S + HOLD_S / 2) / 60.0)].all()


def _walk(params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and places of the crowd, (T,) and (T, 2, n)."""
    state, crowd = _started(params, 1, ONSET_S - 300.0), _crowd(params)
    seconds, places = [], []
    for _ in range(round((GONE_S - ONSET_S) / 60.0) + 20):
        seconds.append(float(state.arrays.step[0]) * 60.0)  # users move before they ask
        advance(params, state, Command.all_active(1, params.n_cells))
        places.append(np.stack([state.arrays.user_x[0, crowd], state.arrays.user_y[0, crowd]]))
    return np.array(seconds), np.array(places)


def test_people_gather_from_the_rim_and_go_back_to_it_at_walking_speed(event: Params) -> None:
    seconds, places = _walk(event)
    seated = places[(seconds > ONSET_S + RAMP_S + 120.0) & (seconds < END_S)]
    assert np.all(np.abs(seated - 200.0) <= 60.0)
    assert np.all(seated == seated[0])
    off_m = np.hypot(*(places - seated[0]).transpose(1, 0, 2))
    np.testing.assert_allclose(off_m[0], LAW.rim_m, rtol=1e-5)
    np.testing.assert_allclose(off_m[-1], LAW.rim_m, rtol=1e-5)
    assert np.abs(np.diff(off_m, axis=0)).max() == pytest.approx(60.0 * LAW.walk_mps, rel=1e-4)
    directions = np.arctan2(*(places[0] - seated[0])[::-1])
    assert len(np.unique(directions.round(3))) > 8


def test_everybody_has_set_out_by_the_egress_peak(event: Params) -> None:
    seconds, places = _walk(event)
    at_rim = np.all(places == places[-1], axis=1)
    assert at_rim[seconds >= END_S + LAW.egress_s + LAW.rim_m / LAW.walk_mps].all()
    assert not at_rim[seconds <= END_S].all()
    half = at_rim[np.flatnonzero(seconds == END_S + LAW.egress_s / 2)[0]]
    assert 0 < half.sum() < half.size


def test_without_an_event_the_crowd_waits_at_the_rim(event: Params) -> None:
    state = begin(event, np.arange(3, dtype=np.int64), np.zeros(3, np.int64))
    state.arrays.surge[:, 0, 0] = NEVER_S
    before = state.arrays.user_x.copy()
    advance(event, state, Command.all_active(3, event.n_cells), 30)
    assert np.array_equal(state.arrays.user_x[:, _crowd(event)], before[:, _crowd(event)])


def test_an_injected_crowd_stays_at_its_venue_and_ramps_plainly(event: Params) -> None:
    state = _started(event, 1, 7200.0)
    state.arrays.surge[:, 0, 0] = NEVER_S
    state.arrays.surge[:, 1] = (3600.0, 1200.0, 1e6, 90.0, 0.0)
    asked = radio_view(event, state)[1][0]
    first = _crowd(event).stop
    np.testing.assert_allclose(asked[first:], 90.0 / 24, rtol=1e-6)
    assert np.all(asked[_crowd(event)] == 0)


def test_the_kernel_agrees_with_the_oracle_through_a_whole_event(event: Params) -> None:
    kernel = _started(event, 3, ONSET_S - 600.0)
    kernel.arrays.surge[:, 0, 0] += np.array([0.0, 17.3, 211.7], np.float32)
    oracle, command = kernel.copy(), Command.all_active(3, event.n_cells)
    for _ in range(17):
        advance(event, kernel, command, 10)
        advance_reference(event, oracle, command, 10)
        for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)
    assert kernel.arrays.cell_sum[:, 1, CellSum.VOLUME].min() > 0


def test_a_replica_of_an_event_has_the_same_bits_alone_and_in_a_batch(event: Params) -> None:
    batch, alone = _started(event, 5), begin(event, np.array([3], np.int64), np.zeros(1, np.int64))
    alone.arrays.surge[:, 0] = (ONSET_S, RAMP_S, HOLD_S, PEAK_MBPS, 0.0)
    advance(event, batch, Command.all_active(5, event.n_cells), 200)
    advance(event, alone, Command.all_active(1, event.n_cells), 200)
    for name, a, b in zip(StateArrays._fields, batch.rows([3]).arrays, alone.arrays, strict=True):
        assert a.tobytes() == b.tobytes(), name


def test_the_shield_prepares_for_the_egress(event: Params) -> None:
    look, plain = Lookahead.of(event), Lookahead.of(Params.of(load_scenario("tiny")))
    assert look.burst_peak_mbps == pytest.approx(1.2 * event.scenario.surge.peak_mbps[1])
    slope = look.burst_peak_mbps / look.burst_ramp_s
    assert slope == pytest.approx(0.8 * event.scenario.surge.peak_mbps[1] / 600.0)
    assert (plain.burst_peak_mbps, plain.burst_ramp_s) == (240.0, 1200.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"play_frac": 1.3}, "above a hump"),
        ({"egress_s": 0.0}, "egress_s"),
        ({"walk_mps": float("nan")}, "walk_mps"),
        ({"rim_m": -1.0}, "rim_m"),
    ],
)
def test_an_event_that_cannot_be_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LAW, **change)


def test_an_event_that_ends_before_everybody_watches_is_refused() -> None:
    with pytest.raises(ValueError, match="seated_s"):
        Surge(0.5, (1.0, 2.0), (60.0, 60.0), (600.0, 900.0), (0.0, 1.0), ((0.0, 0.0),), humps=LAW)
