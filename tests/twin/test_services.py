"""Services in the twin: each user's traffic per step has the mean and variance of the law of its packets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import StateArrays
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.scenario import Scenario, Timing
from ranrein.twin.seeding import make_keys
from ranrein.twin.services import BURST_GAP_S, SERVICES, Service, Traffic
from ranrein.twin.state import begin
from ranrein.twin.traffic_models import INSTANT_MESSAGES, Ftp3, MmtcBurst, Voip
from ranrein.twin.xr import xr_video

DRAWS, SEEDS = 4000, 500
MIX = Traffic(
    (
        Service("ftp3", 0.2, 2),
        Service("im", 0.1, 3),
        Service("voip", 0.2, 40),
        Service("xr_cg", 0.1, 2),
        Service("xr_ar", 0.1, 2),
        Service("urllc", 0.15, 8),
        Service("mmtc", 0.15, 5000),
    )
)


def _network(traffic: Traffic, activity: float, step_s: float = 60.0) -> Params:
    """Tiny with eight users who are as active as said at midnight, whatever the seed."""
    plain = load_scenario("tiny")
    quantiles = (1.0, 1.0, 1.0)
    full_mbps = 8 * traffic.mean_mbps * activity
    load = replace(
        plain.load, full_load_mbps=full_mbps, station_load_quantiles=quantiles, profile=((1.0, 1.0),)
    )
    timing = Timing(step_s, 10 * step_s, 100 * step_s)
    return Params.of(replace(plain, load=load, timing=timing, traffic=traffic))


def _asked(params: Params, steps: int = DRAWS // SEEDS) -> np.ndarray:
    """Mbit/s of the eight residents over seeds and steps far apart, (steps, seeds, 8)."""
    state = begin(params, np.arange(SEEDS, dtype=np.int64), np.zeros(SEEDS, np.int64))
    shown = []
    for k in range(steps):
        state.arrays.step[:] = 1000 * k
        shown.append(radio_view(params, state)[1][:, :8].astype(np.float64))
    return np.array(shown)


def _assert_moments(asked: np.ndarray, mean: float, variance: float, widest: float = 4.0) -> None:
    """Compare with what the law's own simulation or formula says, within four deviations of the sample's."""
    n = asked.size
    assert abs(asked.mean() - mean) < widest * np.sqrt(variance / n)
    fourth = ((asked - asked.mean()) ** 4).mean()
    assert abs(asked.var() - variance) < widest * np.sqrt((fourth - asked.var() ** 2) / n)


@pytest.mark.parametrize(("name", "law"), [("ftp3", Ftp3()), ("im", INSTANT_MESSAGES)])
@pytest.mark.parametrize(("activity", "step_s"), [(0.3, 60.0), (0.02, 60.0), (0.25, 1.0)])
def test_files_come_at_the_rate_of_the_hour(name: str, law: Ftp3, activity: float, step_s: float) -> None:
    asked = _asked(_network(Traffic((Service(name, 1.0),)), activity, step_s))
    own = Ftp3(law.packet_bytes, law.mean_gap_s / activity)
    key, zero = make_keys(np.arange(20_000), np.zeros(20_000, np.int64)), np.zeros(1, np.int64)
    mbps = own.arrivals(key, zero, zero, step_s) * 8e-6 * own.packet_bytes / step_s
    _assert_moments(asked, activity * law.mean_mbps, float(mbps.var()), widest=5.0)
    if activity * step_s / law.mean_gap_s < 16:
        files = asked * step_s / (8e-6 * law.packet_bytes)
        np.testing.assert_allclose(files, files.round(), atol=1e-3)


def test_few_files_are_poisson_number_by_number() -> None:
    files = _asked(_network(Traffic((Service("im", 1.0),)), 0.05)) * 60.0 / 0.8
    mean, counts = 0.05 * 60.0 / 2.0, np.bincount(files.round().astype(int).ravel(), minlength=6)[:6]
    masses = np.exp(-mean) * mean ** np.arange(6) / np.cumprod([1, 1, 2, 3, 4, 5])
    assert np.all(np.abs(counts - masses * files.size) < 4 * np.sqrt(masses * files.size))


@pytest.mark.parametrize("step_s", [60.0, 4.0])
def test_talkers_have_the_mean_and_variance_of_spurts(step_s: float) -> None:
    """All phones busy: what is left of variance is that of spurts and silence."""
    asked = _asked(_network(Traffic((Service("voip", 1.0, 4),)), 1.0 - 1e-9, step_s))
    law, n = Voip(), 8000
    key, zero = make_keys(np.arange(n), np.zeros(n, np.int64)), np.zeros(1, np.int64)
    alone = law.mbit(*law.arrivals(key, zero, zero, step_s)) / step_s
    assert asked.mean() == pytest.approx(4 * law.mean_mbps, rel=0.01)
    assert asked.var() == pytest.approx(4 * alone.var(), rel=0.08)


@pytest.mark.parametrize(("name", "stream"), [("xr_vr", "VR-30"), ("xr_ar", "AR-30"), ("xr_cg", "CG-8")])
def test_streams_have_the_mean_and_variance_of_their_frames(name: str, stream: str) -> None:
    asked = _asked(_network(Traffic((Service(name, 1.0),)), 1.0 - 1e-9, 1.0))
    law, n = xr_video(stream), 2000
    key = make_keys(np.arange(n), np.zeros(n, np.int64))[:, None]
    sizes = law.frame_bytes(key, np.arange(60)[None, :], np.zeros((1, 1), np.int64))
    mbps = 8e-6 * sizes.sum(axis=1)
    assert asked.mean() == pytest.approx(law.mean_mbps, rel=1e-3)
    assert asked.var() == pytest.approx(float(mbps.var()), rel=0.15)


@pytest.mark.parametrize(("name", "terminals", "activity"), [("urllc", 8, 0.2), ("xr_cg", 3, 0.6)])
def test_busy_terminals_are_binomial(name: str, terminals: int, activity: float) -> None:
    service = Service(name, 1.0, terminals)
    busy = (_asked(_network(Traffic((service,)), activity)) / service.law[1]).round()
    assert busy.max() <= terminals
    _assert_moments(busy, terminals * activity, terminals * activity * (1 - activity))


def test_a_terminal_stays_busy_for_a_session() -> None:
    params = _network(Traffic((Service("urllc", 1.0),), session_s=600.0), 0.3)
    state = begin(params, np.arange(200, dtype=np.int64), np.zeros(200, np.int64))
    busy = []
    for step in range(100):
        state.arrays.step[:] = step
        busy.append(radio_view(params, state)[1][:, :8] > 0)
    changes = np.diff(np.array(busy), axis=0).any(axis=1)  # (99, 8)
    for user in range(8):
        assert np.all(np.flatnonzero(changes[:, user]) % 10 == (9 - user) % 10)
    assert changes.sum() == pytest.approx(80, abs=2)


@pytest.mark.parametrize("step_s", [60.0, 3.0])
def test_machines_report_in_bursts(step_s: float) -> None:
    activity, terminals, law = 0.7, 1000, MmtcBurst()
    asked = _asked(_network(Traffic((Service("mmtc", 1.0, terminals),)), activity, step_s), 16) * step_s
    whole = 8e-6 * law.packet_bytes * terminals
    times = np.random.default_rng(0).uniform(-12.0, step_s, 400_000)
    part = whole * (law.share_reported(step_s - times) - law.share_reported(-times))
    causes = activity / BURST_GAP_S * (step_s + 12.0)
    _assert_moments(asked, causes * float(part.mean()), causes * float((part**2).mean()), widest=5.0)


def test_a_burst_is_reported_whole_over_the_steps_that_it_lasts() -> None:
    params = _network(Traffic((Service("mmtc", 1.0, 1000),)), 0.02, 3.0)
    state = begin(params, np.arange(300, dtype=np.int64), np.zeros(300, np.int64))
    mbit = []
    for step in range(40):
        state.arrays.step[:] = step
        mbit.append(radio_view(params, state)[1][:, :8] * 3.0)
    series = np.array(mbit).reshape(40, -1).T
    alone = series[(series[:, :5].sum(axis=1) == 0) & (series[:, -5:].sum(axis=1) == 0) & series.any(axis=1)]
    assert len(alone) > 3
    bursts = alone.sum(axis=1) / (8e-6 * 32 * 1000)
    np.testing.assert_allclose(bursts, bursts.round(), rtol=1e-5)
    assert (alone[0] > 0).sum() >= 3


def _mixed() -> Scenario:
    return replace(load_scenario("urban"), traffic=MIX)


def test_the_mix_asks_for_what_the_load_says_in_the_mean() -> None:
    plain, mixed = Params.of(load_scenario("urban")), Params.of(_mixed())
    sums = []
    for params in (plain, mixed):
        state = begin(params, np.arange(300, dtype=np.int64), np.zeros(300, np.int64))
        total = 0.0
        for k in range(12):
            state.arrays.step[:] = 120 * k
            total += radio_view(params, state)[1][:, :72].sum()
        sums.append(total)
    assert sums[1] == pytest.approx(sums[0], rel=0.03)


def test_services_are_drawn_by_the_seed_in_their_shares() -> None:
    params = Params.of(_mixed())
    state = begin(params, np.arange(400, dtype=np.int64), np.zeros(400, np.int64))
    shares = np.bincount(state.arrays.user_service.ravel(), minlength=7) / state.arrays.user_service.size
    np.testing.assert_allclose(shares, [service.share for service in MIX.services], atol=0.01)
    again = begin(params, np.array([7], np.int64), np.zeros(1, np.int64))
    assert np.array_equal(again.arrays.user_service[0], state.arrays.user_service[7])


def test_the_kernel_agrees_with_the_oracle() -> None:
    params = Params.of(_mixed())
    kernel = begin(params, np.arange(3, dtype=np.int64), np.zeros(3, np.int64))
    kernel.arrays.step[:] = np.array([-5, 600, 1200])
    oracle, command = kernel.copy(), Command.all_active(3, params.n_cells)
    for n_steps in (5, 10, 20):
        advance(params, kernel, command, n_steps)
        advance_reference(params, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)


def test_a_replica_with_services_has_the_same_bits_alone_and_in_a_batch() -> None:
    params = Params.of(_mixed())
    batch = begin(params, np.arange(5, dtype=np.int64), np.zeros(5, np.int64))
    alone = begin(params, np.array([3], np.int64), np.zeros(1, np.int64))
    advance(params, batch, Command.all_active(5, 7), 60)
    advance(params, alone, Command.all_active(1, 7), 60)
    for name, a, b in zip(StateArrays._fields, batch.rows([3]).arrays, alone.arrays, strict=True):
        assert a.tobytes() == b.tobytes(), name


def test_demand_of_services_does_not_depend_on_what_was_commanded() -> None:
    params = Params.of(_mixed())
    awake = begin(params, np.arange(3, dtype=np.int64), np.zeros(3, np.int64))
    asleep = awake.copy()
    advance(params, awake, Command.all_active(3, 7), 20)
    advance(params, asleep, Command.of([[0, 4, 0, 4, 0, 4, 4]] * 3), 20)
    assert awake.arrays.offered_mbit.tolist() == asleep.arrays.offered_mbit.tolist()


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ((("ftp", 1.0, 1),), 'did you mean "ftp3"'),
        ((("ftp3", 0.5, 1), ("voip", 0.4, 9)), "add up to 0.9"),
        ((("ftp3", 0.0, 1),), "share=0.0"),
        ((("voip", 1.0, 65),), "terminals=65"),
        ((("urllc", 1.0, 0),), "terminals=0"),
    ],
)
def test_a_mix_that_cannot_be_is_refused(services: tuple[tuple[str, float, int], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Traffic(tuple(Service(*one) for one in services))


def test_terminals_that_would_never_rest_are_refused() -> None:
    with pytest.raises(ValueError, match=r"give more terminals or less load\.full_load_mbps"):
        Params.of(replace(load_scenario("urban"), traffic=Traffic((Service("voip", 1.0, 2),))))


def test_every_service_has_a_name_that_scenarios_may_use() -> None:
    assert set(SERVICES) == {"ftp3", "im", "voip", "urllc", "mmtc", "xr_vr", "xr_ar", "xr_cg"}
    assert all(Service(name, 1.0).mean_mbps > 0 for name in SERVICES)
