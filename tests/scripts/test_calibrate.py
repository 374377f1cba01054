"""`ranrein calibrate`: a sample, a fit that can be used, and an exit code for everything that can be wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.config import from_mapping
from ranrein.agents.fit import job as fit_job
from ranrein.agents.fit import noise as fit_noise
from ranrein.agents.fit.config import CalibrateConfig
from ranrein.envs.fit_source import body_digest
from ranrein.envs.scenario_source import scenario_named
from ranrein.scripts import calibrate
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose
from ranrein.twin.fitted import FittedScenario

QUICK = ("scenario=urban", "radio=false")


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Calibrates the noise on few networks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_noise, "NETWORKS", 20)
        yield


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of a network that differs from `urban`, made by the verb."""
    path = tmp_path_factory.mktemp("sample") / "log.jsonl"
    assert calibrate.main(["--make-sample", str(path), "scenario=urban", "sample_seed=1"]) == ExitCode.OK
    return path


@pytest.fixture(scope="module")
def folder(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's fit, without radio offsets, which take longest."""
    out = tmp_path_factory.mktemp("fit")
    code = calibrate.main([f"log={sample}", *QUICK, f"out={out}"])
    assert code in (ExitCode.OK, ExitCode.INCONCLUSIVE)
    return out


def test_defaults_are_those_of_the_dataclass() -> None:
    assert from_mapping(CalibrateConfig, compose("calibrate")) == CalibrateConfig()


def test_a_fit_is_named_by_its_digest_and_used_as_a_scenario(folder: Path) -> None:
    data = json.loads((folder / "fit.json").read_text())
    assert data["digest"] == body_digest(data["body"])
    scenario = scenario_named(f"fit:{folder}")
    assert isinstance(scenario, FittedScenario)
    assert scenario.fit_digest == data["digest"]
    assert scenario.growth_margin == data["body"]["growth_margin"] >= 1.0
    assert compose("evaluate", [f"scenario=fit:{folder}"])["scenario"] == f"fit:{folder}"


def test_the_page_stands_alone_and_shows_every_parameter(folder: Path) -> None:
    page = (folder / "fit.html").read_text()
    assert all(f"carriers.{kind}.watts_per_unit" in page for kind in ("n28", "n78", "n78s"))
    assert "load.scale" in page
    assert "src=" not in page


def test_equal_inputs_give_equal_bytes_and_another_fit_is_not_overwritten(
    sample: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "fit.json").read_bytes()
    calibrate.main([f"log={sample}", *QUICK, f"out={folder}"])
    assert (folder / "fit.json").read_bytes() == before
    assert "use it: scenario=fit:" in capsys.readouterr().out
    data = json.loads(before) | {"digest": "0" * 64}
    (folder / "fit.json").write_text(json.dumps(data))
    assert calibrate.main([f"log={sample}", *QUICK, f"out={folder}"]) == ExitCode.USAGE
    assert "never overwritten" in capsys.readouterr().err
    (folder / "fit.json").write_bytes(before)


def test_a_fit_that_is_no_better_has_an_exit_code_of_its_own(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for better, code in ((True, ExitCode.OK), (False, ExitCode.INCONCLUSIVE)):
        monkeypatch.setattr(calibrate, "is_better", lambda _fit, better=better: better)
        assert calibrate.main([f"log={sample}", *QUICK, f"out={tmp_path}"]) == code


def test_help_shows_an_example_of_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        calibrate.main(["--help"])
    shown = capsys.readouterr().out
    assert all(line.strip() in shown for line in calibrate.EXAMPLE.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "log is missing"),
        (["log=nowhere.jsonl"], "no file"),
        (["scenario=urbn"], "did you mean 'urban'"),
        (["lgo=x"], "did you mean 'log'"),
        (["--make-sample", "SAMPLE"], "never overwritten"),
        (["log=SAMPLE", "scenario=fit:nowhere"], "give the folder that `ranrein calibrate` wrote"),
        (["load_file=nowhere.csv"], "give a readable CSV"),
        (["load_file=x.csv", "log=SAMPLE"], "log and load_file are given; fit one"),
        (["power_file=nowhere.csv", "carrier=n78"], "give a readable CSV"),
        (["log=SAMPLE", "power_group=A"], "power_group='A' is for power_file, not for log; leave it out"),
        (["group_columns=[a]"], "group_columns=('a',) is for power_file"),
        (["load_file=nowhere.csv", "radio=false"], "radio=False is for log, not for load_file"),
        (
            ["power_file=nowhere.csv", "load_unit=mbps"],
            "load_unit='mbps' is for load_file, not for power_file",
        ),
        (["log=SAMPLE", "load_column=dl"], "load_column='dl' is for load_file and power_file, not for log"),
    ],
)
def test_what_is_wrong_in_the_command_is_a_usage_error(
    arguments: list[str], words: str, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate.main([text.replace("SAMPLE", str(sample)) for text in arguments]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ('"granularity_s":300.0', '"granularity_s":900.0', ExitCode.REFUSED, "900 s"),
        ("macro-0-n78", "macro-0-n87", ExitCode.USAGE, "did you mean 'macro-0-n78'"),
    ],
)
def test_a_log_that_cannot_be_used_is_named(
    old: str, new: str, code: ExitCode, words: str, sample: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bad = tmp_path / "bad.jsonl"
    bad.write_text(sample.read_text().replace(old, new))
    assert calibrate.main([f"log={bad}", *QUICK]) == code
    assert f"{bad}" in (text := capsys.readouterr().err)
    assert words in text


def test_power_files_are_fitted_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "power.csv"
    file.write_text("load,power\n" + "".join(f"{x / 10},{40 + 6 * x}\n" for x in range(11)))
    assert calibrate.main([f"power_file={file}", "carrier=n78", f"out={tmp_path / 'fit'}"]) == ExitCode.OK
    assert "0.4 [0.4, 0.4]" in (shown := capsys.readouterr().out)
    assert f"use it: scenario=fit:{tmp_path / 'fit'}" in shown
    assert isinstance(scenario_named(f"fit:{tmp_path / 'fit'}"), FittedScenario)
    file.write_text(
        "load,power,kind\n" + "".join(f"{x % 10 / 10},{40 + x % 10},{x // 10}\n" for x in range(20))
    )
    assert calibrate.main([f"power_file={file}", "carrier=n78", "group_columns=[kind]"]) == ExitCode.OK
    assert "no fit is kept: say with power_group=NAME" in capsys.readouterr().out


def test_load_files_are_fitted_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, rng, start = tmp_path / "days.csv", np.random.default_rng(1), datetime(2024, 5, 6)
    days = ((start + timedelta(hours=n), 5 + 4 * math.sin(n / 24 * 2 * math.pi)) for n in range(120))
    file.write_text("time,dl\n" + "".join(f"{t},{x * math.exp(0.1 * rng.normal())}\n" for t, x in days))
    settings = [f"load_file={file}", "load_column=dl", "scenario=tiny", f"out={tmp_path / 'fit'}"]
    assert calibrate.main(settings) == ExitCode.OK
    shown = capsys.readouterr().out
    assert all(
        words in shown for words in ("load.noise_sigma", "error days ahead: ", "use it: scenario=fit:")
    )
    fitted = scenario_named(f"fit:{tmp_path / 'fit'}")
    assert isinstance(fitted, FittedScenario)
    assert len(fitted.load.profile) == 7
    assert compose("evaluate", [f"scenario=fit:{tmp_path / 'fit'}"])["scenario"].startswith("fit:")


def test_a_gap_is_counted_and_its_line_is_printed(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = sample.read_text().splitlines(keepends=True)
    gappy = tmp_path / "gappy.jsonl"
    gappy.write_text("".join([*lines[:100], *lines[103:]]))
    calibrate.main([f"log={gappy}", *QUICK, f"out={tmp_path / 'fit'}"])
    assert "periods: 3 missing and left out (3 before line 101)" in capsys.readouterr().out
    assert "3 before line 101" in (tmp_path / "fit" / "fit.html").read_text()


def test_show_prints_the_configuration_and_runs_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_job, "read_log", lambda _path: pytest.fail("it ran"))
    assert calibrate.main(["--show", "log=x"]) == ExitCode.OK
    assert "most_gap_s: 3600.0" in capsys.readouterr().out
