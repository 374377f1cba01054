"""Every configuration that is shipped composes and is valid; mistakes are explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.agents.config import ConfigError, EvaluateConfig, TrainConfig, from_mapping
from ranrein.scripts import evaluate, train
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose

CONF = Path(__file__).resolve().parents[1] / "conf"


def choices(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def test_defaults_are_those_of_the_dataclasses() -> None:
    assert from_mapping(TrainConfig, compose("train")) == TrainConfig()
    assert from_mapping(EvaluateConfig, compose("evaluate")) == EvaluateConfig()


@pytest.mark.parametrize("experiment", choices("experiment"))
def test_every_experiment_composes(experiment: str) -> None:
    config = from_mapping(TrainConfig, compose("train", [f"experiment={experiment}"]))
    assert config != TrainConfig()


@pytest.mark.parametrize("group", ["env", "agent"])
def test_every_choice_of_every_group_composes(group: str) -> None:
    for choice in choices(group):
        from_mapping(TrainConfig, compose("train", [f"{group}={choice}"]))


@pytest.mark.parametrize("scenario", choices("scenario"))
def test_every_scenario_can_be_named(scenario: str) -> None:
    assert compose("train", [f"scenario={scenario}"])["scenario"] == scenario


def test_command_line_wins_over_the_experiment() -> None:
    assert compose("train", ["experiment=smoke", "agent.n_epochs=7"])["agent"]["n_epochs"] == 7


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stps=3", "unknown setting 'stps'; did you mean 'steps'"),
        ("agent.n_env=3", "unknown setting 'agent.n_env'; did you mean 'agent.n_envs'"),
        ("agent=pppo", "unknown agent 'pppo'; did you mean 'ppo'"),
        ("scenario=urbn", "unknown scenario 'urbn'; did you mean 'urban'"),
        ("experiment=dmo", "unknown experiment 'dmo'; did you mean 'demo'"),
        ("==", "'==' is no setting; write key=value"),
        ("=3", "'=3' is no setting; write key=value"),
        ("agent=", "unknown agent ''; valid: ppo$"),
        ("agent=dqn", "unknown agent 'dqn'; valid: ppo$"),
        ("env=", "unknown env ''; valid: beam_control, energy_saving, joint_control"),
        ("agent.net_arch=[1", r"'agent.net_arch=\[1' cannot be read"),
        ("scenario=urban+", r"'urban\+' has a plus sign without a name beside it; .* Variants: blackout"),
    ],
)
def test_mistakes_name_the_nearest(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose("train", [override])


@pytest.mark.parametrize("verb", [train, evaluate])
def test_help_shows_an_example(verb: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        verb.main(["--help"])
    assert done.value.code == ExitCode.OK
    assert verb.EXAMPLE in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("verb", [train, evaluate])
def test_show_prints_every_setting_and_runs_nothing(verb: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb.main(["--show", "seed=3"]) == ExitCode.OK
    assert "seed: 3" in capsys.readouterr().out


@pytest.mark.parametrize("verb", [train, evaluate])
def test_wrong_settings_are_a_usage_error(verb: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb.main(["sed=3"]) == ExitCode.USAGE
    assert "did you mean 'seed'" in capsys.readouterr().err


def test_resumed_run_takes_only_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["resume=somewhere", "seed=3"]) == ExitCode.USAGE
    assert "leave out seed=3" in capsys.readouterr().err


def test_policy_that_is_not_there_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([f"policy={tmp_path}"]) == ExitCode.USAGE
    assert "neither a policy bundle nor a run" in capsys.readouterr().err


def test_a_shield_without_a_policy_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["shielded=true", "episodes=1"]) == ExitCode.USAGE
    assert "shielded=true needs a policy" in capsys.readouterr().err


def test_evaluate_writes_tables_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = evaluate.main([f"out={tmp_path}", "episodes=2", "baselines=always_on", "bound=false"])
    assert code == ExitCode.OK
    assert "always on" in capsys.readouterr().out
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"results.json", "results.csv", "results.md", "comparison.png", "day.png"}
