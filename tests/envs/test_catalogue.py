"""Scenarios by name and from plain data: what is wrong is named, with its place."""

from __future__ import annotations

import copy
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from ranrein.envs.catalogue import (
    UnknownNameError,
    load_scenario,
    read_scenario,
    scenario_from,
    scenario_names,
)
from ranrein.envs.randomise import Drifting, Randomised
from ranrein.envs.scenario_file import ScenarioFileError
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.params import Params


@pytest.fixture
def data() -> dict[str, Any]:
    """The smallest scenario as plain data."""
    text = (resources.files("ranrein.conf") / "scenario" / "tiny.yaml").read_text(encoding="utf-8")
    return copy.deepcopy(yaml.safe_load(text))


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_loads_and_is_called_like_its_file(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert Params.of(scenario).n_cells > 0


def test_the_documented_scenarios_are_shipped() -> None:
    assert {"tiny", "urban"} <= set(scenario_names())


def test_an_unknown_scenario_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown scenario 'urbn'; did you mean 'urban'\?.*tiny"):
        load_scenario("urbn")


def test_a_scenario_is_not_read_from_elsewhere() -> None:
    with pytest.raises(UnknownNameError):
        load_scenario("../scenario/urban")


def test_plain_data_gives_the_shipped_scenario(data: dict[str, Any]) -> None:
    assert scenario_from(data) == load_scenario("tiny")


def test_an_unknown_key_is_named_with_its_place_and_the_nearest(data: dict[str, Any]) -> None:
    data["load"]["noise_sigm"] = 0.1
    with pytest.raises(ValueError, match=r"scenario\.load 'noise_sigm'; did you mean 'noise_sigma'"):
        scenario_from(data)


def test_an_unknown_key_in_a_list_is_named_with_its_place(data: dict[str, Any]) -> None:
    data["sites"][0]["sectors"][0]["azimut_deg"] = 1.0
    with pytest.raises(ValueError, match=r"scenario\.sites\[0\]\.sectors\[0\] 'azimut_deg'"):
        scenario_from(data)


def test_missing_keys_are_named(data: dict[str, Any]) -> None:
    del data["sla"]["max_below_frac"], data["sla"]["guaranteed_mbps"]
    with pytest.raises(ValueError, match=r"scenario\.sla lacks guaranteed_mbps, max_below_frac"):
        scenario_from(data)


def test_keys_with_a_default_may_be_left_out(data: dict[str, Any]) -> None:
    del data["handover"]["offset_db"]
    assert scenario_from(data).handover.offset_db == 2.0


@pytest.mark.parametrize(
    ("part", "key", "value", "message"),
    [
        ("load", "full_load_mbps", "much", r"scenario\.load\.full_load_mbps = 'much' is not a float"),
        ("load", "full_load_mbps", True, r"scenario\.load\.full_load_mbps = True is not a float"),
        ("load", "full_load_mbps", None, r"scenario\.load\.full_load_mbps = None is not a float"),
        ("users", "resident", 8.0, r"scenario\.users\.resident = 8\.0 is not a int"),
        ("users", "resident", True, r"scenario\.users\.resident = True is not a int"),
        ("surge", "hours", 3.0, r"scenario\.surge\.hours = 3\.0 is not a list"),
        ("surge", "hours", [1.0, 2.0, 3.0], r"scenario\.surge\.hours has 3 values, needs 2"),
        ("surge", "venues", [[1.0]], r"scenario\.surge\.venues\[0\] has 1 values, needs 2"),
        ("sleep", "wake_delay_s", [0, 0, 0, 60, "long"], r"scenario\.sleep\.wake_delay_s\[4\] = 'long'"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_place(
    data: dict[str, Any], part: str, key: str, value: object, message: str
) -> None:
    data[part][key] = value
    with pytest.raises(ValueError, match=message):
        scenario_from(data)


def test_a_section_that_is_no_mapping_is_named(data: dict[str, Any]) -> None:
    data["sla"] = [1, 2]
    with pytest.raises(ValueError, match=r"scenario\.sla = \[1, 2\] is not a mapping"):
        scenario_from(data)


def test_a_value_out_of_range_is_named_with_its_place(data: dict[str, Any]) -> None:
    data["carriers"]["n78"]["dl_share"] = 2.0
    with pytest.raises(ValueError, match=r"scenario\.carriers\.n78: carrier\.dl_share=2\.0"):
        scenario_from(data)


def test_whole_numbers_are_welcome_where_decimals_are_meant(data: dict[str, Any]) -> None:
    data["width_m"] = 400
    assert scenario_from(data).width_m == 400.0
    assert isinstance(scenario_from(data).width_m, float)


LAWS = {"randomised": {"scale": [0.5, 1.5], "shift_h": [-3, 3], "levels": 3}, "drifting": {"levels": 2}}


def written(folder: Path, data: dict[str, Any]) -> Path:
    """A scenario file."""
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return file


def test_a_file_asks_for_laws_over_its_days_and_is_a_scenario_by_its_path(
    data: dict[str, Any], tmp_path: Path
) -> None:
    file, tiny = written(tmp_path, data | LAWS), load_scenario("tiny")
    many = Randomised(scale=(0.5, 1.5), shift_h=(-3.0, 3.0), levels=3)(tiny)
    assert read_scenario(file) == scenario_named(f"file:{file}") == Drifting(levels=2)(many)
    assert scenario_named(f"file:{file}+telemetry").name == "tiny+telemetry"


def test_a_law_without_settings_is_the_harder_variant(data: dict[str, Any]) -> None:
    assert scenario_from(data | {"randomised": {}}).load == scenario_named("tiny+randomised").load
    assert scenario_from(data | {"drifting": {}}).load == scenario_named("tiny+drift").load


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("randomised", {"scal": [0.5, 1.5]}, r"scenario\.randomised 'scal'; did you mean 'scale'"),
        ("randomized", {}, r"of scenario 'randomized'; did you mean 'randomised'"),
        ("randomised", {"scale": [1.2, 0.8]}, r"scenario\.randomised: scale=\(1\.2, 0\.8\): give the least first"),
        ("randomised", {"scale": [0.0, 1.0]}, r"scenario\.randomised: scale=\(0\.0, 1\.0\) must be positive"),
        ("randomised", {"shift_h": [-25, 2]}, r"scenario\.randomised: shift_h=\(-25\.0, 2\.0\) must be within a day"),
        ("randomised", {"levels": 1}, r"scenario\.randomised: levels=1: give at least 2 and at most 64"),
        ("drifting", {"levels": 2.5}, r"scenario\.drifting\.levels = 2\.5 is not a int"),
        ("drifting", {"span": [0.7, float("inf")]}, r"scenario\.drifting: span=\(0\.7, inf\): inf is no finite number"),
        ("randomised", {"scale": [float("nan"), 2.0]}, r"scenario\.randomised: scale=\(nan, 2\.0\): nan is no finite"),
        ("randomised", {"scale": [1.0, 1e9]}, r"scenario\.randomised: scale=\(1\.0, 10+\.0\) goes too far .*load\."),
        ("drifting", {"span": [1.0, 1e9]}, r"scenario\.drifting: span=\(1\.0, 10+\.0\) goes too far .*load\."),
        ("drifting", 3, r"scenario\.drifting = 3 is not a mapping"),
    ],
)  # fmt: skip
def test_a_law_that_makes_no_sense_is_named_with_its_file(
    data: dict[str, Any], tmp_path: Path, section: str, value: object, message: str
) -> None:
    file = written(tmp_path, data | {section: value})
    with pytest.raises(ScenarioFileError, match=rf"mine\.yaml: .*{message}"):
        read_scenario(file)


def test_laws_that_make_too_many_days_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"scenario\.drifting: levels=64 makes 262,144 days; take fewer"):
        scenario_from(data | {"randomised": {"levels": 8}, "drifting": {"levels": 64}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory; give a YAML file like those in conf/scenario"),
        ("name: [", ""),
        ("", ""),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioFileError, match=rf"mine\.yaml: {message}"):
        read_scenario(file)
