"""The command `ranrein`: what it lists, what it says to a wrong verb, what it hands to the right one."""

from __future__ import annotations

import errno
import importlib
from importlib.metadata import version
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from ranrein.scripts import main as command
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.verbs import VERBS


def test_help_lists_every_verb_and_a_working_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == ExitCode.OK
    text = capsys.readouterr().out
    assert all(f"  {verb} " in text for verb in VERBS)
    assert command.EXAMPLE in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_listed_verb_has_a_module(verb: str) -> None:
    assert find_spec(f"ranrein.scripts.{verb}") is not None, f"scripts/{verb}.py is missing"


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == ExitCode.OK
    assert "usage: ranrein VERB" in capsys.readouterr().out


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out.strip() == f"ranrein {version('ranrein')}"


@pytest.mark.parametrize(
    ("verb", "hint"), [("trian", "did you mean 'train'?"), ("xyzzy", "see `ranrein --help`")]
)
def test_unknown_verb_names_the_nearest(verb: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([verb]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.err.strip() == f"ranrein: unknown verb {verb!r}; {hint}"
    assert captured.out == ""


def test_verb_gets_its_arguments_and_its_code_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, list[str]]] = []

    def load(name: str) -> SimpleNamespace:
        return SimpleNamespace(main=lambda rest: loaded.append((name, rest)) or ExitCode.REFUSED)

    monkeypatch.setattr(importlib, "import_module", load)
    assert command.main(["certify", "level=ci"]) == ExitCode.REFUSED
    assert loaded == [("ranrein.scripts.certify", ["level=ci"])]


def test_missing_library_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_name: str) -> SimpleNamespace:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert command.main(["train"]) == ExitCode.ERROR
    message = capsys.readouterr().err
    assert "No module named 'torch'" in message
    assert "pip install 'ranrein[train]'" in message


def test_a_full_disk_is_said_with_the_place_and_the_repair(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_name: str) -> SimpleNamespace:
        raise OSError(errno.ENOSPC, "No space left on device", "runs/x/progress.csv")

    monkeypatch.setattr(importlib, "import_module", full)
    assert command.main(["train"]) == ExitCode.ERROR
    message = capsys.readouterr().err
    assert "ranrein train: runs/x/progress.csv: No space left on device" in message
    assert "make room and run it again" in message


def test_another_failure_of_a_file_is_not_taken_for_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> SimpleNamespace:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(OSError, match="Input/output"):
        command.main(["train"])


def test_keyboard_interrupt_has_its_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_name: str) -> SimpleNamespace:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib, "import_module", interrupt)
    assert command.main(["operate"]) == ExitCode.INTERRUPTED


def test_exit_codes_are_distinct() -> None:
    assert len({code.value for code in ExitCode}) == len(ExitCode.__members__)
