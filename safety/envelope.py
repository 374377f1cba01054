"""The box of situations that a certificate has seen; outside it says nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.sync import area_traffic
from ..twin.types import F64

Envelope = Mapping[str, tuple[float, float]]
KBIT_PER_MBIT = 1000.0


def features(params: Params, kpis: Kpis) -> dict[str, F64]:
    """Return what the envelope bounds, each (B,): reported traffic per area and connected users."""
    mbps = area_traffic(params, kpis, np.ones_like(kpis.valid)) / KBIT_PER_MBIT / kpis.granularity_s
    traffic = {f"area {g} offered Mbit/s": mbps[:, g] for g in range(params.n_areas)}
    return {**traffic, "connected users": kpis.conn_mean.sum(axis=1, dtype=np.float64)}


def is_inside(params: Params, kpis: Kpis, envelope: Envelope) -> bool:
    """Tell whether every network's report lies in the box; NaN and unknown or missing features are outside."""
    seen = features(params, kpis)
    if set(seen) != set(envelope):
        return False
    return all(
        bool(np.all((low <= seen[name]) & (seen[name] <= high))) for name, (low, high) in envelope.items()
    )


def enclose(params: Params, kpis: Kpis, envelope: Envelope) -> dict[str, tuple[float, float]]:
    """Return the smallest box that holds ``envelope`` (may be empty) and the report."""
    grown = {}
    for name, values in features(params, kpis).items():
        low, high = envelope.get(name, (np.inf, -np.inf))
        grown[name] = (min(low, float(values.min())), max(high, float(values.max())))
    return grown


def join(first: Envelope, second: Envelope) -> dict[str, tuple[float, float]]:
    """Return the smallest box that holds both."""
    names = set(first) | set(second)
    never = (np.inf, -np.inf)
    return {
        name: (
            min(first.get(name, never)[0], second.get(name, never)[0]),
            max(first.get(name, never)[1], second.get(name, never)[1]),
        )
        for name in sorted(names)
    }


class Strikes:
    """Counts bad periods: three of the last twenty are too many.

    Args:
        limit: so many bad ones trip.
        window: of so many.
    """

    def __init__(self, limit: int = 3, window: int = 20) -> None:
        self._limit = limit
        self._recent: deque[bool] = deque(maxlen=window)

    def record(self, is_bad: bool) -> bool:
        """Note one period and tell whether it is too many now."""
        self._recent.append(is_bad)
        return self.tripped

    @property
    def tripped(self) -> bool:
        """Whether the limit is reached within the window."""
        return sum(self._recent) >= self._limit

    def clear(self) -> None:
        """Forget the past, after a person has looked."""
        self._recent.clear()
