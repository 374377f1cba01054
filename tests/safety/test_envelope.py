"""The envelope: outside of what was seen, a certificate says nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.network.plant import SimulatedNetwork
from ranrein.safety.envelope import Strikes, enclose, features, is_inside, join
from ranrein.twin.kpis import Kpis
from ranrein.twin.params import Params


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.of(load_scenario("urban"))


@pytest.fixture
def kpis(params: Params, clock) -> Kpis:
    return SimulatedNetwork(params, 7, clock).observe()


def scaled(kpis: Kpis, factor: float) -> Kpis:
    return replace(kpis, volume_dl=kpis.volume_dl * np.float32(factor))


def test_what_was_enclosed_is_inside(params: Params, kpis: Kpis) -> None:
    box = enclose(params, scaled(kpis, 3.0), enclose(params, kpis, {}))
    for factor in (1.0, 2.0, 3.0):
        assert is_inside(params, scaled(kpis, factor), box)


@pytest.mark.parametrize("factor", [0.5, 1.5, np.nan])
def test_more_or_less_traffic_and_traffic_that_is_no_number_are_outside(
    params: Params, kpis: Kpis, factor: float
) -> None:
    assert not is_inside(params, scaled(kpis, factor), enclose(params, kpis, {}))


def test_one_network_outside_puts_the_batch_outside(params: Params, kpis: Kpis) -> None:
    box = enclose(params, kpis, {})
    pair = kpis.rows(np.array([0, 0]))
    assert is_inside(params, pair, box)
    pair.conn_mean[1, 0] += 50
    assert not is_inside(params, pair, box)


def test_features_that_are_missing_or_unknown_are_outside(params: Params, kpis: Kpis) -> None:
    box = enclose(params, kpis, {})
    assert not is_inside(params, kpis, {})
    assert not is_inside(params, kpis, {**box, "load_frac": (0.0, 1.0)})
    assert not is_inside(params, kpis, dict(list(box.items())[1:]))


def test_a_change_of_unit_is_outside(params: Params, kpis: Kpis) -> None:
    box = enclose(params, scaled(kpis, 5.0), enclose(params, kpis, {}))
    assert not is_inside(params, scaled(kpis, 1000.0), box)


def test_boxes_join_to_the_smallest_that_holds_both(params: Params, kpis: Kpis) -> None:
    one, two = enclose(params, kpis, {}), enclose(params, scaled(kpis, 4.0), {})
    both = join(one, two)
    assert both == join(two, one) == enclose(params, scaled(kpis, 4.0), one)
    assert join(one, {}) == one
    assert set(both) == set(features(params, kpis))


def test_three_of_the_last_twenty_are_too_many() -> None:
    strikes = Strikes()
    assert [strikes.record(bad) for bad in (True, False, True, False, True)] == [False] * 4 + [True]


def test_strikes_are_forgotten_after_twenty_periods_or_by_a_person() -> None:
    strikes = Strikes()
    for bad in (True, True, *[False] * 19):
        strikes.record(bad)
    assert not strikes.record(True)
    for _ in range(3):
        strikes.record(True)
    assert strikes.tripped
    strikes.clear()
    assert not strikes.tripped
