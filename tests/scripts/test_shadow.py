"""`ranrein shadow`: a sample, a run, and an exit code for everything that can be wrong."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from ranrein.agents.config import from_mapping
from ranrein.agents.shadow import job as shadow_job
from ranrein.agents.shadow.config import ShadowConfig
from ranrein.safety.shield import Shield
from ranrein.scripts import shadow
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose

POLICY = "policy=baseline:load_threshold"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour of telemetry, made by the verb."""
    path = tmp_path_factory.mktemp("sample") / "log.jsonl"
    assert shadow.main(["--make-sample", str(path), "sample_days=0.0208333"]) == ExitCode.OK
    return path


@pytest.fixture(autouse=True)
def quick_shield(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the calibration, which takes seconds."""
    monkeypatch.setattr(shadow_job, "calibrated_shield", lambda params, _report: Shield.of(params))


def test_defaults_are_those_of_the_dataclass() -> None:
    assert from_mapping(ShadowConfig, compose("shadow")) == ShadowConfig()


def test_a_run_writes_the_report_and_names_it(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shadow.main([POLICY, f"log={sample}", "scenario=urban", f"out={tmp_path}"]) == ExitCode.OK
    assert {path.name for path in tmp_path.iterdir()} == {"shadow.json", "shadow.md", "shadow.html"}
    text = capsys.readouterr().out
    assert "agreement with the record: 100.0 %" in text
    assert str(tmp_path / "shadow.html") in text


def test_the_report_names_the_digests_of_what_was_run(sample: Path, tmp_path: Path) -> None:
    shadow.main([POLICY, f"log={sample}", f"out={tmp_path}"])
    digests = json.loads((tmp_path / "shadow.json").read_text())["subject"]["digests"]
    assert {"policy", "shield", "twin", "scenario", "log"} <= set(digests)


def test_help_shows_a_working_example(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match="0"):
        shadow.main(["--help"])
    shown = [line.split("ranrein shadow ")[1] for line in shadow.EXAMPLE.splitlines()]
    assert all(line in capsys.readouterr().out for line in shown[:1])
    monkeypatch.chdir(tmp_path)
    for line in shown:
        short = ["sample_days=0.02"] if "--make-sample" in line else []
        assert shadow.main([*shlex.split(line), *short]) == ExitCode.OK


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([POLICY], "log is missing"),
        ([POLICY, "log=nowhere.jsonl"], "no file"),
        (["log=SAMPLE"], "policy is missing"),
        (["log=SAMPLE", "policy=nowhere"], "neither a policy bundle nor a run"),
        (["log=SAMPLE", "policy=RUN", "out=RUN/policy/shadow"], "lies in the bundle"),
        (["log=SAMPLE", "policy=baseline:forecast"], "did you mean 'forecast_rule'"),
        (["scenario=urbn"], "did you mean 'urban'"),
        (["polcy=x"], "did you mean 'policy'"),
        (["--make-sample", "SAMPLE"], "never overwritten"),
        (["log=SAMPLE", POLICY, "load_file=nowhere.csv"], "give a readable CSV"),
        (["log=SAMPLE", POLICY, "load_column=dl"], "needs load_file=PATH"),
        (["--make-sample", "new.jsonl", "sample_days=0.0001"], "shorter than a control period"),
    ],
)
def test_what_is_wrong_in_the_command_is_a_usage_error(
    arguments: list[str],
    words: str,
    sample: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [text.replace("SAMPLE", str(sample)).replace("RUN", str(tiny_run)) for text in arguments]
    assert shadow.main(given) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_a_coarse_log_is_refused_naming_both_periods(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coarse = tmp_path / "coarse.jsonl"
    coarse.write_text(sample.read_text().replace('"granularity_s":300.0', '"granularity_s":900.0'))
    assert shadow.main([POLICY, f"log={coarse}"]) == ExitCode.REFUSED
    message = capsys.readouterr().err
    assert "900 s" in message
    assert "300 s" in message


def test_a_bad_log_names_file_line_field_value_and_repair(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    lines = sample.read_text().splitlines(keepends=True)
    record = json.loads(lines[3])
    record["kpis"]["RRU.PrbTotDl"] = [1.0, 2.0]
    bad.write_text("".join([*lines[:3], json.dumps(record) + "\n", *lines[4:]]))
    assert shadow.main([POLICY, f"log={bad}", f"out={tmp_path}"]) == ExitCode.USAGE
    message = capsys.readouterr().err
    assert "bad.jsonl, line 4, kpis.RRU.PrbTotDl: found [1.0, 2.0]" in message
    assert "give one per cell" in message


def test_show_prints_the_configuration_and_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shadow.main(["--show", f"out={tmp_path / 'out'}"]) == ExitCode.OK
    assert "sample_days: 1.0" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_measured_load_is_what_the_twin_believes_and_what_a_sample_is_made_of(
    sample: Path, tmp_path: Path
) -> None:
    load = tmp_path / "load.csv"
    load.write_text("hour,load\n" + "".join(f"{hour},{3 - hour % 3}\n" for hour in range(24)))
    digests = {}
    for name, more in (("law", []), ("measured", [f"load_file={load}"])):
        assert shadow.main([POLICY, f"log={sample}", f"out={tmp_path / name}", *more]) == ExitCode.OK
        digests[name] = json.loads((tmp_path / name / "shadow.json").read_text())["subject"]["digests"]
    changed = {part for part in digests["law"] if digests["law"][part] != digests["measured"][part]}
    assert changed == {"scenario"}
    made = tmp_path / "made.jsonl"
    assert (
        shadow.main(["--make-sample", str(made), "sample_days=0.0208333", f"load_file={load}"]) == ExitCode.OK
    )
    first = [json.loads(path.read_text().splitlines()[1])["kpis"] for path in (sample, made)]
    assert first[0] != first[1]
