"""Shadowing constants and the fail-closed range check."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.radio_scenario import SHADOWING, canonical, checked, shadowing


def test_canonical_names_are_their_own_spelling() -> None:
    assert [canonical(name) for name in SHADOWING] == list(SHADOWING)


@pytest.mark.parametrize(
    ("scenario", "los", "nlos", "o2i"),
    [
        ("UMa", (4, 37), (6, 50), (7, 7)),
        ("UMi", (4, 10), (7.82, 13), (7, 7)),
        ("RMa", (4, 37), (8, 120), (8, 120)),
    ],
)
def test_shadowing_follows_the_tables(scenario: str, los: object, nlos: object, o2i: object) -> None:
    constants = shadowing(scenario)
    assert constants.o2i is not None
    spreads = (constants.los, constants.nlos, constants.o2i)
    assert tuple((spread.sigma_db, spread.d_cor_m) for spread in spreads) == (los, nlos, o2i)


def test_an_office_has_no_outdoor_to_indoor_link() -> None:
    assert shadowing("InH").o2i is None


def test_range_check_names_the_first_bad_element() -> None:
    with pytest.raises(ValueError, match=r"height = 9 is outside \[0, 1\]"):
        checked("height", [0.5, 9.0, 11.0], (0.0, 1.0))


def test_range_check_refuses_nan() -> None:
    with pytest.raises(ValueError, match="nan"):
        checked("height", np.nan, (0.0, 1.0))
