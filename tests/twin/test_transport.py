"""Delays of fibre, microwave and satellites; sharing and queueing in a tree of links."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.transport import (
    LeoPath,
    bent_pipe_delay_ms,
    fibre_delay_ms,
    fronthaul_delay_ms,
    microwave_delay_ms,
    slant_range_km,
)
from ranrein.twin.transport_tree import Link, TransportTree

TREE = TransportTree(
    [
        Link("f1-a", "hub", 100.0, delay_ms=0.1),
        Link("f1-b", "hub", 400.0, delay_ms=0.2),
        Link("hub", "upf", 300.0, delay_ms=1.0),
        Link("upf", None, 1000.0, delay_ms=0.5),
        Link("far", "upf", 50.0, delay_ms=5.0, buffer_ms=20.0),
    ]
)


def test_light_in_fibre_and_microwave_hops() -> None:
    np.testing.assert_allclose(fibre_delay_ms([0.0, 100.0]), [0.0, 0.49])
    assert microwave_delay_ms(3) == pytest.approx(1.05)
    assert fronthaul_delay_ms(20.0) == pytest.approx(0.098)
    with pytest.raises(ValueError, match=r"0\.103 ms passes the 0\.1 ms of split 7\.2x.* within 20\.4 km"):
        fronthaul_delay_ms([1.0, 21.0])
    with pytest.raises(ValueError, match=r"within 10\.2 km"):
        fronthaul_delay_ms(15.0, equipment_ms=0.05)
    with pytest.raises(ValueError, match="length_km = -1"):
        fibre_delay_ms(-1.0)


def test_a_satellite_overhead_is_at_its_altitude_and_rises_from_the_horizon() -> None:
    assert slant_range_km(550.0, 90.0) == pytest.approx(550.0)
    horizon = slant_range_km(550.0, 0.0)
    assert horizon == pytest.approx(math.sqrt(6921.0**2 - 6371.0**2))
    assert np.all(np.diff(slant_range_km(550.0, np.linspace(0.0, 90.0, 91))) < 0.0)


def test_bent_pipe_delays_of_550_km() -> None:
    assert bent_pipe_delay_ms(550.0, 90.0) == pytest.approx(3.7, abs=0.05)
    assert bent_pipe_delay_ms(550.0, 25.0) == pytest.approx(7.5, abs=0.05)
    mixed = bent_pipe_delay_ms(550.0, 90.0, 25.0)
    assert mixed == pytest.approx((3.669 + 7.49) / 2.0, abs=0.02)


def test_the_round_trip_spikes_at_both_ends_of_each_period() -> None:
    path = LeoPath()
    calm = path.calm_rtt_ms
    assert 25.0 < calm < 60.0
    np.testing.assert_allclose(path.rtt_ms([0.0, 0.29, 0.3, 7.0, 14.69, 14.71, 15.0, 30.1]), [
        140.0, 140.0, calm, calm, calm, 75.0, 140.0, 140.0,
    ])  # fmt: skip
    sampled = path.rtt_ms(np.arange(0.0, 60.0, 0.01) + 0.005)
    assert path.mean_rtt_ms == pytest.approx(sampled.mean(), rel=1e-6)


def test_a_spike_never_shortens_the_round_trip() -> None:
    slow = LeoPath(beyond_gateway_ms=100.0)
    assert slow.rtt_ms(14.9) == pytest.approx(slow.calm_rtt_ms)
    assert slow.mean_rtt_ms > slow.calm_rtt_ms


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"altitude_km": 0.0}, r"LeoPath\.altitude_km = 0"),
        ({"elevation_deg": 91.0}, r"LeoPath\.elevation_deg = 91"),
        ({"spike_s": 8.0}, "two spikes must fit"),
        ({"end_spike_ms": float("nan")}, r"LeoPath\.end_spike_ms = nan"),
    ],
)
def test_impossible_paths_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LeoPath(), **change)


def test_light_traffic_passes_untouched() -> None:
    offered = np.array([50.0, 60.0, 0.0, 0.0, 10.0])
    result = TREE.carry(offered)
    np.testing.assert_array_equal(result.carried_mbps, offered)
    np.testing.assert_allclose(result.load_frac, [0.5, 0.15, 110 / 300, 0.12, 0.2])


def test_a_full_link_cuts_all_behind_it_alike() -> None:
    result = TREE.carry([200.0, 300.0, 100.0, 0.0, 80.0])
    # f1-a passes 100 of 200; the hub is offered 100 + 300 + 100 and passes 300
    np.testing.assert_allclose(result.carried_mbps, [60.0, 180.0, 60.0, 0.0, 50.0])
    np.testing.assert_allclose(result.load_frac, [2.0, 0.75, 500 / 300, 0.35, 1.6])


def test_no_link_carries_more_than_its_capacity() -> None:
    rng = np.random.default_rng(2)
    offered = rng.exponential(200.0, (500, 5))
    carried = TREE.carry(offered).carried_mbps
    hub = carried[:, :3].sum(axis=1)
    assert np.all(carried <= offered)
    for flow, capacity in ((carried[:, 0], 100.0), (hub, 300.0), (carried.sum(axis=1), 1000.0)):
        assert flow.max() <= capacity * (1 + 1e-12)
    np.testing.assert_array_equal(carried[7], TREE.carry(offered[7]).carried_mbps)


def test_delays_add_up_along_the_path_and_queues_are_those_of_m_m_1() -> None:
    idle = TREE.carry(np.zeros(5)).delay_ms
    np.testing.assert_allclose(idle, [1.6, 1.7, 1.5, 0.5, 5.5])
    busy = TREE.carry([0.0, 0.0, 0.0, 0.0, 45.0]).delay_ms
    packet_ms = 1500 * 8 / 50e6 * 1e3
    upf_ms = 0.045 / 0.955 * 1500 * 8 / 1e9 * 1e3
    assert busy[4] == pytest.approx(5.5 + 9.0 * packet_ms + upf_ms)
    assert TREE.carry([0.0, 0.0, 0.0, 0.0, 500.0]).delay_ms[4] == pytest.approx(25.5, abs=0.01)


def test_broken_trees_are_refused() -> None:
    with pytest.raises(ValueError, match="cycle a -> b -> c -> a: let one of them end at the core"):
        TransportTree([Link("a", "b", 1.0), Link("b", "c", 1.0), Link("c", "a", 1.0), Link("d", None, 1.0)])
    with pytest.raises(ValueError, match="cycle b -> b"):
        TransportTree([Link("a", "b", 1.0), Link("b", "b", 1.0)])
    with pytest.raises(ValueError, match='parent of link "a" "hup" is unknown: did you mean "hub"'):
        TransportTree([Link("a", "hup", 1.0), Link("hub", None, 1.0)])
    with pytest.raises(ValueError, match='two links are called "a"'):
        TransportTree([Link("a", None, 1.0), Link("a", None, 1.0)])
    with pytest.raises(ValueError, match='link "a" capacity_mbps = 0'):
        Link("a", None, 0.0)
    with pytest.raises(ValueError, match=r"offered_mbps \(4,\) must end in one rate per link, \(5,\)"):
        TREE.carry(np.zeros(4))
    with pytest.raises(ValueError, match="offered_mbps = nan"):
        TREE.carry([float("nan"), 0.0, 0.0, 0.0, 0.0])


def test_order_does_not_matter() -> None:
    links = [Link("root", None, 10.0), Link("mid", "root", 8.0), Link("leaf", "mid", 5.0)]
    forward, backward = TransportTree(links), TransportTree(links[::-1])
    offered = np.array([1.0, 6.0, 9.0])
    np.testing.assert_allclose(
        forward.carry(offered).carried_mbps, backward.carry(offered[::-1]).carried_mbps[::-1]
    )
    # the leaf passes 5 of 9, the middle 8 of 11
    np.testing.assert_allclose(forward.carry(offered).carried_mbps, [1.0, 48 / 11, 40 / 11])
