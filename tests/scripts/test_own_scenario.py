"""What a verb runs on where no scenario is named: the control problem's own, and it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.agents.collect_config import CollectConfig
from ranrein.agents.config import EnvConfig, EvaluateConfig, TrainConfig
from ranrein.agents.run_folder import RunFolder
from ranrein.agents.shadow.config import ShadowConfig
from ranrein.scripts import collect, evaluate, shadow, train
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose

OWN = {
    "energy_saving": "urban",
    "slice_admission": "loss_system",
    "beam_control": "arena",
    "traffic_steering": "steering",
    "joint_control": "joint",
}
SMALL = ["steps=128", "eval_every=128", "eval_episodes=1", "agent.n_envs=4", "agent.n_steps=32"]
SMALL += ["agent.batch_size=64", "agent.n_epochs=1", "agent.net_arch=[4]"]


@pytest.mark.parametrize("verb", ["train", "evaluate", "collect", "shadow"])
@pytest.mark.parametrize("problem", OWN)
def test_it_is_the_problems_own(verb: str, problem: str) -> None:
    assert compose(verb, [f"env={problem}"])["scenario"] == OWN[problem]
    assert compose(verb, [f"env={problem}", "scenario=tiny"])["scenario"] == "tiny"


def test_an_experiment_names_its_own_and_the_command_line_wins() -> None:
    chosen = ["experiment=slice_admission", "env=traffic_steering"]
    assert compose("train", chosen)["scenario"] == "loss_system"
    assert compose("train", [*chosen, "scenario=tiny"])["scenario"] == "tiny"


@pytest.mark.parametrize("kind", [TrainConfig, EvaluateConfig, CollectConfig, ShadowConfig])
def test_from_python_it_is_the_same(kind: type) -> None:
    assert kind().scenario == "urban"
    assert kind(env=EnvConfig(id="ranrein/TrafficSteering-v0")).scenario == "steering"
    assert kind(env=EnvConfig(id="ranrein/TrafficSteering-v0"), scenario="tiny").scenario == "tiny"


def test_collecting_runs_on_it_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["policy=random", "env=traffic_steering", "episodes=1", "dataset=f-v0", f"root={tmp_path}"]
    assert collect.main(asked) == ExitCode.OK
    assert "ranrein/TrafficSteering-v0 on scenario steering" in capsys.readouterr().out
    minari = pytest.importorskip("minari")
    kept = minari.MinariDataset(tmp_path / "f-v0" / "data")
    assert kept.observation_space.shape == (29,)
    assert kept.spec.env_spec.kwargs["scenario"] == "steering"


def test_training_and_evaluating_run_on_it_and_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert train.main(["env=beam_control", f"run_dir={run}", *SMALL]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "ranrein/BeamControl-v0 on scenario arena" in told
    assert f"ranrein evaluate policy={run} env=beam_control scenario=arena" in " ".join(told.split())
    assert RunFolder(run).read_config().scenario == "arena"
    few = ["baselines=none", "bound=false", "plots=false", "episodes=1", f"out={tmp_path / 'found'}"]
    assert evaluate.main([f"policy={run}", "env=beam_control", *few]) == ExitCode.OK
    assert "ranrein/BeamControl-v0 on scenario arena" in capsys.readouterr().out


def test_the_next_command_names_the_measured_load_of_the_training() -> None:
    config = TrainConfig(load_file="my load.csv", load_column="dl")
    assert train.where_words(config) == ["'load_file=my load.csv'", "load_column=dl"]
    assert train.where_words(TrainConfig()) == []


@pytest.mark.parametrize("verb", [train, evaluate, collect, shadow])
def test_help_and_the_composed_configuration_tell(verb: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verb.main(["--help"])
    assert "runs on the problem's own scenario" in " ".join(capsys.readouterr().out.split())
    assert verb.main(["env=joint_control", "--show"]) == ExitCode.OK
    assert "scenario: joint" in capsys.readouterr().out


def test_an_unknown_problem_is_still_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["env.id=ranrein/BeamContrl-v0"]) == ExitCode.USAGE
    assert "did you mean 'ranrein/BeamControl-v0'" in capsys.readouterr().err
