"""Places: the projection against the exact tangent plane, neighbours and clusters against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranrein.envs.inventory.geodesy import ECCENTRICITY_SQUARED, SEMI_MAJOR_M, middle, to_local
from ranrein.envs.inventory.neighbours import REACH_M, cut, nearest_m


def earth_centred(lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
    """Points on the WGS 84 ellipsoid, (N, 3) in metres."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    n = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2)
    flat = np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon)], axis=-1)
    return np.concatenate([flat, (n * (1 - ECCENTRICITY_SQUARED) * np.sin(lat))[:, None]], axis=-1)


def tangent_plane(lat_deg: np.ndarray, lon_deg: np.ndarray, lat0: float, lon0: float) -> np.ndarray:
    """East and north in the plane that touches the ellipsoid at the origin, (N, 2)."""
    way = earth_centred(lat_deg, lon_deg) - earth_centred(np.array([lat0]), np.array([lon0]))
    lat, lon = np.radians(lat0), np.radians(lon0)
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    return np.stack([way @ east, way @ north], axis=-1)


@pytest.mark.parametrize(
    ("lat", "far_m", "error_m"), [(0, 2500, 0.2), (45, 2500, 1.0), (60, 10_000, 30), (-45, 2500, 1)]
)
def test_the_projection_errs_as_little_as_it_says(lat: float, far_m: float, error_m: float) -> None:
    around = np.linspace(0, 2 * np.pi, 36)
    lats = lat + np.degrees(far_m * np.sin(around) / 6.37e6)
    lons = 179.99 + np.degrees(far_m * np.cos(around) / 6.37e6 / np.cos(np.radians(lat)))
    local = np.stack(to_local(lats, (lons + 180) % 360 - 180, lat, 179.99), axis=-1)
    exact = tangent_plane(lats, lons, lat, 179.99)
    assert np.hypot(*(local - exact).T).max() < error_m


def test_the_middle_lies_between_places_on_both_sides_of_the_date_line() -> None:
    assert middle(np.array([-18.0, -16.0]), np.array([179.0, -177.0])) == (-17.0, -179.0)


PLACES = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(PLACES)
def test_the_nearest_is_that_of_all_pairs(points: list[tuple[int, int]]) -> None:
    places = np.array(points, dtype=np.float64)
    pairs = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    pairs[(pairs < 10) | (pairs > REACH_M)] = np.inf
    assert np.array_equal(nearest_m(places, 10.0), pairs.min(axis=1))


@settings(max_examples=60, deadline=None)
@given(PLACES, st.integers(1, 12), st.data())
def test_groups_hold_every_place_once_and_are_small(
    points: list[tuple[int, int]], most: int, data: st.DataObject
) -> None:
    places = np.array(points, dtype=np.float64)
    weights = np.array(data.draw(st.lists(st.integers(1, 6), min_size=len(points), max_size=len(points))))
    groups = cut(places, weights, most, widest_m=2000.0)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(points)))
    assert all(len(g) == 1 or weights[g].sum() <= most for g in groups)
    assert all(np.ptp(places[g], axis=0).max() <= 2000.0 for g in groups)
    again = cut(places, weights, most, widest_m=2000.0)
    assert [g.tolist() for g in groups] == [g.tolist() for g in again]


def test_two_towns_far_apart_are_parted_at_the_gap() -> None:
    places = np.array([[0.0, 0.0], [90_000.0, 0.0], [500.0, 0.0], [90_400.0, 100.0], [800.0, 50.0]])
    groups = cut(places, np.ones(5, dtype=np.int64), 10, widest_m=20_000.0)
    assert [g.tolist() for g in groups] == [[0, 2, 4], [1, 3]]
