"""What can be configured: frozen dataclasses hold every default, YAML only composes them.

Unknown keys, wrong types and numbers out of range fail, naming the field and the nearest valid one.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from typing import Annotated, Any, Protocol, TypeVar, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..envs.registry import TASKS, own_scenario

STRICT = ConfigDict(extra="forbid", strict=True)

Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]

Setting = int | float | list[int] | list[float] | None  # of a scenario that takes numbers

Kind = TypeVar("Kind")


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the field and the repair."""


@dataclass(frozen=True, config=STRICT)
class EnvConfig:
    """The control problem; ``weights`` None means the problem's own reward weights."""

    id: str = "ranrein/EnergySaving-v0"
    weights: dict[str, float] | None = None
    settings: dict[str, Setting] = field(default_factory=dict)  # of the scenario; None is its default

    @property
    def given(self) -> dict[str, Setting]:
        """The settings that are not left to the scenario."""
        return {name: value for name, value in self.settings.items() if value is not None}


def env_group(problem: str) -> str:
    """Return what ``env=`` calls a control problem: ``traffic_steering`` of ``ranrein/TrafficSteering-v0``."""
    name = problem.rpartition("/")[2].partition("-")[0]
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class OnScenario(Protocol):
    """A configuration of something that is run on a scenario."""

    @property
    def env(self) -> EnvConfig:
        """The control problem."""
        ...

    @property
    def scenario(self) -> str:
        """What it is run on."""
        ...


def name_scenario(config: OnScenario) -> None:
    """Put the problem's own scenario where none is named; an unknown problem is refused where it is made."""
    if not config.scenario and config.env.id in TASKS:
        object.__setattr__(config, "scenario", own_scenario(config.env.id))


@dataclass(frozen=True, config=STRICT)
class PpoConfig:
    """Proximal policy optimisation, under the names that Stable-Baselines3 gives its settings."""

    n_envs: Count = 64
    n_steps: Count = 64  # control periods per environment and update
    batch_size: Count = 512
    n_epochs: Count = 10
    gamma: Share = 0.9
    gae_lambda: Share = 0.9
    learning_rate: Positive = 1e-3
    final_learning_rate: Positive | None = (
        None  # reached at the end in a straight line; None: it stays as it is
    )
    ent_coef: NonNegative = 0.001
    vf_coef: NonNegative = 0.5
    clip_range: Positive = 0.2
    max_grad_norm: Positive = 0.5
    normalize_advantage: bool = True
    net_arch: tuple[Count, ...] = (64, 64)

    def __post_init__(self) -> None:
        """Refuse batches that do not divide a rollout."""
        rollout = self.n_envs * self.n_steps
        if rollout % self.batch_size:
            raise ValueError(f"batch_size={self.batch_size} does not divide n_envs * n_steps = {rollout}")


@dataclass(frozen=True, config=STRICT)
class TrainConfig:
    """One training run."""

    env: EnvConfig = EnvConfig()
    agent: PpoConfig = PpoConfig()
    scenario: str = ""  # empty: the problem's own
    load_file: str | None = None  # measured load in place of the scenario's own days, see docs/load_file.md
    load_column: str | None = None  # of the load file; None means "load"
    steps: Count = 500_000  # control periods, over all environments
    seed: Seed = 0
    run_dir: str | None = None  # None: runs/<problem>-<scenario>-seed<seed>
    eval_every: Count = 50_000  # steps between evaluations
    eval_episodes: Count = 64
    max_violated_share: Share = 0.01  # of episodes; what the best policy is chosen among
    sla_headroom: Share = 0.0  # how much stricter the promises are while training, 0 as they are
    warm_start: str | None = None  # a rule to imitate before learning, such as "load threshold"; "best" tunes
    warm_start_settings: dict[str, float] = field(
        default_factory=dict
    )  # of that rule, where not its defaults
    warm_start_episodes: Count = 128  # in which the rule is watched
    warm_start_epochs: Count = 10  # how often what was seen is gone through
    resume: str | None = None  # a run folder to go on with

    def __post_init__(self) -> None:
        """Name the scenario."""
        name_scenario(self)


@dataclass(frozen=True, config=STRICT)
class EvaluateConfig:
    """One comparison of a policy with baselines and bound."""

    policy: str | None = None  # a run folder or a policy bundle; None compares the baselines alone
    baselines: str = "all"  # "all", "none" or names separated by commas
    env: EnvConfig = EnvConfig()
    scenario: str = ""  # empty: the problem's own
    load_file: str | None = None  # measured load in place of the scenario's own days, see docs/load_file.md
    load_column: str | None = None  # of the load file; None means "load"
    episodes: Count = 200
    seed: Seed = 0
    bound: bool = True
    shielded: bool = False  # also run the policy behind the shield
    plots: bool = True
    out: str | None = None  # None: evaluation beside the bundle, or runs/evaluation without a policy

    def __post_init__(self) -> None:
        """Name the scenario."""
        name_scenario(self)


def from_mapping(kind: type[Kind], data: Mapping[str, Any]) -> Kind:
    """Build a configuration dataclass from plain data.

    Raises:
        ConfigError: for an unknown key, a wrong type or a value out of range.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(data))
    except ValidationError as error:
        raise ConfigError(_explain(kind, error)) from error


def nearest(name: str, valid: list[str]) -> str:
    """Return a hint with the valid name nearest to ``name``."""
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(sorted(valid))}"


def _explain(kind: Any, error: ValidationError) -> str:  # noqa: ANN401
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "unexpected_keyword_argument":
        return f"unknown setting {where!r}; {nearest(str(first['loc'][-1]), _names(kind, first['loc'][:-1]))}"
    if first["type"] == "value_error":
        what = str(first.get("ctx", {}).get("error", first["msg"]))
        return f"{where}: {what}" if where else what
    return f"{where or kind.__name__} = {first['input']!r}: {first['msg']}"


def _names(kind: Any, path: tuple[int | str, ...]) -> list[str]:  # noqa: ANN401
    for part in path:
        kind = get_type_hints(kind)[str(part)] if is_dataclass(kind) else kind
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []
