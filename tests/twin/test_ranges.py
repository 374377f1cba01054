"""Every number of a scenario has a range, and whatever lies outside is refused by the name of its field."""

from __future__ import annotations

import re
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.backhaul import Backhaul
from ranrein.twin.ranges import Range
from ranrein.twin.scenario import Scenario
from ranrein.twin.scenario_checks import MOST_GAINS, MOST_PIXELS
from ranrein.twin.scenario_ranges import RANGES
from ranrein.twin.slicing import MOST_USERS, SliceType
from ranrein.twin.ssb import PERIODS_MS

from .walk import Path as Place
from .walk import at, numbers, numbers_by_type, parts_of, put, with_every_part

NONE, MOST = float("nan"), 1e300
ELSEWHERE = {  # refused by a rule of their own, tested below with all others
    ("Carrier", "bandwidth_mhz"): "one of TS 38.101-1",
    ("Carrier", "scs_khz"): "one of TS 38.101-1",
    ("Carrier", "reference_set"): "one of TR 38.864",
    ("Carrier", "power_category"): "one of TR 38.864",
    ("Carrier", "idle_share"): "below 1, and not below that of the power model",
    ("Sector", "calibration_db"): "40 dB both ways",
    ("Sleep", "ssb_period_ms"): "one of TS 38.331",
    ("Sleep", "ssb_periods_ms"): "some of TS 38.331",
    ("MeanTimes", "failure_k"): "0.2 to 20",
    ("MeanTimes", "repair_k"): "0.2 to 20",
    ("Failures", "detection_s"): "ascending",
}


@pytest.fixture(scope="module")
def whole(everything: Scenario) -> Scenario:
    macro, plaza = everything.sites
    sectors = (replace(macro.sectors[0], calibration_db=(1.0, -1.0)), *macro.sectors[1:])
    plaza = replace(plaza, backhaul=Backhaul("microwave", 20.0, hops=2))
    rows = tuple((1.0, 2.0) for _ in range(2))
    return with_every_part(
        replace(
            everything,
            sites=(replace(macro, sectors=sectors), plaza),
            load=replace(everything.load, profile=rows),
        )
    )


def _classes(part: object, known: dict[str, Any]) -> dict[str, Any]:
    known[type(part).__name__] = type(part)
    for path, _, _ in numbers(part):
        for depth in range(1, len(path)):
            inner = at(part, path[:depth])
            if is_dataclass(inner):
                known[type(inner).__name__] = type(inner)
    return known


def test_the_walk_meets_every_number_that_the_types_allow(whole: Scenario) -> None:
    classes = _classes(whole, {})
    assert parts_of(Scenario) == set(classes)
    met = {(kind, field) for _, kind, field in numbers(whole)}
    assert met == {(name, field) for name, kind in classes.items() for field in numbers_by_type(kind)}


def test_every_number_has_a_range_or_a_rule_of_its_own(whole: Scenario) -> None:
    met = {(kind, field) for _, kind, field in numbers(whole)}
    listed = {(kind, field) for kind, limits in RANGES.items() for field in limits}
    assert met == listed | set(ELSEWHERE)
    assert not listed & set(ELSEWHERE)


def test_what_is_no_finite_number_or_absurd_is_refused_by_name(whole: Scenario) -> None:
    for path, _, field in numbers(whole):
        for value in (NONE, float("inf"), -float("inf"), -MOST, MOST):
            with pytest.raises(ValueError, match=field):
                put(whole, path, value)


def _just_outside(limit: Range) -> list[float]:
    step = 1 if limit.whole else 1e-6 * max(1.0, abs(limit.low))
    above = limit.high if limit.below else limit.high * (1 + 1e-9) + step
    below = limit.low if limit.above else limit.low - step
    return [value for value in (below, above) if not (limit.zero and value == 0)]


def test_what_lies_just_outside_is_refused_with_what_is_taken(whole: Scenario) -> None:
    for path, kind, field in numbers(whole):
        if (kind, field) in ELSEWHERE:
            continue
        limit = RANGES[kind][field]
        values = _just_outside(limit) + ([limit.low + 0.5] if limit.whole else [])
        for value in values:
            with pytest.raises(ValueError, match=rf"{field}.*out of range") as refused:
                put(whole, path, value)
            assert f"{value:g}" in str(refused.value) or repr(value) in str(refused.value), path


def test_what_is_there_stays_when_it_is_put_there_again(whole: Scenario) -> None:
    for path, _, _ in numbers(whole):
        assert put(whole, path, at(whole, path)) == whole, path


def _refusal(path: Place, value: object, scenario: Scenario) -> str:
    with pytest.raises(ValueError, match="out of range") as refused:
        put(scenario, path, value)
    return str(refused.value)


def test_the_message_names_field_value_range_and_what_to_know(whole: Scenario) -> None:
    told = _refusal(("users", "indoor_share"), 60.0, whole)
    assert told == (
        "users.indoor_share=60.0 is out of range: "
        "give a finite number of at least 0 and at most 1 (a share, not percent)"
    )
    told = _refusal(("surge", "venues", 0, 1), NONE, whole)
    assert told.startswith(
        "surge.venues[0][1]=nan is out of range: give a finite number of at least -200000 and at most"
    )
    told = _refusal(("sites", 0, "height_m"), 1.0, whole)
    assert told.startswith(
        "site 'macro': height_m=1.0 is out of range: give a finite number of at least 1.5 and at most 150"
    )
    told = _refusal(("users", "crowd"), 24.0, whole)
    assert told.startswith("users.crowd=24.0 is out of range: give a whole number of at least 0")
    told = _refusal(("core", "upf_mbps"), 1e-9, whole)
    assert "give 0 or a finite number of at least 0.001 and at most 1e+07 (0 is no limit)" in told


def test_a_flag_is_no_number() -> None:
    assert not Range(0, 1).holds(True)
    assert Range(0, 1, whole=True).holds(1)


TOGETHER = {
    "a carrier that no band has": (
        ("carriers", "n78", "bandwidth_mhz"),
        1,
        r"carrier.bandwidth_mhz=1.*\[5, 10",
    ),
    "a spacing that is none": (("carriers", "n78", "scs_khz"), 60, "use 15, 30 or 120 kHz"),
    "an SSB period that is none": (
        ("sleep", "ssb_period_ms"),
        0.5,
        r"sleep.ssb_period_ms = 0.5.*\(5, 10, 20",
    ),
    "crowds that shrink": (("surge", "peak_mbps"), (2.0, 1.0), r"surge.peak_mbps=\(2.0, 1.0\) is not asc"),
    "ramps the wrong way round": (("surge", "ramp_s"), (2.0, 1.0), "surge.ramp_s.*give the least first"),
    "too many pixels": (("pixel_m",), 0.1, "pixel_m=0.1 makes 5,600 x 5,600 pixels.*at least 0.28, or"),
    "no law": (
        ("sites", 0, "propagation"),
        "UMo",
        "site 'macro': propagation: unknown.*\"UMo\": did you mean",
    ),
    "a hall at level B": (
        ("fidelity",),
        "B",
        "site 'macro', propagation='InF-SL', fidelity=\"B\": level B covers",
    ),
    "a user over the clutter": (
        ("users", "height_m"),
        3.0,
        "site 'macro', propagation='InF-SH'.*users.height_m=3.0",
    ),
    "no room for SSB": (
        ("carriers", "n28", "dl_share"),
        0.01,
        "carriers.n28: bandwidth_mhz=5, dl_share=0.01: SSB",
    ),
    "a silent day": (("load", "profile"), ((0.0, 0.0),), "load.profile is zero everywhere"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_numbers_that_do_not_fit_together_are_refused_when_they_meet(case: str) -> None:
    path, value, told = TOGETHER[case]
    scenario = load_scenario("urban")
    if case == "no room for SSB":
        scenario = put(put(scenario, ("carriers", "n28", "bandwidth_mhz"), 5), ("sleep", "ssb_period_ms"), 10)
    hall = {"a hall at level B": "InF-SL", "a user over the clutter": "InF-SH"}.get(case)
    scenario = put(scenario, ("sites", 0, "propagation"), hall) if hall else scenario
    with pytest.raises(ValueError, match=told):
        put(scenario, path, value)


def test_a_map_may_have_so_many_pixels_and_gains_and_no_more() -> None:
    tiny = load_scenario("tiny")
    side = round(MOST_PIXELS**0.5)
    replace(tiny, width_m=float(side), pixel_m=1.0)
    with pytest.raises(ValueError, match=r"pixel_m=1\.0 makes 2,001 x 2,001 pixels"):
        replace(tiny, width_m=float(side + 1), pixel_m=1.0)
    masts = tuple(replace(tiny.sites[0], name=f"{k}") for k in range(MOST_GAINS // MOST_PIXELS // 2 + 1))
    with pytest.raises(ValueError, match="there are 52 patterns of cells"):
        replace(tiny, width_m=float(side), pixel_m=1.0, sites=masts)


def test_a_slice_type_lacks_what_is_not_given_and_refuses_a_budget_that_is_none() -> None:
    with pytest.raises(ValueError, match="lacks packet_kbit"):
        SliceType("video", 1, 6, 8.0, 60.0)


def test_every_ssb_period_there_is_may_be_planned() -> None:
    for period_ms in PERIODS_MS:
        put(load_scenario("urban"), ("sleep", "ssb_period_ms"), period_ms)


def test_every_range_stands_in_the_manual() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ranges.md").read_text(encoding="utf-8")
    for kind, limits in RANGES.items():
        for field, limit in limits.items():
            row = rf"^\| `[\w.\[\]]*\b{field}` \| {re.escape(str(limit))} \|$"
            assert re.search(row, page, re.MULTILINE), f"{kind}: | `{field}` | {limit} |"
    assert f"{MOST_PIXELS:,} pixels" in page
    assert f"{MOST_GAINS:,} gains" in page
    assert f"{MOST_USERS:,} users of slices" in page
