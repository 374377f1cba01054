"""The gain map obeys the law of each site: halls, and the shadowing of RMa beyond its breakpoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import GAIN_STEP_DB, CellSum
from ranrein.twin.params import Params
from ranrein.twin.radiomap import OMNIDIRECTIONAL_GAIN_DBI, gain_map, pixel_centres
from ranrein.twin.scenario import Carrier, Scenario, Sector, Site
from ranrein.twin.state import begin
from ranrein.twin.types import F64

SAME_DB = 2.5 * GAIN_STEP_DB  # of a difference of four rounded gains, one of them times 1.5
STATION_M, USER_M = 8.0, 1.5


@pytest.fixture(scope="module")
def hall(tiny: Params) -> Scenario:
    """A factory hall of 60 m with two omnidirectional stations above sparse clutter of 2 m."""
    return in_hall(tiny.scenario, "InF-SH")


def in_hall(scenario: Scenario, law: str, height_m: float = STATION_M) -> Scenario:
    sectors = (Sector(0.0, ("n3", "n78")),)
    return replace(
        scenario,
        width_m=60.0,
        pixel_m=2.0,
        shadowing=True,
        carriers={name: indoors(carrier) for name, carrier in scenario.carriers.items()},
        sites=tuple(Site(f"{x:g}", x, 31.0, height_m, law, 50.0, sectors) for x in (15.0, 45.0)),
        surge=replace(scenario.surge, venues=((15.0, 31.0),), radius_m=10.0),
        load=replace(scenario.load, full_load_mbps=50.0),
        timing=replace(scenario.timing, twin_step_s=10.0),
    )


def indoors(carrier: Carrier) -> Carrier:
    return replace(carrier, n_elements=0, tx_power_dbm=30.0, cell_offset_db=0.0)


def distances_m(scenario: Scenario, site: Site) -> F64:
    x, y = pixel_centres(scenario)
    return np.hypot(x - site.x_m, y - site.y_m)


def shadow_db(scenario: Scenario) -> F64:
    """What is lost against a line of sight without shadowing, (P, C)."""
    lit = gain_map(replace(scenario, shadowing=False)).astype(np.float64)
    return (lit - gain_map(scenario)) * GAIN_STEP_DB


def test_a_factory_hall_runs_from_the_map_to_the_traffic(hall: Scenario) -> None:
    params = Params.of(hall)
    state = begin(params, np.arange(4, dtype=np.int64), np.zeros(4, np.int64))
    advance(params, state, Command.all_active(4, params.n_cells), 30)
    sums = state.arrays.cell_sum.sum(axis=1)
    np.testing.assert_allclose(sums[:, CellSum.VOLUME], state.arrays.offered_mbit, rtol=1e-5)
    assert np.all(state.arrays.offered_mbit > 0)
    assert not np.any(sums[:, CellSum.UNCOVERED])
    assert np.all(state.arrays.serving >= 0)


def test_under_a_station_of_a_hall_the_loss_is_that_of_its_height(hall: Scenario) -> None:
    flat = replace(hall, shadowing=False)
    nearest = np.argmin(distances_m(flat, flat.sites[0]))
    assert distances_m(flat, flat.sites[0])[nearest] == 0.0
    loss_db = 31.84 + 21.5 * np.log10(STATION_M - USER_M) + 19.0 * np.log10(3.5)  # TR 38.901 table 7.4.1-1
    gain_db = gain_map(flat)[nearest, 1] * GAIN_STEP_DB
    assert gain_db == pytest.approx(OMNIDIRECTIONAL_GAIN_DBI - loss_db, abs=GAIN_STEP_DB)


def test_less_of_the_hall_is_hidden_from_a_higher_station(hall: Scenario) -> None:
    """In InF-SH k_subsce grows with the station's height; from 60 m practically nothing is hidden."""
    low_db, high_db, highest_db = (
        shadow_db(in_hall(hall, "InF-SH", height_m)) for height_m in (2.5, 30.0, 60.0)
    )
    assert 0.1 < np.mean(np.abs(low_db - highest_db) > SAME_DB) < 0.4
    assert np.mean(np.abs(high_db - highest_db) > SAME_DB) < 0.03


@pytest.mark.parametrize(
    ("law", "height_m", "words"),
    [("InF-SH", 1.8, "h_bs_m = 1.8 is not above the 2 m clutter"), ("InF-DH", 5.0, "not below|not above")],
)
def test_a_station_within_the_clutter_is_refused(
    hall: Scenario, law: str, height_m: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        gain_map(in_hall(hall, law, height_m))


@pytest.mark.parametrize("law", ["InF-SL", "InF-DL", "InF-DH", "InF-HH", "InH-Office", "InH-mixed"])
def test_every_law_of_a_room_gives_a_map(hall: Scenario, law: str) -> None:
    gain_db = gain_map(in_hall(hall, law)) * GAIN_STEP_DB
    assert np.all((gain_db > -140.0) & (gain_db < 0.0))


def test_shadowing_of_a_rural_line_of_sight_grows_beyond_the_breakpoint(tiny: Params) -> None:
    """At 0.7 GHz the breakpoint of a 10 m mast is at 220 m, at 3.5 GHz it is off the map; one field serves both."""
    mast = Site("mast", 200.0, 200.0, 10.0, "RMa", 50.0, (Sector(0.0, ("low", "high")),))
    carriers = {"low": 0.7, "high": 3.5}
    rural = replace(
        tiny.scenario,
        width_m=1000.0,
        shadowing=True,
        carriers={n: replace(tiny.scenario.carriers["n3"], fc_ghz=f) for n, f in carriers.items()},
        sites=(mast,),
    )
    low_db, high_db = shadow_db(rural).T
    distance_m = distances_m(rural, mast)
    near, far = (distance_m < 219.0), (distance_m > 221.0)
    alike, grown = np.abs(low_db - high_db) < SAME_DB, np.abs(low_db - 1.5 * high_db) < SAME_DB
    assert np.mean(alike[near]) > 0.9
    assert np.mean(grown[far]) > 0.5
    assert np.mean(grown[near]) < 0.1


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ((1.0,), r"sector.calibration_db=\[1.0\]: give one value per carrier, 2, or none"),
        ((0.0, 41.0), r"calibration_db=\[0.0, 41.0\]: give finite values within 40 dB"),
        ((0.0, float("nan")), "give finite values within 40 dB"),
    ],
)
def test_calibrations_that_make_no_sense_are_refused(offsets: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sector(0.0, ("n3", "n78"), offsets)
