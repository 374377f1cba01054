"""What a user installs: one top-level name, every folder in it, types and configuration shipped."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_INSTALLED = {"tests", "docs", "benchmarks"}
NOT_SOURCE = ("runs", "outputs", "build", "dist", "*.egg-info", "__pycache__", ".*")
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
MAPPING: dict[str, str] = SETUPTOOLS["package-dir"]


def folders_with_python() -> set[str]:
    """Every folder of the repository that holds Python files, relative to its root."""
    tops = [top for top in ROOT.iterdir() if top.is_dir() and not any(map(top.match, NOT_SOURCE))]
    files = (path for top in tops if top.name not in NOT_INSTALLED for path in top.rglob("*.py"))
    return {path.parent.relative_to(ROOT).as_posix() for path in files}


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built from a clean copy of the sources."""
    if find_spec("build") is None or find_spec("setuptools") is None:
        pytest.skip("building a wheel needs the packages `build` and `setuptools`: make dev")
    source, out = tmp_path_factory.mktemp("source") / "tree", tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def installed(wheel_files: list[str]) -> set[str]:
    return {name for name in wheel_files if ".dist-info/" not in name}


def test_every_folder_with_python_files_is_mapped_under_its_own_name() -> None:
    expected = {"ranrein." + folder.replace("/", "."): folder for folder in folders_with_python()}
    assert expected == MAPPING


def test_every_mapped_folder_is_a_listed_package() -> None:
    assert set(SETUPTOOLS["packages"]) == set(MAPPING)
    assert all((ROOT / folder / "__init__.py").is_file() for folder in MAPPING.values())


def test_wheel_has_exactly_one_top_level_name(wheel_files: list[str]) -> None:
    assert {name.split("/")[0] for name in installed(wheel_files)} == {"ranrein"}


def test_wheel_is_a_namespace_without_code_of_its_own(wheel_files: list[str]) -> None:
    assert "ranrein/__init__.py" not in wheel_files


def test_wheel_ships_every_source_and_configuration_file(wheel_files: list[str]) -> None:
    folders = {folder.split("/")[0] for folder in MAPPING.values()}
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yaml")
    ]
    shipped = {f"ranrein/{path.relative_to(ROOT).as_posix()}" for path in files}
    assert shipped - installed(wheel_files) == set()


def test_wheel_says_that_every_package_is_typed(wheel_files: list[str]) -> None:
    markers = {name for name in wheel_files if name.endswith("/py.typed")}
    assert markers == {f"ranrein/{folder}/py.typed" for folder in MAPPING.values()}


def test_wheel_carries_the_licence_and_the_command(wheel_files: list[str]) -> None:
    metadata = {name.split(".dist-info/")[1] for name in wheel_files if ".dist-info/" in name}
    assert {"licenses/LICENSE", "entry_points.txt"} <= metadata
