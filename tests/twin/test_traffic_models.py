"""Packet traffic: means and variances at fixed seeds, four standard errors wide, and independence of the batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from ranrein.twin.seeding import make_keys
from ranrein.twin.traffic_models import INSTANT_MESSAGES, URLLC, Ftp3, MmtcBurst, Periodic, Voip
from ranrein.twin.xr import XR_VIDEO, XrVideo, satisfied, xr_video

KEY = make_keys(np.array([3]), np.array([0]))
USERS = np.arange(4000)
STEP = np.array([17])


def _mean_is(values: np.ndarray, expected: float) -> None:
    error = values.std() / math.sqrt(values.size)
    assert values.mean() == pytest.approx(expected, abs=4.0 * error)


def test_mean_rates() -> None:
    assert Ftp3().mean_mbps == pytest.approx(20.0)
    assert INSTANT_MESSAGES.mean_mbps == pytest.approx(0.4)
    assert URLLC.mean_mbps == pytest.approx(0.256)
    assert Voip().mean_mbps == pytest.approx(1e-3 * (0.5 * 16.0 + 0.5 * 0.75))
    assert MmtcBurst().mean_mbps == pytest.approx(32 * 8e-6 / 10.0)


def test_ftp3_packets_are_poisson() -> None:
    counts = Ftp3().arrivals(KEY, STEP, USERS, 1.0)
    _mean_is(counts, 5.0)
    assert counts.var() == pytest.approx(5.0, abs=4.0 * math.sqrt((2 * 25 + 5) / USERS.size))


def test_periodic_packets_never_drift() -> None:
    model = Periodic(gap_s=0.7)
    counts = np.array([model.arrivals(KEY, np.array([step]), USERS[:100], 1.0) for step in range(70)])
    assert set(np.unique(counts)) == {1, 2}
    assert np.abs(counts.sum(axis=0) - 100).max() <= 1
    np.testing.assert_allclose(URLLC.arrivals(KEY, STEP, USERS, 1.0), 1000, atol=1)


def test_speech_has_the_mean_and_variance_of_its_spurts() -> None:
    voip, step_s = Voip(), 30.0
    voice, silent = voip.arrivals(KEY, STEP, USERS, step_s)
    _mean_is(voice, 0.5 * step_s / 0.020)
    _mean_is(silent, 0.5 * step_s / 0.160)
    _mean_is(voip.mbit(voice, silent), voip.mean_mbps * step_s)
    # alternating exponential spells forget with rate 1/2 + 1/2 per second
    tau = 1.0
    talk_var = 2.0 * 0.25 * tau * (step_s - tau * (1.0 - math.exp(-step_s / tau)))
    assert voice.var() == pytest.approx(talk_var / 0.020**2, rel=4.0 * math.sqrt(2.0 / USERS.size))


def test_activity_is_the_share_of_talk() -> None:
    voip = Voip(activity=0.25)
    assert voip.mean_silence_s == pytest.approx(6.0)
    voice, _ = voip.arrivals(KEY, STEP, USERS, 60.0)
    _mean_is(voice * 0.020, 15.0)


def test_spells_differ_between_steps_and_users() -> None:
    first, second = (Voip().arrivals(KEY, np.array([step]), USERS, 30.0)[0] for step in (0, 1))
    for one, other in ((first, second), (first[1:], first[:-1])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.0 / math.sqrt(USERS.size)
        far = np.abs(
            np.stack([one, other]) - 750.0
        )  # the same spells with talk and silence swapped would show here
        assert abs(np.corrcoef(far)[0, 1]) < 4.0 / math.sqrt(USERS.size)


def test_machines_report_as_beta_3_4() -> None:
    burst = MmtcBurst()
    times = burst.report_s(KEY, STEP, np.arange(50_000))
    _mean_is(times, 10.0 * 3.0 / 7.0)
    assert times.var() == pytest.approx(100.0 * 12.0 / (49.0 * 8.0), rel=0.03)
    for since in (1.0, 4.0, 8.0):
        share = float(burst.share_reported(since))
        error = math.sqrt(share * (1.0 - share) / times.size)
        assert (times <= since).mean() == pytest.approx(share, abs=4.0 * error)
    reported = sum(burst.arrivals(KEY, STEP, np.arange(500), float(t), 1.0).astype(int) for t in range(10))
    np.testing.assert_array_equal(reported, 1)
    np.testing.assert_allclose(burst.share_reported(np.array([-1.0, 0.0, 10.0, 99.0])), [0, 0, 1, 1])


def test_video_frames_have_the_size_and_jitter_of_the_study() -> None:
    vr = xr_video("VR-30")
    assert vr.mean_frame_bytes == pytest.approx(62_500.0)
    frames = np.arange(50_000)
    sizes = vr.frame_bytes(KEY, frames, np.array([1]))
    _mean_is(sizes, 62_500.0)
    assert sizes.std() / 62_500.0 == pytest.approx(0.105, rel=0.02)
    assert 31_250.0 <= sizes.min() < sizes.max() <= 93_750.0
    arrivals = vr.arrival_s(KEY, frames, np.array([1]))
    assert np.all(np.diff(arrivals) > 0.0)
    jitter_ms = 1e3 * (arrivals - arrivals.mean() - (frames - frames.mean()) / 60.0)
    assert np.abs(jitter_ms).max() <= 4.05
    inside = math.erf(2.0 / math.sqrt(2.0))
    cut = 1.0 - 2.0 * 2.0 * math.exp(-2.0) / math.sqrt(2.0 * math.pi) / inside
    assert jitter_ms.std() == pytest.approx(2.0 * math.sqrt(cut), rel=0.02)


def test_frames_counted_in_steps_are_those_that_arrive() -> None:
    vr, users, step_s = xr_video("CG-30"), USERS[:20], 0.0237
    arrivals = vr.arrival_s(KEY, np.arange(200)[:, None], users)
    for step in range(100):
        expected = ((arrivals >= step * step_s) & (arrivals < (step + 1) * step_s)).sum(axis=0)
        np.testing.assert_array_equal(vr.arrivals(KEY, np.array([step]), users, step_s), expected)


def test_a_user_is_satisfied_with_99_of_100_packets_in_time() -> None:
    np.testing.assert_array_equal(satisfied(np.array([0.0, 0.01, 0.02, np.nan])), [True, True, False, False])
    assert {stream.pdb_ms for stream in XR_VIDEO.values()} == {10.0, 15.0}


@pytest.mark.parametrize(
    "count",
    [
        lambda k, e: Ftp3().arrivals(k, STEP, e, 1.0),
        lambda k, e: Periodic(gap_s=0.03).arrivals(k, STEP, e, 1.0),
        lambda k, e: Voip().arrivals(k, STEP, e, 10.0)[0],
        lambda k, e: MmtcBurst().report_s(k, STEP, e),
        lambda k, e: xr_video("AR-45").arrivals(k, STEP, e, 0.05),
    ],
)
def test_arrivals_do_not_depend_on_the_batch(count: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    keys, users = make_keys(np.arange(3), np.zeros(3, np.int64))[:, None], np.arange(30)
    together = count(keys, users)
    alone = np.array([[count(keys[row], users[i : i + 1])[0] for i in range(30)] for row in range(3)])
    assert together.tobytes() == alone.tobytes()


def test_impossible_traffic_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Ftp3\.mean_gap_s = 0"):
        Ftp3(mean_gap_s=0.0)
    with pytest.raises(ValueError, match=r"Periodic\.gap_s = -1"):
        Periodic(gap_s=-1.0)
    with pytest.raises(ValueError, match=r"Voip\.activity = 1\.0 has no spurts"):
        Voip(activity=1.0)
    with pytest.raises(ValueError, match=r"MmtcBurst\.duration_s = nan"):
        MmtcBurst(duration_s=float("nan"))
    with pytest.raises(ValueError, match=r"XrVideo\.jitter_bound_ms = 10"):
        XrVideo(30.0, 10.0, jitter_bound_ms=10.0)
    with pytest.raises(ValueError, match='"VR30" is unknown: did you mean "VR-30"'):
        xr_video("VR30")
    with pytest.raises(ValueError, match="step_s = 0"):
        Ftp3().arrivals(KEY, STEP, USERS, 0.0)
