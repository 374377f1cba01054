"""The load laws: hour of day, stations, surges."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.advance import advance, radio_view
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.state import begin
from ranrein.twin.traffic import (
    ITU_2023_LOAD_BY_HOUR,
    ITU_2023_STATION_QUARTILES,
    load_profile,
    station_mean_load,
)

ONSET_S, RAMP_S, HOLD_S, PEAK_MBPS = 3600.0, 1200.0, 1800.0, 200.0


def _column(path: Path, name: str) -> np.ndarray:
    with path.open(encoding="utf-8", newline="") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


def _offered_mbps(params: Params, second: float) -> np.ndarray:
    """Offered traffic of every user at a time of day, with a surge in slot 0."""
    state = begin(params, np.zeros(1, np.int64), np.zeros(1, np.int64))
    state.arrays.surge[:, 0] = (ONSET_S, RAMP_S, HOLD_S, PEAK_MBPS, 0.0)
    state.arrays.step[:] = round(second / params.arrays.step_s)
    return radio_view(params, state)[1][0]


def test_the_default_law_is_the_published_load_by_hour(reference_data: Path) -> None:
    published = _column(reference_data / "traffic" / "itu_5g_load_by_hour.csv", "mean")
    assert np.corrcoef(published, load_profile(())[0])[0, 1] >= 0.99
    np.testing.assert_allclose(ITU_2023_LOAD_BY_HOUR, published, atol=0.001)


def test_every_profile_has_mean_one() -> None:
    assert load_profile(()).mean() == pytest.approx(1.0)
    two_days = load_profile(((1.0, 3.0, 2.0), (4.0, 0.0, 2.0)))
    assert two_days.shape == (2, 3)
    assert two_days.mean() == pytest.approx(1.0)
    assert two_days[0, 1] / two_days[0, 0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (((1.0, 2.0), (1.0,)), "different lengths"),
        (((1.0, -2.0),), "negative or non-finite"),
        (((1.0, float("nan")),), "negative or non-finite"),
        (((1.0, float("inf")),), "negative or non-finite"),
        (((0.0, 0.0),), "zero everywhere"),
    ],
)
def test_an_unusable_profile_is_refused(rows: tuple[tuple[float, ...], ...], message: str) -> None:
    with pytest.raises(ValueError, match=rf"load\.profile.*{message}"):
        load_profile(rows)


def test_stations_lie_between_the_quartiles_around_the_median() -> None:
    loads = station_mean_load(np.linspace(0, 1, 10_001), ITU_2023_STATION_QUARTILES)
    assert [loads.min(), float(np.median(loads)), loads.max()] == pytest.approx(ITU_2023_STATION_QUARTILES)
    assert np.all(np.diff(loads) >= 0)


def test_the_quartiles_are_those_of_the_published_stations(reference_data: Path) -> None:
    means = _column(reference_data / "traffic" / "itu_5g_load_per_bs.csv", "mean")
    np.testing.assert_allclose(np.quantile(means, (0.25, 0.5, 0.75)), ITU_2023_STATION_QUARTILES, atol=0.01)


def test_residents_ask_for_the_profile_of_the_hour(tiny: Params) -> None:
    residents = slice(0, tiny.scenario.users.resident)
    asked = np.array([_offered_mbps(tiny, 3600.0 * hour)[residents].sum() for hour in range(24)])
    law = np.array(ITU_2023_LOAD_BY_HOUR)
    np.testing.assert_allclose(asked, 260.0 * 0.2 * law / law.mean(), rtol=1e-5)


def test_between_the_hours_demand_is_linear_also_over_midnight(tiny: Params) -> None:
    for before, after in ((5, 6), (23, 24)):
        first, half, last = (
            _offered_mbps(tiny, 3600.0 * hour)[0] for hour in (before, (before + after) / 2, after)
        )
        assert half == pytest.approx((first + last) / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("after_onset_s", "share"),
    [
        (-60.0, 0.0),
        (0.0, 0.0),
        (RAMP_S / 4, 0.25),
        (RAMP_S / 2, 0.5),
        (RAMP_S, 1.0),
        (RAMP_S + HOLD_S, 1.0),
        (RAMP_S * 1.5 + HOLD_S, 0.5),
        (RAMP_S * 2 + HOLD_S, 0.0),
        (RAMP_S * 3 + HOLD_S, 0.0),
    ],
)
def test_a_surge_ramps_holds_and_decays(tiny: Params, after_onset_s: float, share: float) -> None:
    users = tiny.scenario.users
    crowd = _offered_mbps(tiny, ONSET_S + after_onset_s)[users.resident :]
    half = users.crowd // 2
    np.testing.assert_allclose(crowd[:half], share * PEAK_MBPS / half, atol=1e-4)
    assert not np.any(crowd[half:]), "the second half belongs to injected surges"


def test_mean_demand_is_full_load_times_the_mean_station(urban: Params) -> None:
    state = begin(urban, np.arange(2000), np.zeros(2000, np.int64))
    residents = urban.scenario.users.resident
    asked = radio_view(urban, state)[1][:, :residents].sum(axis=1).mean()
    station = np.mean([0.10, 0.21, 0.21, 0.36])
    midnight = ITU_2023_LOAD_BY_HOUR[0] / np.mean(ITU_2023_LOAD_BY_HOUR)
    full_mbps = urban.n_areas * urban.scenario.load.full_load_mbps
    assert asked == pytest.approx(full_mbps * station * midnight, rel=0.03)


def test_demand_does_not_depend_on_what_was_commanded(urban: Params) -> None:
    awake = begin(urban, np.arange(4), np.zeros(4, np.int64))
    asleep = awake.copy()
    advance(urban, awake, Command.all_active(4, 7), 20)
    advance(urban, asleep, Command.of([[0, 4, 0, 4, 0, 4, 4]] * 4), 20)
    assert awake.arrays.offered_mbit.tolist() == asleep.arrays.offered_mbit.tolist()


def test_residents_outdoors_walk_at_their_speed_and_stay_on_the_map(urban: Params) -> None:
    hurried = Params.of(replace(urban.scenario, users=replace(urban.scenario.users, speed_kmh=6.0)))
    state = begin(hurried, np.arange(8), np.zeros(8, np.int64))
    outdoors = state.arrays.indoor_db[:, 0] == 0
    outdoors[:, hurried.scenario.users.resident :] = False
    walked = []
    for _ in range(20):
        before = np.stack([state.arrays.user_x, state.arrays.user_y])
        advance(hurried, state, Command.all_active(8, 7))
        after = np.stack([state.arrays.user_x, state.arrays.user_y])
        assert np.all((after >= 0) & (after <= hurried.scenario.width_m))
        walked.append(np.hypot(*(after - before)))
    assert np.all(np.max(walked, axis=0)[~outdoors] == 0)
    longest_m = np.max(walked, axis=0)[outdoors]  # a mirrored step ends nearer to its start
    assert longest_m.max() == pytest.approx(100.0, rel=1e-4)
    assert np.median(longest_m) == pytest.approx(100.0, rel=1e-4)
