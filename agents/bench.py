"""How fast is it here? All cases in one run, on one thread, interleaved, the best of several rounds each."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import gymnasium as gym

from ..safety.clock import Clock
from .bench_cases import KERNEL_STEPS, REFERENCE_REPLICAS, Case, Subject, cases_of, policy_of
from .bench_config import BenchConfig
from .config import EnvConfig
from .episodes import Progress, no_progress
from .problem import problem_of
from .run_folder import versions, write_json

PEER, PEER_ID = "mobile_env", "mobile_env:mobile-large-central-v0"
HOW_TO_COMPARE = "pip install mobile-env, then run this again"
MOST_CALLS = 1 << 20  # per round


@dataclass(frozen=True)
class Timing:
    """The best time of a case."""

    name: str
    seconds: float  # per call
    calls: int  # per round


@dataclass(frozen=True)
class Figure:
    """One number that people read."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Measured:
    """What came of a measurement."""

    machine: dict[str, str | int]
    timings: dict[str, Timing]
    figures: list[Figure]


def bench(config: BenchConfig, clock: Clock, progress: Progress = no_progress) -> Measured:
    """Measure, and write what was found as JSON to ``config.out``.

    Raises:
        ConfigError: for an unknown scenario.
        BundleError: if the policy cannot be loaded.
    """
    task, params = problem_of(EnvConfig(), config.scenario)
    subject = Subject(params, task, policy_of(config.policy, params, task), config.batches, config.num_envs)
    cases = [*cases_of(subject), *_peer_cases()]
    timings = measure(cases, config, clock, progress)
    found = Measured(_machine(), timings, figures(subject, {name: t.seconds for name, t in timings.items()}))
    _write(found, config)
    return found


def measure(
    cases: Sequence[Case], config: BenchConfig, clock: Clock, progress: Progress
) -> dict[str, Timing]:
    """Time every case once per round and keep its best, so that a busy moment hits all of them alike."""
    calls = {case.name: calls_for(case.run, config.seconds, clock) for case in cases}
    best = dict.fromkeys(calls, float("inf"))
    for done in range(config.repeats):
        for case in cases:
            best[case.name] = min(best[case.name], _seconds(case.run, calls[case.name], clock))
        progress((done + 1) / config.repeats)
    return {name: Timing(name, best[name], calls[name]) for name in calls}


def calls_for(run: Callable[[], object], seconds: float, clock: Clock) -> int:
    """Return how many calls fill a round; the first call, which may compile, is not counted."""
    run()
    calls = 1
    while calls < MOST_CALLS and _seconds(run, calls, clock) * calls < seconds / 2:
        calls *= 2
    return calls


def figures(subject: Subject, seconds: dict[str, float]) -> list[Figure]:
    """Work the times out into what people compare."""
    n, users = subject.num_envs, subject.params.n_users
    found = []
    for b in subject.batches:
        step_s = seconds[f"kernel B={b}"] / (b * KERNEL_STEPS)
        found += [
            Figure(f"twin kernel, B={b}", 1e6 * step_s, "us per replica-step"),
            Figure(f"twin kernel, B={b}", 1e-6 * users / step_s, "million UE-steps/s"),
        ]
    twin = seconds["reference"] / seconds[f"kernel B={REFERENCE_REPLICAS} as the reference"]
    found.append(Figure(f"twin kernel over numpy, B={REFERENCE_REPLICAS}", twin, "times as fast"))
    found += _env_figures(
        "environment, single", seconds["env n=1"], seconds["kernel of a control period B=1"], 1
    )
    inside = seconds[f"kernel of a control period B={n}"]
    found += _env_figures(f"environment, vector of {n}", seconds[f"env n={n} vector"], inside, n)
    for b in dict.fromkeys((1, n)):
        found.append(Figure(f"shield with look-ahead, B={b}", b / seconds[f"shield B={b}"], "decisions/s"))
        found.append(Figure(f"policy, B={b}", b / seconds[f"policy B={b}"], "actions/s"))
    return found + _peer_figures(seconds)


def peer_hint() -> str | None:
    """Return how to compare with mobile-env, unless it is there."""
    return None if find_spec(PEER) else HOW_TO_COMPARE


def _env_figures(name: str, env_s: float, kernel_s: float, n: int) -> list[Figure]:
    outside = 100.0 * (1.0 - kernel_s / env_s)
    return [
        Figure(name, n / env_s, "steps/s"),
        Figure(f"{name}, outside the kernel", outside, "% of the time"),
    ]


def _peer_cases() -> list[Case]:
    """Return mobile-env's largest registered problem, where it is installed."""
    if not find_spec(PEER):
        return []
    env: gym.Env[object, object] = gym.make(PEER_ID)
    env.reset(seed=0)
    action = env.action_space.sample()

    def step() -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return [Case(PEER, step)]


def _peer_figures(seconds: dict[str, float]) -> list[Figure]:
    if PEER not in seconds:
        return []
    return [Figure(f"{PEER_ID.split(':')[1]} for comparison", 1 / seconds[PEER], "steps/s")]


def _seconds(run: Callable[[], object], calls: int, clock: Clock) -> float:
    started_s = clock.monotonic_s()
    for _ in range(calls):
        run()
    return (clock.monotonic_s() - started_s) / calls


def _machine() -> dict[str, str | int]:
    return {"cpu": _cpu(), "cores": os.cpu_count() or 0, "system": platform.platform(), **versions()}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _write(found: Measured, config: BenchConfig) -> None:
    path = Path(config.out)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {**asdict(found), "settings": asdict(config)})
