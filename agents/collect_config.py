"""What can be set when episodes are collected into a dataset."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from .config import STRICT, Count, EnvConfig, Seed, Share, name_scenario


@dataclass(frozen=True, config=STRICT)
class CollectConfig:
    """One dataset of episodes for offline learning."""

    policy: str = (
        "random"  # "random", a baseline's name such as forecast_rule, a run folder or a policy bundle
    )
    explore: Share = 0.0  # of the choices, replaced by random legal ones
    env: EnvConfig = EnvConfig()
    scenario: str = ""  # empty: the problem's own
    load_file: str | None = None  # measured load in place of the scenario's own days, see docs/load_file.md
    load_column: str | None = None  # of the load file; None means "load"
    episodes: Count = 100
    seed: Seed = 0  # root of the episodes' seeds, all of the training domain
    dataset: str | None = None  # id; None: ranrein/<problem>-<scenario>-<policy>-v0
    root: str | None = (
        None  # folder of datasets; None: Minari's own, MINARI_DATASETS_PATH or ~/.minari/datasets
    )
    batch: Count = 64  # episodes that are run, and kept in memory, at once; no result depends on it

    def __post_init__(self) -> None:
        """Name the scenario."""
        name_scenario(self)
