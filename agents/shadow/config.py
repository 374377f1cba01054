"""What can be configured about a shadow run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from ..config import STRICT, EnvConfig, Positive, Seed, name_scenario

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class ShadowConfig:
    """One shadow run, or one sample log to try it on."""

    policy: Text | None = None  # a run folder, a policy bundle or baseline:NAME
    log: Text | None = None  # telemetry, see docs/telemetry.md
    env: EnvConfig = EnvConfig()
    scenario: str = ""  # of the network that wrote the log; empty: the problem's own
    load_file: Text | None = None  # measured load, see docs/load_file.md; the twin's law of load
    load_column: Text | None = None  # of the load file; None means "load"
    out: Text = "runs/shadow"
    sample_days: Positive = 1.0  # of --make-sample
    sample_seed: Seed = 0  # of --make-sample

    def __post_init__(self) -> None:
        """Name the scenario."""
        name_scenario(self)
