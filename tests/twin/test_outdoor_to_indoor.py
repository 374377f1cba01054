"""Wall losses of TR 38.901 clause 7.4.3."""

from __future__ import annotations

import pytest

from ranrein.twin.outdoor_to_indoor import o2i_wall_loss_db


@pytest.mark.parametrize(
    ("kind", "release", "expected"),
    [
        ("low", "rel17", (12.70, 13.40, 17.83)),
        ("low", "rel19", (12.70, 13.40, 17.83)),
        ("high", "rel17", (26.85, 30.69, 37.95)),
        ("high", "rel19", (27.50, 31.75, 35.03)),
    ],
)
def test_wall_loss_at_3_5_and_6_and_28_ghz(kind: str, release: str, expected: tuple[float, ...]) -> None:
    assert o2i_wall_loss_db(kind, [3.5, 6.0, 28.0], release) == pytest.approx(expected, abs=0.006)


def test_the_default_glass_is_that_of_release_17() -> None:
    assert o2i_wall_loss_db("high", 6.0) == o2i_wall_loss_db("high", 6.0, "rel17")


@pytest.mark.parametrize(("kind", "release"), [("medium", "rel17"), ("high", "rel18")])
def test_unknown_walls_are_refused_with_the_valid_ones(kind: str, release: str) -> None:
    with pytest.raises(ValueError, match="is unknown: use one of"):
        o2i_wall_loss_db(kind, 6.0, release)
