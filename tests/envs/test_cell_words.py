from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from ranrein.envs.render.cell_shapes import Shape
from ranrein.envs.render.cell_words import placed
from ranrein.envs.render.ground import round_length_m
from ranrein.envs.render.text import ELLIPSIS, board_at, set_elided, width_of


def test_a_word_that_would_cover_another_becomes_shorter_and_then_nothing() -> None:
    versions = [["narrow macro", "12 %", "+6 dB"], ["12 %"]]
    assert placed([(0, 0), (200, 0)], [versions, versions]) == ["narrow macro\n12 %\n+6 dB"] * 2
    assert placed([(0, 0), (70, 0)], [versions, versions]) == ["narrow macro\n12 %\n+6 dB", "12 %"]
    assert placed([(0, 0), (10, 0)], [versions, versions]) == ["narrow macro\n12 %\n+6 dB", ""]


def test_a_word_stands_within_the_pattern_that_its_cell_radiates() -> None:
    planned = Shape(0.0, 0.0, 0.0, 100.0, 90.0, 115.0)
    aimed = planned.aimed("narrow macro right 45")
    assert aimed.width_deg < planned.width_deg
    first, last = aimed.edges_deg
    assert last < 90.0  # to the right of where the sector looks
    x, y = aimed.middle
    assert 50.0 < (x**2 + y**2) ** 0.5 < 80.0
    assert x > 0.0
    assert first < last


@pytest.mark.parametrize(
    ("most_m", "length_m"), [(140.0, 100.0), (200.0, 200.0), (900.0, 500.0), (15.0, 10.0)]
)
def test_a_scale_bar_has_a_round_length(most_m: float, length_m: float) -> None:
    assert round_length_m(most_m) == length_m


def test_words_are_cut_where_there_is_no_room() -> None:
    text = board_at(Figure((12.8, 7.2), dpi=100), (0, 0, 400, 40)).text(0, 20, "", fontsize=10)
    set_elided(text, "urban", 200.0)
    assert text.get_text() == "urban"
    set_elided(text, "urban+cut_off+telemetry+faults+drift", 120.0)
    assert text.get_text().startswith("urban+cut")
    assert text.get_text().endswith(ELLIPSIS)
    assert width_of(text) <= 120.0
