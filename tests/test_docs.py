"""What users read is true: commands exist, links lead somewhere, examples run, tables are those of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import gymnasium as gym
import pytest

from ranrein.agents.levels import LEVELS
from ranrein.envs.catalogue import scenario_names
from ranrein.envs.features import table
from ranrein.envs.registry import TASKS, make_task
from ranrein.envs.worlds import network_of
from ranrein.safety.lifecycle import Mode
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose
from ranrein.scripts.verbs import VERBS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
EXECUTED = [
    "README.md",
    "docs/environments.md",
    "docs/scenarios.md",
    "docs/inventory.md",
    "docs/loss_system.md",
    "docs/slices.md",
    "docs/multi_agent.md",
    "docs/variants.md",
    "docs/add_a_control_problem.md",
]
SHIPPED = list(TASKS)
COMMAND = re.compile(r"(?:^    |`)ranrein ([a-z]+)([^`\n]*)", re.MULTILINE)


@cache
def settings_of(verb: str) -> set[str]:
    """Settings of a verb, and the groups it may choose from."""
    return {"env", "agent", "experiment", *compose(verb)}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_names_a_verb_and_settings_that_exist(page: Path) -> None:
    for verb, rest in COMMAND.findall(page.read_text(encoding="utf-8")):
        assert verb in VERBS, f"{page.name}: ranrein {verb}"
        keys = re.findall(r"(?:^|\s)([a-z_]+)=", rest)
        assert not keys or set(keys) <= settings_of(verb), f"{page.name}: ranrein {verb}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_path_into_the_code_exists(page: Path) -> None:
    folders = "twin|envs|agents|safety|network|conf|scripts|tests"
    paths = re.findall(rf"`((?:{folders})/[\w/.]+\.(?:py|yaml))`", page.read_text(encoding="utf-8"))
    assert not [path for path in paths if "NAME" not in path and not (ROOT / path).exists()]


@pytest.fixture
def registries() -> Iterator[None]:
    """Takes back what an example registers."""
    before = {id(registry): set(registry) for registry in (TASKS, gym.registry)}
    yield
    for registry in (TASKS, gym.registry):
        for name in set(registry) - before[id(registry)]:
            del registry[name]


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize("name", EXECUTED)
def test_the_python_examples_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", text_of(name), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, name, "exec", dont_inherit=True), {"__name__": "example"})


@pytest.mark.parametrize("task", SHIPPED)
def test_the_observation_table_is_up_to_date(task: str) -> None:
    made = make_task(task)
    network = network_of(made, None)
    assert f"## {task}\n\n{table(made.features, network)}\n" in text_of("docs/environments.md")


def test_the_readme_lists_every_environment_verb_and_exit_code() -> None:
    readme = text_of("README.md")
    assert all(f"| `{task}` |" in readme for task in SHIPPED)
    assert all(f"`{verb}`" in readme for verb in VERBS)
    assert all(f"\n| {code.value} | " in readme for code in ExitCode)


def test_the_pages_name_every_scenario_mode_and_level_with_its_numbers() -> None:
    assert all(f"| `{name}` |" in text_of("docs/scenarios.md") for name in scenario_names())
    assert all(f"\n| {mode} | " in text_of("docs/operating.md") for mode in Mode)
    for name, level in LEVELS.items():
        row = (
            f"| `{name}` | {100 * level.alpha:g} % | at most {100 * level.violation:g} % "
            f"| at most {100 * level.cost:g} % | at most {100 * level.intervention:g} % "
            f"| at least {100 * level.saving:g} % | {level.most_episodes:,} |"
        )
        assert row in text_of("docs/certificates.md")
