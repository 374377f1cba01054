"""Where a verb cannot write it says so in one line before it runs, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ranrein.agents.config import ConfigError
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.main import main
from ranrein.scripts.outputs import require_file, require_folder

SMALL = ["scenario=tiny"]
VERBS = {
    "evaluate": ("out", [*SMALL, "episodes=1", "baselines=always_on", "bound=false", "plots=false"]),
    "calibrate": ("out", [*SMALL, "load_file=load.csv"]),
    "shadow": ("out", ["policy=baseline:greedy", "log=load.csv"]),
    "nationwide": ("out", ["clusters=1", "periods=1"]),
    "train": ("run_dir", [*SMALL, "steps=64", "agent.n_envs=1", "agent.batch_size=64"]),
    "collect": ("root", [*SMALL, "policy=random", "episodes=1", "dataset=a-v0"]),
    "certify": ("state", SMALL),
    "operate": ("state", SMALL),
    "demo": ("out", []),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Works in a folder that has a load file, and a file in place of a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "load.csv").write_text("hour,load\n" + "".join(f"{h},{1 + h % 3}\n" for h in range(24)))
    (tmp_path / "file").write_text("mine")
    return tmp_path


@pytest.mark.parametrize("below", ["", "/new/place"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_file_where_a_folder_should_be_is_told_before_the_verb_runs(
    verb: str, below: str, here: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if verb in ("train", "collect"):
        pytest.importorskip({"train": "torch", "collect": "minari"}[verb], reason="needs an extra")
    key, settings = VERBS[verb]
    policy = [f"policy={tiny_run}"] if verb in ("certify", "operate") else []
    assert main([verb, *settings, *policy, f"{key}=file{below}"]) == ExitCode.USAGE
    (told,) = capsys.readouterr().err.splitlines()
    why = "cannot be made: " + str(here / "file") + " is no folder" if below else "is no folder"
    assert told == f"ranrein {verb}: {key}='file{below}' {why}; give another {key}=FOLDER"
    assert {path.name for path in here.iterdir()} == {"file", "load.csv"}
    assert (here / "file").read_text() == "mine"


@pytest.mark.parametrize("verb", ["bench", "certify"])
def test_a_folder_where_a_file_should_be_is_told_too(
    verb: str, here: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "folder").mkdir()
    assert main([verb, *SMALL, f"policy={tiny_run}", "out=folder"]) == ExitCode.USAGE
    assert f"ranrein {verb}: out='folder' is a folder; give out=FILE" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["calibrate", "shadow"])
def test_a_sample_has_a_place_before_it_is_made(
    verb: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--make-sample", "file/sample.jsonl", "sample_days=0.02"]) == ExitCode.USAGE
    assert "give another --make-sample=FILE" in capsys.readouterr().err


def test_a_folder_of_minari_that_is_a_file_is_named_by_its_variable(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("minari", reason="needs an extra: pip install 'ranrein[offline]'")
    monkeypatch.setenv("MINARI_DATASETS_PATH", "file")
    assert main(["collect", *SMALL, "policy=random", "episodes=1"]) == ExitCode.USAGE
    assert "MINARI_DATASETS_PATH='file' is no folder" in capsys.readouterr().err


def test_a_policy_that_is_a_file_is_told_as_such(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *SMALL, "policy=file"]) == ExitCode.USAGE
    assert "'file' is neither a policy bundle nor a run" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a place of Linux where nobody makes folders")
def test_a_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"out='/proc/zz' cannot be written \(.+\); give another out=FOLDER"
    ):
        require_folder("out", "/proc/zz")
    with pytest.raises(ConfigError, match=r"out='/proc/zz' cannot be written \(.+\); give another out=FILE"):
        require_file("out", "/proc/zz")


def test_a_name_that_cannot_be_is_refused(here: Path) -> None:
    with pytest.raises(ConfigError, match="name too long"):
        require_folder("out", "x" * 300)
    os.symlink("nowhere", "dangling")
    with pytest.raises(ConfigError, match="out='dangling' is no folder"):
        require_folder("out", "dangling")


def test_what_can_be_written_leaves_no_trace(here: Path) -> None:
    require_folder("out", "new/place")
    require_file("out", "new/place/file.json")
    require_folder("out", here)
    assert {path.name for path in here.iterdir()} == {"file", "load.csv"}
