"""Event A3 over time, ping-pong, radio link failure and its causes."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.handover_events import (
    A3,
    TIME_TO_TRIGGER_MS,
    TR_36_839_PROFILES,
    Handovers,
    entered_a3,
    filter_l3,
    handovers,
    ping_pongs,
)
from ranrein.twin.link_failure import (
    TO_WRONG_CELL,
    TOO_EARLY,
    TOO_LATE,
    Failure,
    RadioLinkMonitor,
    failure_cause,
)


def _crossing(slope_db: float = 0.5, samples: int = 81) -> np.ndarray:
    """Two cells that swap places in the middle, (T, 2)."""
    ramp = slope_db * (np.arange(samples) - samples // 2)
    return np.stack([-90.0 - ramp, -90.0 + ramp], axis=1)


def test_the_filter_halves_the_distance_at_k_4() -> None:
    filtered = filter_l3([0.0, 8.0, 8.0, 8.0], 4)
    np.testing.assert_allclose(filtered, [0.0, 4.0, 6.0, 7.0])
    np.testing.assert_array_equal(filter_l3([[0.0], [8.0]], 0), [[0.0], [8.0]])


def test_the_condition_needs_more_than_offset_and_hysteresis() -> None:
    settings = A3(0, 2.0, 1.0)
    assert entered_a3(-90.0, [-87.0, -86.9, np.nan], settings).tolist() == [False, True, False]
    assert entered_a3(-90.0, [-87.5], settings, cell_offset_db=1.0).tolist() == [True]


@pytest.mark.parametrize(("trigger_ms", "first"), [(0, 44), (160, 45), (480, 47), (1024, 50)])
def test_a_terminal_changes_when_the_neighbour_leads_long_enough(trigger_ms: int, first: int) -> None:
    """It leads by more than 2 dB from sample 43 on (1 dB per sample), reported at 43 + trigger, served one later."""
    found = handovers(_crossing(), A3(trigger_ms, 2.0, filter_k=0))
    assert found.sample.tolist() == [first]
    assert (found.source.tolist(), found.target.tolist()) == ([0], [1])
    assert found.serving.tolist() == [0] * first + [1] * (81 - first)


def test_a_short_lead_triggers_nothing() -> None:
    rsrp = np.full((30, 2), -90.0)
    rsrp[10:13, 1] = -80.0
    assert len(handovers(rsrp, A3(640, 2.0, filter_k=0)).sample) == 0
    assert handovers(rsrp, A3(0, 2.0, filter_k=0), interruption_s=0.0).target.tolist() == [1]


def test_hasty_profiles_change_earlier_and_more_often() -> None:
    rng = np.random.default_rng(5)
    rsrp = np.concatenate([_crossing(0.05, 400) + 3.0 * rng.standard_normal((400, 2)) for _ in range(5)])
    counts = [len(handovers(rsrp, profile).sample) for profile in TR_36_839_PROFILES]
    assert counts == sorted(counts)
    assert counts[-1] > 5 * max(counts[0], 1)
    assert (
        ping_pongs(handovers(rsrp, TR_36_839_PROFILES[-1])).sum()
        > ping_pongs(handovers(rsrp, TR_36_839_PROFILES[0])).sum()
    )


def test_a_cell_that_is_not_heard_is_no_target() -> None:
    rsrp = _crossing()
    rsrp[:, 1] = np.nan
    assert len(handovers(rsrp, A3(0, 2.0, filter_k=0)).sample) == 0


def test_only_a_quick_return_is_a_ping_pong() -> None:
    found = Handovers(
        serving=np.zeros(1, np.int64),
        sample=np.array([10, 15, 21, 22, 30]),
        source=np.array([0, 1, 0, 1, 2]),
        target=np.array([1, 0, 1, 2, 1]),
    )
    assert ping_pongs(found).tolist() == [False, True, False, False, False]
    assert ping_pongs(found, within_s=1.2).tolist() == [False, True, True, False, False]
    assert not len(ping_pongs(Handovers(*(np.zeros(0, np.int64),) * 4)))


def test_a_link_fails_when_t310_runs_out() -> None:
    monitor = RadioLinkMonitor()
    sinr = np.zeros(40)
    sinr[10:16] = -9.0
    assert monitor.failures(sinr).tolist() == [15]
    sinr[15] = -5.0  # in sync again, just in time
    assert len(monitor.failures(sinr)) == 0
    sinr[15] = -7.0  # between the thresholds the timer runs on
    assert monitor.failures(sinr).tolist() == [15]
    assert monitor.failures(np.full(13, np.nan)).tolist() == [5, 11]


def test_counters_need_samples_in_a_row() -> None:
    patient = RadioLinkMonitor(n310=3, n311=2, t310_s=0.4)
    out, good = -9.0, 0.0
    assert patient.failures([good, out, out, good, out, out, good, out, out]).tolist() == []
    assert patient.failures([out, out, out, good, out]).tolist() == [4]
    assert patient.failures([out, out, out, good, good, out]).tolist() == [], "the second in sync is in time"
    assert patient.failures([out, out, out], sample_s=0.1).tolist() == []


@pytest.mark.parametrize(
    ("returned_to", "handover", "expected"),
    [
        (2, None, TOO_LATE),
        (2, (5.0, 0, 1), TOO_LATE),  # long ago
        (0, (9.5, 0, 1), TOO_EARLY),
        (2, (9.5, 0, 1), TO_WRONG_CELL),
        (1, (9.5, 0, 1), None),
        (1, None, None),
        (-1, (9.5, 0, 1), None),
    ],
)
def test_failures_are_counted_by_where_the_terminal_returns(
    returned_to: int, handover: tuple[float, int, int] | None, expected: str | None
) -> None:
    assert failure_cause(Failure(10.0, 1, returned_to), handover) == expected


def test_the_profiles_are_those_of_tr_36_839() -> None:
    got = [(row.time_to_trigger_ms, row.offset_db, row.filter_k) for row in TR_36_839_PROFILES]
    assert got == [(480, 3, 4), (160, 3, 4), (160, 2, 1), (80, 1, 1), (40, -1, 0)]
    assert len(TIME_TO_TRIGGER_MS) == 16


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((150,), "time_to_trigger_ms = 150 is no RRC value: did you mean 160"),
        ((160, 0.3), r"offset_db = 0\.3 is no multiple of 0\.5 dB"),
        ((160, 20.0), r"A3\.offset_db = 20"),
        ((160, 2.0, -1.0), r"A3\.hysteresis_db = -1"),
        ((160, 2.0, 0.0, 10), r"filter_k = 10"),
    ],
)
def test_what_rrc_cannot_carry_is_refused(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        A3(*values)  # type: ignore[arg-type]


def test_impossible_series_and_monitors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        handovers(np.zeros(3), A3())
    with pytest.raises(ValueError, match="hears no cell"):
        handovers(np.full((3, 2), np.nan), A3())
    with pytest.raises(ValueError, match="qin_db = -9"):
        RadioLinkMonitor(qin_db=-9.0)
    with pytest.raises(ValueError, match=r"RadioLinkMonitor\.t310_s = 0"):
        RadioLinkMonitor(t310_s=0.0)
    with pytest.raises(ValueError, match="after the failure"):
        failure_cause(Failure(10.0, 1, 0), (11.0, 0, 1))


@pytest.mark.parametrize("name", ["qin_db", "qout_db"])
def test_thresholds_of_a_monitor_are_finite(name: str) -> None:
    for value in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(ValueError, match=rf"RadioLinkMonitor\.{name} = "):
            RadioLinkMonitor(**{name: value})
