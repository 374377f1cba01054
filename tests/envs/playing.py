"""What the same actions bring, to the bit: alone, in a batch, in a thread, in another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ranrein.envs.registry import make_env, make_vector_env
from ranrein.envs.vector import TwinVectorEnv

Bits = list[tuple[bytes, ...]]


def bits(observation: Any, reward: Any, ended: Any, info: Any, masks: Any) -> tuple[bytes, ...]:
    """One step of one replica as bytes: what is observed, paid, over, what it cost, and what may follow."""
    numbers = np.float64(reward), np.float64(info.get("cost", 0.0))
    return tuple(np.asarray(value).tobytes() for value in (observation, *numbers, ended, masks))


def continued(env: Any, actions: np.ndarray) -> Bits:
    """Steps of an environment alone."""
    taken = []
    for action in actions:
        observation, reward, _, truncated, info = env.step(action)
        taken.append(bits(observation, reward, truncated, info, env.unwrapped.action_masks()))
    return taken


def continued_row(env: TwinVectorEnv, row: int, actions: np.ndarray) -> Bits:
    """Steps of one row of a batch, whose other rows do the same later or earlier."""
    taken = []
    for step in range(len(actions)):
        both = np.stack([actions[(step + other - row) % len(actions)] for other in range(env.num_envs)])
        observation, reward, _, truncated, info = env.step(both)
        own = {"cost": info["cost"][row]}
        taken.append(bits(observation[row], reward[row], truncated[row], own, env.action_masks()[row]))
    return taken


def played(name: str, scenario: Any, asked: dict[str, bool], seed: int, actions: np.ndarray) -> Bits:
    """An environment made by its id, reset and stepped."""
    env = make_env(name, scenario=scenario, **asked)
    env.reset(seed=seed)
    return continued(env, actions)


def played_row(
    name: str, scenario: Any, asked: dict[str, bool], seeds: list[int], row: int, actions: np.ndarray
) -> Bits:
    """A row of a batch made by its id, reset and stepped."""
    env = make_vector_env(name, len(seeds), scenario, **asked)
    env.reset(seed=seeds)
    return continued_row(env, row, actions)


def resumed(env: Any, actions: np.ndarray, row: int | None) -> Bits:
    """Steps of an environment that was begun elsewhere."""
    return continued(env, actions) if row is None else continued_row(env, row, actions)


WORK = {work.__name__: work for work in (played, played_row, resumed)}


def serve() -> None:
    """Do what is asked for on standard input, one pickle of (name, arguments) after the other."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(WORK[name](*arguments), answers)
        answers.flush()


class Elsewhere:
    """Another process, started from nothing, that plays."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, work: Callable[..., Bits], *arguments: Any) -> Bits:
        """Do one of ``WORK`` there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((work.__name__, arguments), self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)


if __name__ == "__main__":
    serve()
