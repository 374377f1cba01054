"""The episode of a loss system so far, request by request; knows nothing of drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..twin.loss.system import LossSystem
from ..twin.types import F64, I64


@dataclass
class LossTrail:
    """One entry per request that was answered, and one for the beginning."""

    system: LossSystem
    held: list[I64] = field(default_factory=list)  # (K,) each, admissions in service at the next request
    asked: I64 = field(init=False)  # (K,), requests that were answered
    admitted: I64 = field(init=False)  # (K,)
    refused: list[int] = field(default_factory=list)  # all of them until then
    revenue: list[float] = field(default_factory=list)  # until then
    seconds: float = 0.0
    beyond: int = 0  # admissions that were asked for and did not fit
    last: tuple[int, bool] | None = None  # class that was answered last, and whether it was admitted

    def __post_init__(self) -> None:
        self._clear()

    def note(self, standing: dict[str, Any], judged: dict[str, Any] | None) -> None:
        """Add what the last answer brought; nothing was judged where an episode begins."""
        if judged is None:
            self._clear()
        else:
            self._count(standing["kpis"]["DRB.EstabAtt"], standing["kpis"]["DRB.EstabSucc"])
            self.seconds += float(judged["elapsed_s"])
            self.beyond += int(judged["cost"] > 0)
        earned = 0.0 if judged is None else float(judged["revenue"])
        self.revenue.append((self.revenue[-1] if self.revenue else 0.0) + earned)
        self.refused.append(int(self.asked.sum() - self.admitted.sum()))
        self.held.append(standing["in_service"])

    @property
    def answered(self) -> int:
        """Requests that were answered."""
        return len(self.held) - 1

    @property
    def blocking(self) -> F64:
        """Share of the requests of each class that was refused, (K,); NaN where nobody asked."""
        refused = (self.asked - self.admitted).astype(np.float64)
        return np.divide(refused, self.asked, out=np.full(len(refused), np.nan), where=self.asked > 0)

    def _count(self, asked: I64, admitted: I64) -> None:
        self.asked, self.admitted = self.asked + asked, self.admitted + admitted
        if asked.any():
            kind = int(asked.argmax())
            self.last = kind, bool(admitted[kind])

    def _clear(self) -> None:
        self.asked = np.zeros(self.system.n_classes, np.int64)
        self.admitted = np.zeros(self.system.n_classes, np.int64)
        self.held, self.refused, self.revenue = [], [], []
        self.seconds, self.beyond, self.last = 0.0, 0, None
