"""Days that differ: laws over load profiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.randomise import Drifting, Randomised
from ranrein.twin.params import Params
from ranrein.twin.state import begin
from ranrein.twin.traffic import ITU_2023_LOAD_BY_HOUR

TINY = load_scenario("tiny")
DAY = np.array(ITU_2023_LOAD_BY_HOUR)


def days(scenario: object) -> np.ndarray:
    """Traffic of every day over that of a plain day, (days, slots)."""
    return np.array(scenario.load.profile) * scenario.load.scale / np.mean(scenario.load.profile) * DAY.mean()


def test_randomised_days_have_levels_in_the_range_and_the_mean_of_the_scenario() -> None:
    drawn = days(Randomised(scale=(0.5, 1.5), levels=4)(TINY))
    levels = drawn.mean(axis=1) / DAY.mean()
    assert drawn.shape == (16, 24)
    assert np.allclose(sorted(set(np.round(levels, 6))), [0.5, 5 / 6, 7 / 6, 1.5])
    assert levels.mean() == pytest.approx(1.0)


def test_a_lopsided_range_moves_the_mean() -> None:
    assert Randomised(scale=(1.0, 2.0))(TINY).load.scale == pytest.approx(1.5)


def test_shifted_days_have_their_rush_hour_at_another_time() -> None:
    scenario = Randomised(scale=(0.999, 1.001), shift_h=(-3.0, 3.0), levels=2)(TINY)
    rush = [int(np.argmax(row)) for row in scenario.load.profile]
    assert sorted(set(rush)) == [(19 - 3) % 24, (19 + 3) % 24]


def test_half_hours_are_between_their_neighbours() -> None:
    row = np.array(Randomised(scale=(0.9, 1.1), shift_h=(0.0, 0.5), levels=2)(TINY).load.profile[1])
    assert np.allclose(row / row.mean(), ((DAY + np.roll(DAY, 1)) / 2) / DAY.mean())


def test_a_drifting_day_ends_at_another_level_than_it_began() -> None:
    ratio = days(Drifting(span=(0.5, 1.5), levels=3)(TINY)) / DAY
    assert ratio.shape == (9, 24)
    assert {(round(row[0], 6), round(row[-1], 6)) for row in ratio} == {
        (first, last) for first in (0.5, 1.0, 1.5) for last in (0.5, 1.0, 1.5)
    }
    assert np.allclose(np.diff(ratio, axis=1).std(axis=1), 0.0)


def test_laws_multiply_with_days_that_were_measured() -> None:
    measured = replace(TINY, load=replace(TINY.load, profile=((1.0,) * 48, (2.0,) * 48)))
    assert np.array(Randomised(levels=3)(measured).load.profile).shape == (18, 48)


def test_days_given_in_few_slots_become_hourly() -> None:
    coarse = replace(TINY, load=replace(TINY.load, profile=((1.0, 3.0),)))
    row = np.array(Drifting(span=(0.9, 1.1), levels=2)(coarse).load.profile[0])
    assert row[0] == pytest.approx(0.9)
    assert row[6] == pytest.approx(1.8, rel=0.02)
    assert len(row) == 24


def test_every_day_is_drawn_and_the_seed_names_it() -> None:
    params = Params.of(Randomised(levels=2)(TINY))
    seeds, zeros = np.arange(400), np.zeros(400, np.int64)
    drawn = begin(params, seeds, zeros).arrays.day
    assert np.bincount(drawn, minlength=4).min() > 70
    assert np.array_equal(drawn[100:], begin(params, seeds[100:], zeros[100:]).arrays.day)


@pytest.mark.parametrize(
    ("law", "settings", "message"),
    [
        (Randomised, {"scale": (0.0, 1.0)}, r"scale=\(0.0, 1.0\) must be positive"),
        (Randomised, {"scale": (2.0, 1.0)}, "give the least first"),
        (Randomised, {"shift_h": (1.0, 1.0)}, "shift_h"),
        (Randomised, {"levels": 1}, "at least 2"),
        (Drifting, {"span": (-1.0, 1.0)}, "span"),
        (Drifting, {"span": (float("nan"), 1.0)}, "span"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(
    law: object, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        law(**settings)(TINY)
