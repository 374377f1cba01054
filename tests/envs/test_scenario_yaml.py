"""YAML of a scenario: what would be taken for something else is refused with its line."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
import yaml

from ranrein.envs.catalogue import read_scenario
from ranrein.envs.scenario_file import ScenarioFileError
from ranrein.envs.scenario_yaml import read_yaml

TINY = (resources.files("ranrein.conf") / "scenario" / "tiny.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: 'a' stands there twice, first on line 1; keep one of them"),
        ("a:\n  - {b: 1, c: 2}\n  - b: 1\n    b: 2\n", "line 4: 'b' stands there twice, first on line 3"),
        ("users:\n  resident: 072\n", "line 2: resident = 072 is octal to YAML, 58; write 72, or 58"),
        ("a: [", "expected the node content"),
        ("a: \x07", "special characters are not allowed"),
        ("a: 2024-13-01", "month must be in 1"),
        ("hours: [1, -010]\n", "line 1: hours = -010 is octal to YAML, -8; write -10, or -8"),
    ],
)
def test_what_yaml_would_take_for_something_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_yaml(text)


def test_a_number_with_an_exponent_is_one() -> None:
    text = "[1e9, 1e+04, -2.5E-3, 1.0e+4, .5e1, '1e9', e9, 1e, 0, 0.5, 0x1F]"
    assert read_yaml(text) == [1e9, 1e4, -2.5e-3, 1e4, 5.0, "1e9", "e9", "1e", 0, 0.5, 31]


def test_anchors_and_merged_keys_are_as_ever() -> None:
    text = "base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\nagain: *base\n"
    assert read_yaml(text) == yaml.safe_load(text)


def test_a_scenario_file_is_read_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(TINY + "users: {resident: 3}\n", encoding="utf-8")
    with pytest.raises(ScenarioFileError, match=r"mine\.yaml: line \d+: 'users' stands there twice"):
        read_scenario(file)
    width = next(line for line in TINY.splitlines() if line.startswith("width_m:"))
    file.write_text(TINY.replace(width, "width_m: 4e2"), encoding="utf-8")
    assert read_scenario(file).width_m == 400.0
