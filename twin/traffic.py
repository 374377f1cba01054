"""The load laws: hour of day, spread between stations, flash crowds.

Source of the default law: ITU AI/ML in 5G challenge 2023, hourly PRB load of 1,020 anonymised 5G base
stations over 8 days. The numbers below are facts read from its published aggregates: mean load by hour of
day, and the quartiles of the mean load of a station.
"""

from __future__ import annotations

import numpy as np

from .types import F32

# Mean downlink PRB load by hour of day, 0..23 h
ITU_2023_LOAD_BY_HOUR = (
    0.278, 0.214, 0.145, 0.101, 0.075, 0.064, 0.063, 0.096, 0.173, 0.226, 0.238, 0.253,
    0.273, 0.308, 0.328, 0.307, 0.318, 0.334, 0.341, 0.348, 0.325, 0.308, 0.315, 0.313,
)  # fmt: skip
ITU_2023_STATION_QUARTILES = (0.10, 0.21, 0.36)
SECONDS_PER_DAY = 86_400.0


def load_profile(rows: tuple[tuple[float, ...], ...]) -> F32:
    """Return the (days, slots) profile of a scenario with mean 1 over everything.

    Args:
        rows: one tuple per day, equally spaced over 24 h; empty for the ITU 2023 law.

    Raises:
        ValueError: if the rows differ in length, hold a negative or non-finite value, or are all zero.
    """
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"load.profile rows have different lengths: {sorted({len(row) for row in rows})}")
    table = np.array(rows if rows else [ITU_2023_LOAD_BY_HOUR], dtype=np.float64)
    if not np.all(np.isfinite(table)) or not np.all(table >= 0):
        raise ValueError("load.profile has a negative or non-finite value; fill the gaps before use")
    if not table.mean() > 0:
        raise ValueError("load.profile is zero everywhere")
    return np.ascontiguousarray(table / table.mean(), dtype=np.float32)


def station_mean_load(uniform: np.ndarray, quantiles: tuple[float, float, float]) -> F32:
    """Map uniform numbers to mean loads between the first and the third quartile of stations.

    Args:
        uniform: any shape, in [0, 1).
        quantiles: p25, p50, p75 of the mean load.
    """
    return np.interp(uniform, (0.0, 0.5, 1.0), quantiles).astype(np.float32)
