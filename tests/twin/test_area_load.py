"""Load by weekday and area against measurements, and the humps around a venue."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.area_load import AREAS, LEAST_LOAD, VenueEvent, week_profile
from ranrein.twin.traffic import ITU_2023_LOAD_BY_HOUR, load_profile

EVENT = VenueEvent(begin_s=72_000.0)


def _barcelona(folder: Path) -> dict[tuple[str, str], np.ndarray]:
    """Hourly users by (district, kind of day), (24,)."""
    hours: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(24))
    with (folder / "traffic" / "barcelona_hourly_profile.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            hours[row["site"], row["we"]][int(row["h"])] = float(row["rnti"])
    return hours


def _corr(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("area", AREAS)
def test_a_week_has_mean_one_and_loads_as_a_profile(area: str) -> None:
    week = np.array(week_profile(area))
    assert week.shape == (7, 24)
    assert week.mean() == pytest.approx(1.0)
    assert week.min() >= 0.3 * LEAST_LOAD
    np.testing.assert_allclose(load_profile(week_profile(area)), week, rtol=1e-6)
    for day in (1, 2, 3, 4):
        np.testing.assert_array_equal(week[day], week[0])
    np.testing.assert_array_equal(week[6], week[5])


def test_the_mixed_area_is_the_itu_law() -> None:
    assert _corr(np.array(week_profile("mixed"))[0], np.array(ITU_2023_LOAD_BY_HOUR)) == pytest.approx(1.0)


@pytest.mark.parametrize(("area", "district"), [("residential", "PobleSec"), ("leisure", "ElBorn")])
def test_each_law_follows_its_district(reference_data: Path, area: str, district: str) -> None:
    week, users = np.array(week_profile(area)), _barcelona(reference_data)
    assert _corr(week[0], users[district, "weekday"]) >= 0.95
    assert _corr(week[6], users[district, "weekend"]) >= 0.94


@pytest.mark.parametrize(("area", "district"), [("residential", "ElBorn"), ("leisure", "PobleSec")])
def test_each_law_also_holds_in_the_district_it_never_saw(
    reference_data: Path, area: str, district: str
) -> None:
    week, users = np.array(week_profile(area)), _barcelona(reference_data)
    assert _corr(week[0], users[district, "weekday"]) >= 0.85
    assert _corr(week[6], users[district, "weekend"]) >= 0.84


def test_a_working_day_is_busy_by_day_and_a_leisure_weekend_by_night() -> None:
    business, leisure = np.array(week_profile("business")), np.array(week_profile("leisure"))
    assert 11 <= int(business[0].argmax()) <= 15
    assert business[0].mean() > 2.0 * business[6].mean()
    assert leisure[6, [23, 0, 1]].mean() > leisure[0, [23, 0, 1]].mean()
    assert leisure[6].mean() > leisure[0].mean()


def test_an_unknown_area_names_the_nearest() -> None:
    with pytest.raises(ValueError, match='area "busines" is unknown: did you mean "business"'):
        week_profile("busines")


def test_a_match_has_two_humps_and_a_dip() -> None:
    times = np.arange(60_000.0, 90_000.0, 10.0)
    factor = EVENT.factor(times)
    rising = np.flatnonzero(np.diff(np.sign(np.diff(factor[np.r_[True, np.diff(factor) != 0]]))) < 0)
    assert len(rising) == 2
    assert EVENT.factor(72_000.0 - 1800.0) == pytest.approx(EVENT.arrival_factor)
    np.testing.assert_allclose(EVENT.factor([73_000.0, 76_000.0, 78_300.0]), EVENT.play_factor)
    assert EVENT.factor(78_300.0 + 480.0) == pytest.approx(EVENT.egress_factor)
    np.testing.assert_allclose(EVENT.factor([0.0, 64_800.0, 82_400.0, 1e6]), 1.0)
    assert factor.max() == pytest.approx(1.5, abs=1e-3)
    assert factor.min() == pytest.approx(1.0)
    assert np.abs(np.diff(factor)).max() < 0.02, "no jumps"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length_s": 0.0}, r"VenueEvent\.length_s = 0"),
        ({"egress_factor": 0.9}, r"VenueEvent\.egress_factor = 0\.9"),
        ({"arrival_factor": float("nan")}, r"VenueEvent\.arrival_factor = nan"),
        ({"peak_s": 8000.0}, "peak_s = 8000 must be below"),
        ({"seated_s": 8000.0}, "seated_s = 8000 below"),
        ({"play_factor": 1.6}, "dips during play"),
    ],
)
def test_impossible_events_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VenueEvent(begin_s=0.0, **change)


@pytest.mark.parametrize("begin_s", [float("nan"), float("inf")])
def test_an_event_begins_at_some_time(begin_s: float) -> None:
    with pytest.raises(ValueError, match=r"VenueEvent\.begin_s = "):
        VenueEvent(begin_s)
