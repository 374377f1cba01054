"""A policy of a problem without a shield: the verbs that need one say so before anything is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.agents import certify_job, operate_job
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.main import main


@pytest.mark.parametrize("verb", ["certify", "operate"])
def test_only_policies_of_energy_saving_are_certified_and_operated(
    verb: str, other_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for job in (certify_job, operate_job):
        monkeypatch.setattr(job, "calibrated_shield", lambda *_: pytest.fail("it ran"))
    state = tmp_path / "loop"
    assert main([verb, f"policy={other_run}", "scenario=urban", f"state={state}"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    problem = f"ranrein/{other_run.name.rstrip('0123456789')}-v0"
    assert f"was trained for {problem}; only policies of ranrein/EnergySaving-v0 can be" in told
    assert not state.exists()


def test_only_policies_of_energy_saving_are_timed(
    other_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    assert main(["bench", "scenario=tiny", f"policy={other_run}", f"out={out}"]) == ExitCode.USAGE
    assert "only policies of ranrein/EnergySaving-v0 can be timed" in capsys.readouterr().err
