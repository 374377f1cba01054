"""Recommendations: what would change, for how long, and only once."""

from __future__ import annotations

import pytest

from ranrein.agents.advice import LIFE_PERIODS, AdviceBox
from ranrein.twin.command import Command

CELLS = ("a", "b", "c")
AWAKE, ASLEEP = Command.of([0, 0, 0]), Command.of([0, 4, 3])


@pytest.fixture
def box() -> AdviceBox:
    return AdviceBox()


def test_a_recommendation_names_each_change(box: AdviceBox) -> None:
    made = box.offer(CELLS, AWAKE, ASLEEP, 5)
    assert made is not None
    assert made.changes == ("b: ACTIVE -> DEEP_SLEEP", "c: ACTIVE -> LIGHT_SLEEP")
    assert box.current(5) == [made]


def test_nothing_is_recommended_where_nothing_would_change(box: AdviceBox) -> None:
    assert box.offer(CELLS, ASLEEP, ASLEEP, 5) is None
    assert box.current(5) == []


def test_a_recommendation_expires(box: AdviceBox) -> None:
    made = box.offer(CELLS, AWAKE, ASLEEP, 5)
    last = 5 + LIFE_PERIODS - 1
    assert [made.as_json(p)["periods left"] for p in (5, last, last + 1)] == [LIFE_PERIODS, 1, 0]
    assert box.current(last) == [made]
    assert box.take(made.id, last + 1) is None


def test_a_recommendation_can_be_taken_once(box: AdviceBox) -> None:
    made = box.offer(CELLS, AWAKE, ASLEEP, 5)
    assert box.take(made.id, 5) is made
    assert box.take(made.id, 5) is None


def test_a_newer_recommendation_replaces_the_older(box: AdviceBox) -> None:
    old = box.offer(CELLS, AWAKE, ASLEEP, 5)
    new = box.offer(CELLS, AWAKE, Command.of([0, 0, 4]), 6)
    assert box.current(6) == [new]
    assert box.take(old.id, 6) is None


def test_equal_advice_of_another_period_has_another_name(box: AdviceBox) -> None:
    assert box.offer(CELLS, AWAKE, ASLEEP, 5).id != box.offer(CELLS, AWAKE, ASLEEP, 6).id


def test_unknown_names_are_nothing(box: AdviceBox) -> None:
    box.offer(CELLS, AWAKE, ASLEEP, 5)
    assert box.take("", 5) is None
    assert len(box.current(5)) == 1


def test_what_was_not_said_again_this_period_is_outdated(box: AdviceBox) -> None:
    made = box.offer(CELLS, AWAKE, ASLEEP, 5)
    assert box.outdated(5) == []
    assert box.offer(CELLS, ASLEEP, ASLEEP, 6) is None
    assert box.outdated(6) == [made]
    assert box.outdated(6) == box.current(6) == []
