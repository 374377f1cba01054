"""Settings of the demo."""

from __future__ import annotations

from pathlib import Path

from ..envs.baselines import Rule, settings_of
from .config import STRICT, ConfigError, Count, EnvConfig, PpoConfig, Seed, TrainConfig, dataclass

DRILLS = ("none", "margin_sign", "certificate_byte", "no_surge")
MARK = "made-by-ranrein-demo"  # a file in every folder of a demo: only such a folder is emptied
NEEDED = ("policy", "certificate.json", "loop/keys")  # by a drill, of the demo that it starts from


@dataclass(frozen=True, config=STRICT)
class DemoConfig:
    """The whole flow in miniature; a drill repeats its last part with one thing broken on purpose.

    Raises:
        ConfigError: for an unknown drill, or a drill without the demo it starts from.
    """

    out: str = "runs/demo"
    scenario: str = "urban"
    seed: Seed = 0
    steps: Count = 600_000  # of training
    episodes: Count = 40  # of evaluation
    level: str = "ci"
    workers: Count = 2
    plant_seed: Seed = 11
    drill: str = "none"
    base: str | None = None  # the finished demo that a drill starts from
    env: EnvConfig = EnvConfig(weights={"energy": 1.0, "service": 30.0, "calm": 0.05})
    agent: PpoConfig = PpoConfig(
        n_envs=256, n_steps=32, batch_size=2048, n_epochs=8, learning_rate=1e-3, final_learning_rate=1e-4,
        ent_coef=0.0, gamma=0.92, gae_lambda=0.9,
    )  # fmt: skip
    max_violated_share: float = 0.02  # of the bare policy
    sla_headroom: float = 0.8  # learn with room to spare, so that the shield seldom intervenes

    def __post_init__(self) -> None:
        """Refuse drills that cannot be run."""
        if self.drill not in DRILLS:
            raise ConfigError(f"drill={self.drill!r}; use one of {', '.join(DRILLS)}")
        if (self.drill == "none") != (self.base is None):
            raise ConfigError(
                f"drill={self.drill} base={self.base}: a drill needs a finished demo, base=runs/demo"
            )

    def training(self, teacher: Rule) -> TrainConfig:
        """Return the training run of the demo, which begins with what the best tuned rule does."""
        return TrainConfig(
            env=self.env, agent=self.agent, scenario=self.scenario, steps=self.steps, seed=self.seed,
            run_dir=f"{self.out}/training", eval_every=max(1, self.steps // 5), eval_episodes=128,
            max_violated_share=self.max_violated_share, sla_headroom=self.sla_headroom,
            warm_start=teacher.name, warm_start_settings=settings_of(teacher),
        )  # fmt: skip


def check_places(config: DemoConfig) -> None:
    """Refuse to empty a folder that no demo made, and a drill whose demo is not finished.

    Raises:
        ConfigError: naming the folder and the repair.
    """
    out = Path(config.out)
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise ConfigError(
            f"out={config.out} holds what no demo made, and a demo begins with an empty folder; give another"
        )
    lacking = [name for name in NEEDED if config.base is not None and not (Path(config.base) / name).exists()]
    if lacking:
        raise ConfigError(
            f"base={config.base} lacks {lacking[0]}; run `ranrein demo out={config.base}` to its end first"
        )
