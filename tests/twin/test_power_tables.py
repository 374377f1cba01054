"""Every power model of a carrier against the formulas of TR 38.864 and of Auer et al. 2011."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.carrier import CarrierState
from ranrein.twin.earth import EARTH
from ranrein.twin.params import Params
from ranrein.twin.power import idle_power_rel, power_levels, relative_power_dl, transition
from ranrein.twin.power_tables import deepest_between_bursts, power_row
from ranrein.twin.scenario import Carrier, Scenario

ACTIVE, MUTED, MICRO, LIGHT, DEEP = CarrierState
CAPACITY = 1  # the cell of the tiny network that may sleep


def _n78(tiny: Params, **changes: object) -> Carrier:
    return replace(tiny.scenario.carriers["n78"], **changes)


def _network(scenario: Scenario, carrier: Carrier) -> Params:
    return Params.of(replace(scenario, carriers=scenario.carriers | {"n78": carrier}))


@pytest.mark.parametrize(
    ("category", "period_ms", "depth"),
    [(1, 5, "micro"), (1, 10, "light"), (1, 20, "light"), (1, 40, "light"), (1, 80, "deep"), (1, 160, "deep"),
     (2, 20, "micro"), (2, 160, "micro"), (2, 700, "light"), (2, 11_000, "deep")],
)  # fmt: skip
def test_between_bursts_a_carrier_sleeps_as_deep_as_the_transition_permits(
    category: int, period_ms: float, depth: str
) -> None:
    assert deepest_between_bursts(category, 1, period_ms) == depth


@pytest.mark.parametrize("category", [1, 2])
@pytest.mark.parametrize("reference_set", [1, 2, 3])
@pytest.mark.parametrize("period_ms", [5.0, 20.0, 80.0, 160.0])
def test_no_permitted_sleep_between_bursts_is_thriftier(
    category: int, reference_set: int, period_ms: float
) -> None:
    deepest = deepest_between_bursts(category, reference_set, period_ms)
    watts = [idle_power_rel(category, reference_set, depth, ssb_period_ms=period_ms)
             for depth in ("micro", "light", "deep")[: ("micro", "light", "deep").index(deepest) + 1]]  # fmt: skip
    assert min(watts) == watts[-1]


def test_a_period_too_short_for_the_burst_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"period of 3 ms does not hold the burst of 4 ms .* choose a longer"
    ):
        deepest_between_bursts(1, 2, 3.0)


@pytest.mark.parametrize("category", [1, 2])
@pytest.mark.parametrize("reference_set", [1, 2, 3])
def test_the_tables_are_the_study_for_every_category_and_set(
    tiny: Params, category: int, reference_set: int
) -> None:
    carrier = _n78(tiny, power_category=category, reference_set=reference_set)
    arrays, u, share = _network(tiny.scenario, carrier).arrays, carrier.watts_per_unit, carrier.dl_share
    levels, depth = power_levels(category, reference_set), "light" if category == 1 else "micro"
    micro = idle_power_rel(category, reference_set, "micro")
    light = idle_power_rel(category, reference_set, depth)
    idle_w = np.array([micro, micro, micro, light, levels.deep]) * u
    np.testing.assert_allclose(arrays.idle_w[CAPACITY], idle_w, rtol=1e-6)
    full = [float(relative_power_dl(category, reference_set, s_a, 1.0, 1.0)) for s_a in (1.0, 0.5)]
    slope_w = np.array([full[0] - micro, full[1] - micro, 0, 0, 0]) * u * share
    np.testing.assert_allclose(arrays.slope_w[CAPACITY], slope_w, rtol=1e-6)
    joules = [0, 0, 0, transition(category, depth)[1] * u / 1e3, transition(category, "deep")[1] * u / 1e3]
    np.testing.assert_allclose(arrays.transition_j[CAPACITY], joules, rtol=1e-6)


def test_category_2_sleeps_deep_for_17000_units_and_never_light_between_bursts(tiny: Params) -> None:
    arrays = _network(tiny.scenario, _n78(tiny, power_category=2)).arrays
    assert arrays.transition_j[CAPACITY, DEEP] == pytest.approx(17.0 * 3.6)
    assert arrays.idle_w[CAPACITY, LIGHT] == arrays.idle_w[CAPACITY, MICRO]


@pytest.mark.parametrize("kind", sorted(EARTH))
def test_an_earth_carrier_is_one_sector_of_its_station(tiny: Params, kind: str) -> None:
    carrier = _n78(tiny, power_model="earth", earth_station=kind, watts_per_unit=1.0)
    row, station = power_row(carrier, [20.0]), EARTH[kind]
    chains = 2
    awake, asleep = chains * station.p0_w, chains * station.p_sleep_w
    assert row.idle_w[ACTIVE] == row.idle_w[MICRO] == pytest.approx(awake)
    assert row.idle_w[DEEP] == pytest.approx(asleep)
    assert row.idle_w[MUTED] == pytest.approx((awake + asleep) / 2)
    radiated_w = chains * station.delta_p * station.p_max_w
    np.testing.assert_allclose(
        row.slope_w, np.array([1.0, 0.5, 0, 0, 0]) * radiated_w * carrier.dl_share, atol=1e-12
    )
    # 8 SSB are 2 ms of 20 at 30 kHz, on 20 of 273 resource blocks
    burst = awake + radiated_w * 20 / 273
    assert row.idle_w[LIGHT] == pytest.approx(0.1 * burst + 0.9 * asleep)
    assert row.transition_j == (0.0,) * 5


def test_watts_per_unit_scales_an_earth_carrier(tiny: Params) -> None:
    one, two = (power_row(_n78(tiny, power_model="earth", watts_per_unit=u), [20.0]) for u in (1.0, 2.0))
    np.testing.assert_allclose(two.idle_w, 2 * np.array(one.idle_w))
    np.testing.assert_allclose(two.slope_w, 2 * np.array(one.slope_w))


@pytest.mark.parametrize("share", [0.3, 0.42, 0.61])
def test_a_stated_idle_share_is_kept_and_full_power_stays(tiny: Params, share: float) -> None:
    plain, fixed = (power_row(_n78(tiny, idle_share=each), [20.0]) for each in (0.0, share))
    full_w = plain.idle_w[ACTIVE] + plain.slope_w[ACTIVE]
    assert fixed.idle_w[ACTIVE] + fixed.slope_w[ACTIVE] == pytest.approx(full_w)
    assert fixed.idle_w[ACTIVE] == pytest.approx(share * full_w)
    drops = [np.diff(row.idle_w)[2:] for row in (plain, fixed)]
    np.testing.assert_allclose(drops[1] / drops[0], fixed.slope_w[ACTIVE] / plain.slope_w[ACTIVE])
    assert fixed.transition_j[DEEP] < plain.transition_j[DEEP]


def test_an_idle_share_below_that_of_the_study_is_refused(tiny: Params) -> None:
    with pytest.raises(ValueError, match=r"carrier\.idle_share=0\.1 is below 0\.2.* give more, or 0"):
        power_row(_n78(tiny, idle_share=0.1), [20.0])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"power_category": 3}, r"carrier\.power_category=3, reference_set=1 .* use category 1 or 2"),
        ({"reference_set": 4}, r"reference_set=4 .* set 1, 2 or 3"),
        ({"power_model": "erth"}, r"carrier\.power_model='erth'; use one of \('tr38864', 'earth'\)"),
        ({"earth_station": "picco"}, r'carrier\.earth_station: .*"picco" is unknown: did you mean "pico"'),
        ({"idle_share": 1.0}, r"carrier\.idle_share=1\.0 is outside"),
        ({"idle_share": float("nan")}, r"carrier\.idle_share=nan is outside"),
        ({"idle_share": 0.4, "power_model": "earth"}, r"carrier\.idle_share=0\.4 is for TR 38\.864"),
    ],
)
def test_a_power_model_that_does_not_exist_is_refused_by_name(
    tiny: Params, changes: dict[str, object], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        _n78(tiny, **changes)
