"""`ranrein certify`: verdicts become exit codes, and a certificate is believed only for what it was made of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ranrein.agents import certify_job, levels, problem
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.certify import ShieldNotReadyError
from ranrein.agents.certify_config import CertifyConfig
from ranrein.agents.certify_job import claim_lines
from ranrein.agents.config import from_mapping
from ranrein.agents.levels import SAVING, Level
from ranrein.agents.operate_config import OperateConfig
from ranrein.agents.operate_job import opened, shield_of
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.scenario_file import on_days
from ranrein.safety.certificate_file import verify_file
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import load_trusted
from ranrein.scripts import certify
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose
from ranrein.twin.scenario import Scenario

EASY = Level(0.05, 0.5, 0.5, 0.5, -0.8, 64)
GREEDY = Level(0.05, 0.5, 0.5, 0.5, 0.8, 64)  # asks for a saving that nobody reaches
HURRIED = Level(0.05, 1e-2, 2e-2, 0.15, 0.0, 32)


@pytest.fixture(scope="module")
def one_hour() -> Scenario:
    """The scenario `tiny` with days of one hour."""
    scenario: Scenario = load_scenario("tiny")
    return replace(scenario, timing=replace(scenario.timing, episode_s=3600.0))


@pytest.fixture(autouse=True)
def short_days(monkeypatch: pytest.MonkeyPatch, one_hour: Scenario) -> None:
    monkeypatch.setattr(problem, "scenario_named", lambda _name, days: on_days(one_hour, days))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A load file of one typical day."""
    path = tmp_path_factory.mktemp("load") / "load.csv"
    path.write_text(
        "hour,load,more\n" + "".join(f"{hour},{2 + hour % 3},{2 + hour % 4}\n" for hour in range(24))
    )
    return path


@pytest.fixture(scope="module")
def passed(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory, one_hour: Scenario) -> Path:
    """A folder with a run that passed, its certificate and the state directory."""
    return passed_run(tiny_run, tmp_path_factory.mktemp("passed"), one_hour)


@pytest.fixture(scope="module")
def passed_measured(
    tiny_run: Path, tmp_path_factory: pytest.TempPathFactory, one_hour: Scenario, measured: Path
) -> Path:
    """The same, on measured load."""
    return passed_run(tiny_run, tmp_path_factory.mktemp("measured"), one_hour, f"load_file={measured}")


def passed_run(tiny_run: Path, folder: Path, scenario: Scenario, *more: str) -> Path:
    shutil.copytree(tiny_run / "policy", folder / "policy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem, "scenario_named", lambda _name, days: on_days(scenario, days))
        assert certified(patch, EASY, folder, *more) == ExitCode.OK
    return folder


def certified(monkeypatch: pytest.MonkeyPatch, level: Level, folder: Path, *more: str) -> int:
    monkeypatch.setitem(levels.LEVELS, "ci", level)
    return certify.main([f"policy={folder}", "scenario=tiny", f"state={folder}/loop", "workers=1", *more])


def verify(folder: Path, *more: str) -> int:
    return certify.main(["verify", str(folder / "certificate.json"), f"state={folder}/loop", *more])


def test_defaults_are_those_of_the_dataclass() -> None:
    assert from_mapping(CertifyConfig, compose("certify")) == CertifyConfig()


def test_a_pass_is_written_beside_the_bundle_and_signed_by_the_certifier(passed: Path) -> None:
    record = verify_file(passed / "certificate.json", load_trusted(passed / "loop" / "keys"))
    assert record.verdict == "PASS"
    assert record.environment == "lab"
    assert record.attempt == 1
    assert record.scope == ("mast-0-n78",)


def test_a_certificate_holds_for_what_it_was_made_of(
    passed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(passed, f"policy={passed}", "scenario=tiny") == ExitCode.OK
    assert "made for what would run" in capsys.readouterr().out


def test_without_a_policy_the_digests_are_not_compared_and_it_says_so(
    passed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(passed) == ExitCode.OK
    assert "digests not compared" in capsys.readouterr().out


def test_another_policy_is_refused(
    passed: Path,
    tmp_path: Path,
    constant_policy: Callable[[Path, int], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    constant_policy(tmp_path / "policy", 4)
    assert verify(passed, f"policy={tmp_path}", "scenario=tiny") == ExitCode.REFUSED
    assert "refused: other_policy: " in capsys.readouterr().err


def test_a_certificate_on_measured_load_holds_for_that_load_and_no_other(
    passed_measured: Path, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    papers = (f"policy={passed_measured}", "scenario=tiny")
    assert verify(passed_measured, *papers, f"load_file={measured}") == ExitCode.OK
    assert verify(passed_measured, *papers) == ExitCode.REFUSED
    assert verify(passed_measured, *papers, f"load_file={measured}", "load_column=more") == ExitCode.REFUSED
    assert capsys.readouterr().err.count("refused: digest_mismatch: scenario: ") == 2


def test_a_certificate_on_the_law_is_refused_on_measured_load(
    passed: Path, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(passed, f"policy={passed}", "scenario=tiny", f"load_file={measured}") == ExitCode.REFUSED
    assert "refused: digest_mismatch: scenario: " in capsys.readouterr().err


@pytest.mark.parametrize("load", ["measured load", "the law"])
def test_a_loop_believes_in_a_certificate_on_its_own_load_only(
    load: str, passed_measured: Path, measured: Path, tmp_path: Path
) -> None:
    file = str(measured) if load == "measured load" else None
    state = shutil.copytree(passed_measured / "loop", tmp_path / "loop")
    paper = str(passed_measured / "certificate.json")
    config = OperateConfig(str(passed_measured), paper, "tiny", load_file=file, state=str(state), pace=0.0)
    with opened(config, shield_of(config), SystemClock()) as operation:
        refusals = [refusal.text for refusal in operation.loop.parts.certificate_refusals()]
        assert any("scenario: certified" in text for text in refusals) == (load == "the law")
        profile = operation.plant._params.scenario.load.profile
    assert bool(profile) == (load == "measured load")


def test_the_next_step_names_the_load_that_was_certified(
    passed: Path, measured: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copytree(passed / "policy", tmp_path / "policy")
    code = certified(monkeypatch, EASY, tmp_path, f"load_file={measured}", "load_column=more")
    assert code == ExitCode.OK
    assert f"scenario=tiny load_file={measured} load_column=more state=" in capsys.readouterr().out


def test_keys_nobody_trusts_are_refused(
    passed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(passed, "--keys", str(tmp_path)) == ExitCode.REFUSED
    assert "refused: unknown_key" in capsys.readouterr().err


def test_a_changed_byte_is_refused(passed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    envelope = json.loads((passed / "certificate.json").read_bytes())
    signature = envelope["signatures"][0]["sig"]
    envelope["signatures"][0]["sig"] = ("B" if signature[0] != "B" else "C") + signature[1:]
    (tmp_path / "certificate.json").write_text(json.dumps(envelope))
    assert verify(tmp_path, "--keys", str(passed / "loop" / "keys")) == ExitCode.REFUSED
    assert "refused: bad_signature" in capsys.readouterr().err


@pytest.mark.parametrize(("level", "code"), [(GREEDY, ExitCode.FAIL), (HURRIED, ExitCode.INCONCLUSIVE)])
def test_what_is_not_a_pass_has_its_own_exit_code_and_opens_nothing(
    level: Level, code: ExitCode, passed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copytree(passed / "policy", tmp_path / "policy")
    assert certified(monkeypatch, level, tmp_path) == code
    captured = capsys.readouterr()
    assert "log e" in captured.out
    assert "opens nothing" in captured.err
    assert verify(tmp_path) == ExitCode.REFUSED
    assert "refused: not_passed" in capsys.readouterr().err


def test_a_shield_that_is_not_ready_spends_no_attempt(
    passed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise ShieldNotReadyError("accepted what it must refuse")

    monkeypatch.setattr(certify_job, "certify", refuse)
    assert certified(monkeypatch, EASY, passed) == ExitCode.NOT_READY
    assert "accepted what it must refuse" in capsys.readouterr().err


def test_demand_that_the_twin_cannot_foresee_leaves_the_shield_unready(
    passed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise CalibrationError("demand outgrows the belief")

    monkeypatch.setattr(certify_job, "calibrated_shield", refuse)
    assert verify(passed, f"policy={passed}", "scenario=tiny") == ExitCode.NOT_READY
    monkeypatch.setattr(certify_job, "certify", refuse)
    assert certified(monkeypatch, EASY, passed) == ExitCode.NOT_READY
    assert capsys.readouterr().err.count("demand outgrows the belief") == 2


def test_a_saving_is_shown_as_a_share_of_always_on_energy(passed: Path) -> None:
    record = verify_file(passed / "certificate.json", load_trusted(passed / "loop" / "keys"))
    line = next(line for line in claim_lines(record) if line.name == SAVING)
    assert (line.relation, line.limit, line.mean) == ("at least", pytest.approx(-0.8), pytest.approx(0.0))
    assert line.limit <= line.bound <= line.mean


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "policy is missing"),
        (["policy=nowhere"], "neither a policy bundle nor a run"),
        (["policy=RUN", "level=cii"], "did you mean 'ci'"),
        (["policy=RUN", "out=RUN/policy/certificate.json"], "lies in the bundle"),
        (["policy=RUN", "environment=live"], "environment"),
        (["polcy=RUN"], "did you mean 'policy'"),
        (["verify", "nowhere.json"], "nowhere.json is no file"),
        (["policy=RUN", "load_file=nowhere.csv"], "give a readable CSV"),
        (["policy=RUN", "load_column=dl"], "load_column='dl' needs load_file=PATH"),
        (
            ["verify", "RUN/certificate.json", "policy=RUN", "state=RUN/loop", "load_column=dl"],
            "needs load_file",
        ),
    ],
)
def test_what_is_wrong_in_the_command_is_a_usage_error(
    arguments: list[str], words: str, passed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert certify.main([text.replace("RUN", str(passed)) for text in arguments]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_help_shows_examples_of_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["verify", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            certify.main(argv)
        assert "ranrein certify verify runs/" in capsys.readouterr().out
