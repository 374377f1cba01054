"""Train an agent with Stable-Baselines3 on the native batch and keep its best policy as a bundle."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.utils import LinearSchedule

from ..envs.controller import Controller
from ..envs.vector import TwinVectorEnv
from ..envs.worlds import AnyTask, budget_of
from .bundle import Contract, contract_of, policy_from
from .checkpoint import next_attempt, restore_checkpoint, save_checkpoint
from .config import PpoConfig, TrainConfig
from .curve import open_logger
from .episodes import Episodes, run_episodes
from .evaluate import Setting
from .export import Exporter, ParityError, write_bundle
from .monitor import Listener, Monitor, Standing, stop_on_interrupt
from .problem import any_problem_of, training_network
from .run_folder import RunFolder, new_run, versions
from .sb3_vec import TwinVecEnv
from .seeds import Domain, episode_seeds
from .teachers import teacher_of, tuning_days
from .warm_start import warm_start

_log = logging.getLogger(__name__)


class TrainingInterruptedError(RuntimeError):
    """Training was stopped by the keyboard; the checkpoint in ``run`` is complete."""

    def __init__(self, run: Path, steps: int) -> None:
        super().__init__(f"stopped at {steps} steps; go on with resume={run}")
        self.run = run
        self.steps = steps


def ignore(_standing: Standing) -> None:
    """Tell nobody."""


def train(cfg: TrainConfig, listener: Listener = ignore) -> Path:
    """Train until ``cfg.steps`` and return the run folder, whose ``policy/`` is the best bundle.

    A resumed run keeps weights, optimiser, random generators, step count and curve; its episodes begin anew.

    Raises:
        ConfigError: if problem, weights or scenario do not exist, or the run folder is taken or none.
        TrainingInterruptedError: after Ctrl-C, once the checkpoint is written.
        ParityError: if onnxruntime answered unlike every policy that was worth keeping.
    """
    torch.set_num_threads(1)
    task, params = any_problem_of(cfg.env, cfg.scenario, cfg.load_file, cfg.load_column)
    teacher = _teacher(cfg, task, params)
    job = _Job.of(cfg, task, params)
    if teacher is not None:
        job.warm_start(teacher)
    monitor = Monitor(cfg.steps, cfg.eval_every, budget_of(job.task, job.params), job.evaluate, listener)
    with stop_on_interrupt(monitor.stop):
        job.model.learn(cfg.steps - job.model.num_timesteps, monitor, reset_num_timesteps=False)
    save_checkpoint(job.model, job.run, job.attempt)
    if monitor.stop.is_set():
        raise TrainingInterruptedError(job.run.path, job.model.num_timesteps)
    if not job.run.policy.exists():
        raise ParityError(
            f"no policy could be exported; {job.run.evaluations} says why, go on with more steps"
        )
    return job.run.path


@dataclass(frozen=True)
class _Job:
    """Everything one stretch of training works with."""

    cfg: TrainConfig
    run: RunFolder
    task: AnyTask
    params: Any  # what it runs on: `Params` on the twin
    model: PPO
    exporter: Exporter
    contract: Contract
    attempt: int  # how often the run was resumed

    @staticmethod
    def of(cfg: TrainConfig, task: AnyTask, params: Any) -> _Job:  # noqa: ANN401
        run = _opened(cfg)
        attempt = next_attempt(run) if cfg.resume else 0
        training = training_network(params, cfg.sla_headroom)
        env = TwinVecEnv(TwinVectorEnv(task, training, cfg.agent.n_envs), attempt)
        model = build_ppo(cfg.agent, env, cfg.seed)
        contract = contract_of(cfg.env.id, task, params, versions())
        exporter = Exporter.of(model.policy, contract.choices)
        if cfg.resume:
            restore_checkpoint(model, run)
        model.set_logger(open_logger(run.curve, run.tensorboard, model.num_timesteps))
        return _Job(cfg, run, task, params, model, exporter, contract, attempt)

    def warm_start(self, rule: Controller) -> None:
        """Imitate a rule, and judge the imitation as the first candidate."""
        _log.info("warm start: %s", rule)
        network = training_network(self.params, self.cfg.sla_headroom)
        env = TwinVectorEnv(self.task, network, self.cfg.warm_start_episodes)
        warm_start(self.model, env, rule, self.cfg.seed, self.cfg.warm_start_epochs)
        self.evaluate()

    def evaluate(self) -> None:
        """Judge the present policy on the selection seeds, keep it if best, and save a checkpoint."""
        model = self.exporter.model(self.model.policy)
        policy = policy_from(model, self.contract, self.task, name="candidate")
        seeds = episode_seeds(self.cfg.seed, Domain.SELECT, 0, self.cfg.eval_episodes)
        row = _row(self.model.num_timesteps, run_episodes(policy, self.params, self.task, seeds))
        limit = self.cfg.max_violated_share
        kept = [old for old in self.run.read_evaluations() if old["best"]]
        row |= {"best": all(rank(row, limit) < rank(old, limit) for old in kept), "refused": None}
        self._record(row)
        self.run.keep_evaluation(self._kept(row, model) if row["best"] else row)
        save_checkpoint(self.model, self.run, self.attempt)

    def _kept(self, row: dict[str, Any], model: bytes) -> dict[str, Any]:
        """Write the bundle; a model that does not answer like the policy is refused and training goes on."""
        try:
            write_bundle(self.run.policy, self.model.policy, model, self.contract, self._card(row))
        except ParityError as error:
            _log.warning("the policy at %d steps is not kept: %s", row["steps"], error)
            return row | {"best": False, "refused": str(error)}
        return row

    def _card(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "training": asdict(replace(self.cfg, run_dir=None, resume=None)),
            "scores": row,
            "selection": {
                "domain": Domain.SELECT.name,
                "root": self.cfg.seed,
                "episodes": self.cfg.eval_episodes,
            },
        }

    def _record(self, row: dict[str, Any]) -> None:
        for name in ("return", "energy_kwh", "revenue_per_s", "violated_share", "cost"):
            if name in row:
                self.model.logger.record(f"eval/{name}", row[name])
        _log.info("evaluation at %d steps: %s", row["steps"], row)


def build_ppo(agent: PpoConfig, env: TwinVecEnv, seed: int) -> PPO:
    """Return SB3's PPO on one CPU thread, with the fused Adam."""
    ours = ("n_envs", "net_arch", "learning_rate", "final_learning_rate")
    settings = {name: value for name, value in asdict(agent).items() if name not in ours}
    last = agent.learning_rate if agent.final_learning_rate is None else agent.final_learning_rate
    settings["learning_rate"] = LinearSchedule(agent.learning_rate, last, 1.0)
    policy = {"net_arch": list(agent.net_arch), "optimizer_kwargs": {"fused": True, "eps": 1e-5}}
    return PPO("MlpPolicy", env, policy_kwargs=policy, seed=seed, device="cpu", verbose=0, **settings)


def _teacher(cfg: TrainConfig, task: AnyTask, params: Any) -> Controller | None:  # noqa: ANN401
    """Return the rule to begin with, before anything is written."""
    if cfg.warm_start is None or cfg.resume is not None:
        return None
    setting = Setting(params, task, tuning_days(cfg.seed))
    return teacher_of(cfg.warm_start, cfg.warm_start_settings, setting, cfg.max_violated_share)


def rank(row: dict[str, Any], limit: float) -> tuple[bool, float, float]:
    """Order evaluations, best first: within the limit by energy or else by return, beyond it by how often it breaks."""
    if row["violated_share"] <= limit:
        return False, row["energy_kwh"] if "energy_kwh" in row else -row["return"], 0.0
    return True, row["violated_share"], row["cost"]


def _row(steps: int, episodes: Episodes) -> dict[str, Any]:
    return {
        "steps": steps,
        "return": float(episodes.episode_return.mean()),
        **_known_means(episodes),
        "violated_share": episodes.violated_share,
        "cost": float(episodes.cost.mean()),
    }


def _known_means(episodes: Episodes) -> dict[str, float]:
    """Return the means of the amounts that the problem has."""
    amounts = {name: getattr(episodes, name) for name in ("energy_kwh", "switches", "revenue_per_s")}
    return {name: float(v.mean()) for name, v in amounts.items() if v is not None and np.isfinite(v).all()}


def _opened(cfg: TrainConfig) -> RunFolder:
    if cfg.resume is None:
        return new_run(cfg)
    run = RunFolder(Path(cfg.resume))
    run.read_config()
    return run
