"""`ranrein collect`: a policy bundle in, a dataset out, and what a user is told."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("minari", reason="needs an extra: pip install 'ranrein[offline]'")

import minari

from ranrein.agents.bundle import bundle_digest
from ranrein.scripts import collect, main
from ranrein.scripts.exit_codes import ExitCode


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        collect.main(["--help"])
    assert done.value.code == ExitCode.OK
    assert collect.EXAMPLE in " ".join(capsys.readouterr().out.split())


def test_a_bundle_is_run_and_named_by_its_digest(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = collect.main(
        [f"policy={tiny_run}", "scenario=tiny", "episodes=2", f"root={tmp_path}", "dataset=a-v0"]
    )
    assert code == ExitCode.OK
    assert f"MINARI_DATASETS_PATH={tmp_path}" in capsys.readouterr().out
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    dataset = minari.load_dataset("a-v0")
    assert dataset.storage.metadata["ranrein"]["policy"]["digest"] == bundle_digest(tiny_run / "policy")
    assert not any(episode.actions.any() for episode in dataset)


@pytest.mark.parametrize("given", ["root", "environment"])
def test_a_relative_folder_of_datasets_is_taken_from_where_the_verb_runs(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINARI_DATASETS_PATH", raising=False)
    if given == "environment":
        monkeypatch.setenv("MINARI_DATASETS_PATH", "data/minari")
    where = ["root=data/minari"] if given == "root" else []
    few = ["policy=random", "scenario=tiny", "episodes=2", "dataset=ranrein/m1-v0"]
    assert collect.main([*few, *where]) == ExitCode.OK
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "data" / "minari"))
    assert minari.load_dataset("ranrein/m1-v0").total_episodes == 2


def test_a_name_that_minari_does_not_take_is_refused_with_the_whole_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["policy=random", "scenario=tiny", "episodes=1", f"root={tmp_path}"]
    assert collect.main([*few, "dataset=a/b-v0"]) == ExitCode.USAGE
    assert "a NAMESPACE of two characters or more" in capsys.readouterr().err


def test_mistakes_are_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, hint in (
        ("policy=gredy", "'greedy'"),
        ("polcy=greedy", "'policy'"),
        ("scenario=urbn", "'urban'"),
    ):
        assert collect.main([wrong, f"root={tmp_path}", "episodes=1"]) == ExitCode.USAGE
        assert f"did you mean {hint}" in capsys.readouterr().err


def test_a_missing_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'minari'", name="minari")

    monkeypatch.setattr(main.importlib, "import_module", missing)
    assert main.main(["collect"]) == ExitCode.ERROR
    assert "pip install 'ranrein[offline]'" in capsys.readouterr().err
