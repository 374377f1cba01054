"""`scenario=fit:PATH`: what was written is what runs, and a fit that was changed is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.fit_source import FILE, SCHEMA, FitFileError, body_digest
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.canonical import digest_of
from ranrein.twin.fitted import FittedScenario, growth_margin
from ranrein.twin.scenario import Scenario


def write(folder: Path, **changes: Any) -> str:
    """Write a fit whose scenario is `tiny`; return its name."""
    scenario = json.loads(json.dumps(asdict(load_scenario("tiny"))))
    body = {"scenario": scenario, "growth_margin": 1.25} | changes
    text = json.dumps({"schema": SCHEMA, "digest": body_digest(body), "body": body})
    (folder / FILE).write_text(text, encoding="utf-8")
    return f"fit:{folder}"


def test_a_fit_is_read_as_the_scenario_it_holds(tmp_path: Path) -> None:
    found, tiny = scenario_named(write(tmp_path)), load_scenario("tiny")
    assert isinstance(found, FittedScenario)
    assert all(getattr(found, field.name) == getattr(tiny, field.name) for field in fields(Scenario))
    assert (growth_margin(found), growth_margin(tiny)) == (1.25, 1.0)
    assert scenario_named(f"fit:{tmp_path / FILE}") == found


def test_the_digest_is_that_of_the_canonical_json(tmp_path: Path) -> None:
    data = json.loads((tmp_path / FILE).read_text()) if write(tmp_path) else {}
    assert data["digest"] == digest_of(data["body"])
    found = scenario_named(f"fit:{tmp_path}")
    assert isinstance(found, FittedScenario)
    assert found.fit_digest == data["digest"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"growth_margin": 1.25', '"growth_margin": 1.05', "it was changed"),
        (SCHEMA, "ranrein.fit/9", "this version reads 'ranrein.fit/1'"),
        ("{", "", "give the folder that `ranrein calibrate` wrote"),
    ],
)
def test_a_fit_that_was_changed_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    name = write(tmp_path)
    file = tmp_path / FILE
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(FitFileError, match=words):
        scenario_named(name)


def test_a_folder_without_a_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(FitFileError, match="give the folder"):
        scenario_named(f"fit:{tmp_path}")


@pytest.mark.parametrize("changes", [{"growth_margin": 0.5}, {"scenario": {"name": "x"}}])
def test_a_fit_that_makes_no_scenario_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(FitFileError, match="calibrate again"):
        scenario_named(write(tmp_path, **changes))
