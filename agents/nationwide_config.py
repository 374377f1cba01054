"""What can be set when a large network is run cluster by cluster."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from .config import STRICT, Count, Seed


@dataclass(frozen=True, config=STRICT)
class NationwideConfig:
    """One run of a rule on every cluster of a large network."""

    scenario: str = "nationwide"  # or inventory:PATH; +VARIANT makes every cluster harder
    rule: str = "load_threshold"  # compared with always on, on the same days
    episodes: Count = 1  # of every cluster
    periods: Count | None = None  # control periods of an episode; None: the whole of it
    clusters: Count | None = None  # only so many, equally spaced in the list; None: all
    seed: Seed = 0
    workers: Count = 2
    executor: str = "process"  # or "ray"
    out: str = "runs/nationwide"
