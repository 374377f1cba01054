"""What `scenario=` may name in every verb: a shipped scenario, or a user's own network as an inventory."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ranrein.agents.bundle import load_bundle
from ranrein.agents.config import TrainConfig
from ranrein.agents.run_folder import RunFolder, default_name
from ranrein.envs.catalogue import scenario_names
from ranrein.envs.vector import params_of
from ranrein.scripts import evaluate, train
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose

INVENTORY = Path(__file__).resolve().parents[1] / "data" / "inventory"
NAME = f"inventory:{INVENTORY}"
VERBS = ("train", "evaluate", "shadow", "certify", "operate", "bench")
TINY_RUN = ("steps=288", "eval_every=288", "eval_episodes=1")
TINY_AGENT = ("agent.n_envs=8", "agent.n_steps=36", "agent.batch_size=144", "agent.n_epochs=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 288 control periods on an inventory, in the folder that it chose by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        assert train.main([f"scenario={NAME}", *TINY_RUN, *TINY_AGENT]) == ExitCode.OK
        return (Path("runs") / "energysaving-inventory-seed0").resolve()


def test_a_policy_is_trained_on_an_inventory(run: Path) -> None:
    assert RunFolder(run).read_config().scenario == NAME
    policy = load_bundle(run, params_of(NAME))
    assert len(policy.contract.choices) == len(params_of(NAME).capacity_cells) > 4


def test_a_policy_is_evaluated_on_an_inventory(run: Path, tmp_path: Path) -> None:
    few = ["episodes=1", "baselines=none", "bound=false", "plots=false", f"out={tmp_path}"]
    assert evaluate.main([f"policy={run}", f"scenario={NAME}@1", *few]) == ExitCode.OK
    assert "| energysaving-inventory-seed0 |" in (tmp_path / "results.md").read_text()


def test_a_network_of_many_sleepers_is_evaluated_with_its_bound(tmp_path: Path) -> None:
    few = ["policy=", "episodes=2", "baselines=greedy", "plots=false", f"out={tmp_path}"]
    assert evaluate.main(["scenario=private_factory", *few]) == ExitCode.OK
    assert "Bound: " in (tmp_path / "results.md").read_text()


def test_a_policy_of_another_network_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([f"policy={run}", "scenario=tiny", "episodes=1"]) == ExitCode.USAGE
    assert "the policy chooses among" in capsys.readouterr().err


@pytest.mark.parametrize("name", scenario_names())
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_every_shipped_scenario(verb: str, name: str) -> None:
    assert compose(verb, [f"scenario={name}"])["scenario"] == name


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_an_inventory_as_it_is_written(verb: str) -> None:
    name = "inventory:my networks/kiel,{1}=$x.csv@3"
    assert compose(verb, [f"scenario={name}"])["scenario"] == name


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.csv", "give a readable file"), (f"{INVENTORY}@2", "has no cluster 2")]
)
@pytest.mark.parametrize("verb", VERBS)
def test_an_inventory_that_cannot_be_used_is_a_usage_error(
    verb: str, name: str, words: str, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log").touch()
    own = {"train": [], "bench": [], "shadow": ["policy=baseline:greedy_sleeping", "log=log"]}
    module = importlib.import_module(f"ranrein.scripts.{verb}")
    assert (
        module.main([f"scenario=inventory:{name}", *own.get(verb, [f"policy={tiny_run}"])]) == ExitCode.USAGE
    )
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("scenario", "named"),
    [
        ("urban", "urban"),
        ("inventory:nets/kiel.csv", "kiel"),
        ("inventory:nets/kiel.csv@3", "kiel-3"),
        ("inventory:/data/my net (2)/", "my-net-2"),
        ("inventory:..", "inventory"),
        ("inventory:a.json.d@12", "a-json-d-12"),
    ],
)
def test_a_run_folder_has_a_name_that_every_file_system_takes(scenario: str, named: str) -> None:
    assert default_name(TrainConfig(scenario=scenario)) == f"energysaving-{named}-seed0"


def test_a_file_without_its_prefix_is_answered_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["scenario=mine.yaml"]) == ExitCode.USAGE
    assert "did you mean 'file:mine.yaml'" in capsys.readouterr().err
