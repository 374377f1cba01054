"""Learning and judging admission to a loss system, from the command line to the exact answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.bundle import BundleError, load_bundle
from ranrein.agents.comparison import compare
from ranrein.agents.config import ConfigError, EnvConfig, EvaluateConfig, PpoConfig, TrainConfig
from ranrein.agents.episodes import run_episodes
from ranrein.agents.problem import any_problem_of, problem_of, training_network
from ranrein.agents.training import train
from ranrein.envs.loss_baselines import AcceptAll
from ranrein.envs.loss_world import LossWindow
from ranrein.scripts import evaluate
from ranrein.scripts import train as train_verb
from ranrein.scripts.exit_codes import ExitCode
from ranrein.twin.loss.chain import performance
from ranrein.twin.loss.optimum import optimum
from ranrein.twin.loss.states import LossStates, accept_all_table
from ranrein.twin.params import Params

ID, SCENARIO = "ranrein/SliceAdmission-v0", "loss_system"
NUMBERS = {
    "capacity": 4,
    "units": [1, 1],
    "arrival_rates": [4, 8],
    "service_rates": [1, 1],
    "rewards": [10, 1],
}
ENV = EnvConfig(ID, settings={**NUMBERS, "episode_requests": 100})
AGENT = PpoConfig(n_envs=32, n_steps=64, batch_size=512, gamma=0.95, ent_coef=0.01, net_arch=(32,))


@pytest.fixture(scope="module")
def admission_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "admission"
    return train(TrainConfig(env=ENV, agent=AGENT, scenario=SCENARIO, steps=40_960, eval_every=20_480,
                             eval_episodes=64, run_dir=str(folder)))  # fmt: skip


def test_a_learned_policy_closes_the_gap_to_the_exact_optimum(admission_run: Path) -> None:
    _, network = any_problem_of(ENV, SCENARIO)
    policy, states = load_bundle(admission_run, network), LossStates.of(network.system)
    n = states.n_states
    answers = [policy.actions(network, LossWindow(np.full(n, k, np.int32), states.counts)) for k in (0, 1)]
    table = states.spread(np.concatenate(answers, axis=1).astype(np.bool_), False).astype(np.bool_)
    free = performance(network.system, accept_all_table(network.system)).gain
    best = optimum(network.system).gain
    assert performance(network.system, table).gain - free > 0.9 * (best - free)


def test_the_comparison_shows_rules_reference_and_bound(admission_run: Path, tmp_path: Path) -> None:
    config = EvaluateConfig(policy=str(admission_run), env=ENV, scenario=SCENARIO, episodes=200)
    table = compare(config, tmp_path)
    rows = {row.controller: row for row in table.rows}
    assert list(rows) == ["admission", "exact optimum", "accept all", "revenue density", "trunk reservation"]
    assert [row.is_baseline for row in table.rows] == [False, False, True, True, True]
    assert all(row.feasible and row.energy_kwh is None for row in table.rows)
    assert rows["exact optimum"].revenue_per_s.mean > rows["accept all"].revenue_per_s.mean
    assert table.bound_return.mean > rows["accept all"].episode_return.high
    assert table.best_baseline in ("trunk reservation", "revenue density")  # here they admit alike
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"results.json", "results.csv", "results.md", "comparison.png"}
    assert "revenue per s" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["bound_energy_kwh"] is None


def test_the_evaluations_of_a_run_count_revenue_and_no_energy(admission_run: Path) -> None:
    rows = [
        json.loads(line) for line in (admission_run / "eval.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert all("revenue_per_s" in row and "energy_kwh" not in row for row in rows)
    best = [row for row in rows if row["best"]]
    assert best[-1]["return"] == max(row["return"] for row in rows)
    header = (admission_run / "progress.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"episode/revenue", "reward/revenue", "cost/beyond capacity", "eval/revenue_per_s"} <= set(header)


def test_one_episode_alone_equals_its_row_of_the_batch() -> None:
    task, network = any_problem_of(ENV, SCENARIO)
    together = run_episodes(AcceptAll(), network, task, [3, 5, 8])
    alone = run_episodes(AcceptAll(), network, task, [5])
    assert alone.episode_return[0] == together.episode_return[1]
    assert alone.revenue_per_s[0] == together.revenue_per_s[1]
    assert not together.violated.any()


def test_a_policy_of_another_world_is_refused(admission_run: Path, params: Params) -> None:
    with pytest.raises(BundleError, match="does not run on this network"):
        load_bundle(admission_run, params)
    _, other = any_problem_of(EnvConfig(ID, settings={"capacity": 9}), SCENARIO)
    with pytest.raises(BundleError, match="observation 2 was"):
        load_bundle(admission_run, other)


@pytest.mark.parametrize(("env", "scenario", "message"), [
    (EnvConfig(ID), "loss_systm", "did you mean 'loss_system'"),
    (EnvConfig(ID, settings={"capcity": 3}), SCENARIO, "did you mean 'capacity'"),
    (EnvConfig(ID, settings={"units": [1, 2]}), SCENARIO, "one value per class"),
    (EnvConfig(ID, weights={"energy": 1.0}), SCENARIO, "unknown reward weight 'energy'"),
    (EnvConfig(settings={"capacity": 3}), "urban", "takes none"),
])  # fmt: skip
def test_problems_that_cannot_be_are_refused(env: EnvConfig, scenario: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        any_problem_of(env, scenario)


def test_verbs_of_the_twin_and_its_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="does not run on the twin"):
        problem_of(EnvConfig(ID), SCENARIO)
    with pytest.raises(ConfigError, match="load_file and load_column are for the twin"):
        any_problem_of(EnvConfig(ID), SCENARIO, "load.csv")
    with pytest.raises(ConfigError, match=r"sla_headroom=0\.2 is for problems on the twin"):
        training_network(any_problem_of(ENV, SCENARIO)[1], 0.2)


def test_the_command_line_names_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ["env=slice_admission", f"out={tmp_path}", "episodes=2", "plots=false"]
    assert evaluate.main([*command, "scenario=loss_systm"]) == ExitCode.USAGE
    assert "did you mean 'loss_system'" in capsys.readouterr().err
    assert evaluate.main([*command, "scenario=loss_system", "shielded=true"]) == ExitCode.USAGE
    assert "the shield guards carriers" in capsys.readouterr().err
    assert evaluate.main([*command, "scenario=loss_system", "env.settings.capacity=2"]) == ExitCode.USAGE
    assert "never fit into capacity=2" in capsys.readouterr().err
    warm = ["env=slice_admission", "scenario=loss_system", "warm_start=greedy", f"run_dir={tmp_path / 'run'}"]
    assert train_verb.main(warm) == ExitCode.USAGE
    assert "unknown rule 'greedy'; valid: accept all, best" in capsys.readouterr().err
    assert evaluate.main([*command, "scenario=loss_system"]) == ExitCode.OK
    assert "exact optimum" in capsys.readouterr().out
