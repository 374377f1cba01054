from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from ranrein.agents.figures import bars_with_intervals, ladder, margin_timeline, timeline, wealth
from ranrein.agents.report_data import is_plain_svg
from ranrein.agents.svg import Drawing, Scale, padded
from ranrein.envs.palette import STATE_COLOURS, STATE_WORDS

SVG = "{http://www.w3.org/2000/svg}"
HOURS = np.arange(1, 25, dtype=np.float64)
EVENTS = [(3.0, "surge onset"), (3.5, "GUARDED"), (23.5, "rolled back to last known good")]


def day(states: np.ndarray, events: list[tuple[float, str]] = EVENTS) -> str:
    power = {"agent": 1000 + HOURS, "always on": 1500 + HOURS}
    return timeline(HOURS, power, {"coverage": HOURS / 50}, {"a <b> & c": states}, events)


FIGURES = {
    "timeline": day(np.repeat([4, 0, 5], 8).astype(np.int8)),
    "margins": margin_timeline(HOURS, np.stack([HOURS - 12, HOURS], axis=1) / 100, ["x", "y"], EVENTS),
    "bars": bars_with_intervals(["a <b>", "c"], [3.0, -1.0], [2.5, -2.0], [3.5, 0.0], "kWh", bound=4.0),
    "wealth": wealth(np.linspace(0, 5, 40), 20.0),
    "ladder": ladder(["LOCKED", "SHADOW", "CLOSED_LOOP"], "SHADOW"),
}


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(SVG + tag))


def words(svg: str) -> list[str]:
    return [element.text or "" for element in elements(svg, "text")]


@pytest.mark.parametrize("svg", FIGURES.values(), ids=FIGURES.keys())
def test_figure_is_a_plain_drawing_with_a_spoken_label(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert is_plain_svg(svg)
    assert (root.get("role"), bool(root.get("aria-label"))) == ("img", True)
    assert "nan" not in svg


@pytest.mark.parametrize("svg", FIGURES.values(), ids=FIGURES.keys())
def test_nothing_is_drawn_outside_the_picture(svg: str) -> None:
    _, _, width, height = map(float, ElementTree.fromstring(svg).get("viewBox", "").split())
    for element in ElementTree.fromstring(svg).iter():
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        assert -0.01 <= x <= width
        assert -0.01 <= y <= height


def test_strips_show_each_stretch_of_a_state_once_and_to_scale() -> None:
    strips = [e for e in elements(FIGURES["timeline"], "rect") if e.find(SVG + "title") is not None]
    assert [e.get("fill") for e in strips] == [STATE_COLOURS[s] for s in (4, 0, 5)]
    widths = [float(e.get("width", 0)) for e in strips]
    assert widths == pytest.approx([widths[0]] * 3, abs=0.02)
    assert "".join(strips[0].itertext()) == "a <b> & c: DEEP, 0.00 to 8.00 h"


def test_timeline_explains_every_state_and_marks_every_event() -> None:
    assert {*STATE_WORDS, *(label for _, label in EVENTS)} <= set(words(FIGURES["timeline"]))


def test_labels_of_close_events_stand_in_different_rows() -> None:
    rows = {
        e.text: e.get("y")
        for e in elements(FIGURES["timeline"], "text")
        if e.text in dict(map(reversed, EVENTS))
    }
    assert rows["surge onset"] != rows["GUARDED"]
    assert rows["surge onset"] == rows["rolled back to last known good"]


def test_a_line_has_a_gap_where_nothing_was_measured() -> None:
    drawing = Drawing(10)
    drawing.curve(np.arange(5.0), np.array([1, 1, np.nan, 1, 1]), "red")
    assert drawing.parts[0].count("M") == 2


def test_broken_margins_are_shaded_below_zero() -> None:
    shade = next(e for e in elements(FIGURES["margins"], "rect") if "opacity:.13" in e.get("style", ""))
    zero = next(e for e in elements(FIGURES["margins"], "line") if "1.4" in e.get("style", ""))
    assert float(shade.get("y", 0)) == pytest.approx(float(zero.get("y1", 0)), abs=0.06)
    assert float(shade.get("height", 0)) > 10


def test_bars_are_as_long_as_their_means() -> None:
    bars = [e for e in elements(FIGURES["bars"], "rect") if e.find(SVG + "title") is not None]
    lengths = [float(bar.get("width", 0)) for bar in bars]
    assert lengths[0] == pytest.approx(3 * lengths[1], rel=1e-3)
    assert "bound 4" in words(FIGURES["bars"])


def test_wealth_says_when_the_evidence_was_enough() -> None:
    path = np.array([0.5, 1.0, 3.1, 2.0])
    assert "after 3 episodes" in words(wealth(path, 20.0))
    assert not [word for word in words(wealth(path[:2], 20.0)) if word.startswith("after")]


def test_ladder_refuses_a_mode_it_does_not_have() -> None:
    with pytest.raises(ValueError, match="LOCKED, SHADOW"):
        ladder(["LOCKED", "SHADOW"], "HOLD")


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-3.0, 7.0), (0.0, 24.0), (1000.0, 1010.0), (0.0, 3e-4)]
)
def test_ticks_are_few_even_and_inside(low: float, high: float) -> None:
    ticks = Scale(low, high, 0, 100).ticks(5)
    assert 2 <= len(ticks) <= 6
    assert ticks.min() >= low
    assert ticks.max() <= high
    assert np.diff(ticks) == pytest.approx(np.diff(ticks)[0])


def test_axes_hold_all_known_values() -> None:
    low, high = padded([np.array([1.0, np.nan]), np.array([-4.0])])
    assert low < -4.0
    assert high > 1.0
    assert padded([np.array([np.nan])])[1] > 0
