"""What happens between updates: curves, evaluations and stopping politely."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback


@dataclass(frozen=True)
class Standing:
    """How far a run is; None until an episode has ended."""

    steps: int
    total: int
    episode_return: float | None = None
    energy_kwh: float | None = None  # None also where nothing draws power
    violated_share: float | None = None  # of training episodes

    @property
    def note(self) -> str:
        """What to say beside a progress bar."""
        if self.episode_return is None:
            return f"{self.steps} steps"
        energy = "" if self.energy_kwh is None else f", {self.energy_kwh:.1f} kWh per day"
        return f"{self.steps} steps, return {self.episode_return:.1f}{energy}"


Listener = Callable[[Standing], None]


class Monitor(BaseCallback):
    """Records every reward term, cost and energy, calls ``on_evaluate`` every so often, and stops when asked.

    Args:
        total: steps of the whole run.
        eval_every: steps between evaluations.
        budget: largest mean cost of an episode that keeps its promise.
        on_evaluate: called between updates.
        listener: told after every control period.
    """

    def __init__(
        self, total: int, eval_every: int, budget: float, on_evaluate: Callable[[], None], listener: Listener
    ) -> None:
        super().__init__()
        self._total, self._eval_every, self._budget = total, eval_every, budget
        self._on_evaluate, self._listener = on_evaluate, listener
        self._ended: list[dict[str, float]] = []
        self._evaluated_at = -1
        self._last: dict[str, float] = {}
        self.stop = threading.Event()

    def _on_training_start(self) -> None:
        self._evaluated_at = self.num_timesteps

    def _on_rollout_start(self) -> None:
        if self.num_timesteps // self._eval_every > self._evaluated_at // self._eval_every:
            self._evaluate()

    def _on_step(self) -> bool:
        if np.any(self.locals["dones"]):
            self._ended += [_per_period(info) for info in self.locals["infos"] if "episode" in info]
        self._listener(self._standing())
        return not self.stop.is_set()

    def _on_rollout_end(self) -> None:
        if not self._ended:
            return
        self._last = {name: float(np.mean([row[name] for row in self._ended])) for name in self._ended[0]}
        self._last["episode/violated_share"] = float(
            np.mean([row["cost/mean"] > self._budget for row in self._ended])
        )
        for name, value in self._last.items():
            self.logger.record(name, value)
        self._ended.clear()

    def _on_training_end(self) -> None:
        if not self.stop.is_set() and self._evaluated_at != self.num_timesteps:
            self._evaluate()

    def _evaluate(self) -> None:
        self._evaluated_at = self.num_timesteps
        self._on_evaluate()

    def _standing(self) -> Standing:
        get = self._last.get
        return Standing(
            self.num_timesteps,
            self._total,
            get("episode/return"),
            get("episode/energy_kwh"),
            get("episode/violated_share"),
        )


@contextmanager
def stop_on_interrupt(stop: threading.Event) -> Generator[None]:
    """Turn the first Ctrl-C into a request to stop; the second interrupts. Only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _per_period(info: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return one episode's record: return and energy of the whole, means per control period of the rest."""
    sums, length = info["sums"], info["episode"]["l"]
    rows = {name: value / length for name, value in sums.items() if "/" in name}
    amounts = {f"episode/{name}": sums[name] for name in ("return", "energy_kwh", "revenue") if name in sums}
    return rows | amounts | {"cost/mean": sums["cost"] / length}
