"""What can be configured about the speed measurement."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from ..config import STRICT, Count, Positive, PpoConfig

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class BenchConfig:
    """One measurement."""

    scenario: str = "urban"
    policy: Text | None = None  # None: an untrained one; speed does not depend on weights
    batches: tuple[Count, ...] = (1, 8, 64)  # replicas of the twin
    num_envs: Count = 64  # of the vector environment
    train_envs: Count = 256  # environments of the PPO training that is timed
    repeats: Count = 5  # rounds over all cases; the best counts
    seconds: Positive = 0.2  # per case and round
    yardsticks: bool = False  # also run benchmarks/ of a checkout: plain C, CRRM, threads, start-up, memory
    crrm_python: Text | None = None  # a Python that has CRRM 2.0.2; None: this one
    out: Text = "runs/bench.json"

    def __post_init__(self) -> None:
        """Refuse a training whose rollouts do not fill whole batches."""
        own = PpoConfig()
        least = own.batch_size // math.gcd(own.batch_size, own.n_steps)
        if self.train_envs % least:
            raise ValueError(
                f"train_envs={self.train_envs} makes no whole batches; give a multiple of {least}"
            )
