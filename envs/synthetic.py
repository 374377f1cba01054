"""``nationwide``: a made-up country of towns and countryside, thousands of cells, as an inventory.

Nothing in it is measured: places are drawn, everything else is what an inventory without those columns gets.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..twin.types import F64, I64
from .inventory.fill import fill_sites
from .inventory.rows import Row
from .inventory.sites import Inventory

NAME = "nationwide"
SITES = 900
TOWNS, COLUMNS, TOWN_DISTANCE_M = 12, 4, 60_000.0
LARGEST_TOWN = 4.0  # times the sites of the smallest, assumption
# Share of the sites, distance between sites, and how far east of the middle of the town: assumptions. Sites stand
# nearer than in the drops of TR 38.913, because users stand in the corners of the maps too.
KINDS = {"UMa": (0.55, 400.0, 0.0), "UMi": (0.2, 200.0, 100.0), "RMa": (0.25, 1_200.0, TOWN_DISTANCE_M / 2)}
JITTER = 0.08  # of the distance between sites
# Lighter than measured networks, and nobody deep inside buildings: in clusters drawn at random somebody stands in every
# corner, and a promise that always-on cannot keep is worth nothing. With these it keeps all of them; assumptions.
SETTINGS: dict[str, Any] = {
    "users": {"max_indoor_loss_db": 12.0},
    "load": {"station_load_quantiles": (0.05, 0.1, 0.17)},
    "sla": {"max_below_frac": 0.15, "max_blocked_frac": 0.1},
}


@cache
def nationwide(n_sites: int = SITES, seed: int = 1) -> Inventory:
    """Return a country of so many sites.

    Towns of macro sites (UMa) on a disturbed hexagonal grid with street-level ones (UMi) in their middle, and between
    the towns villages of rural macro sites (RMa).

    Args:
        n_sites: at least 60, so that every town has some of each kind.
        seed: of the places.

    Raises:
        ValueError: if there are too few sites.
    """
    if n_sites < 5 * TOWNS:
        raise ValueError(f"n_sites={n_sites}: {NAME} needs at least {5 * TOWNS}")
    draw = np.random.default_rng([seed, n_sites])
    counts = {kind: round(share * n_sites) for kind, (share, *_) in KINDS.items()}
    counts["UMa"] += n_sites - sum(counts.values())
    records = [
        _record(kind, number, place)
        for kind, count in counts.items()
        for number, place in enumerate(_places(kind, count, draw), start=1)
    ]
    sites, notes = fill_sites({"sites": records})
    return Inventory(NAME, NAME, sites, is_geographic=False, settings=SETTINGS, notes=tuple(notes))


def _places(kind: str, count: int, draw: np.random.Generator) -> F64:
    """Return the places of all sites of a kind, town by town, (count, 2) metres east and north."""
    _, distance_m, east_m = KINDS[kind]
    row, column = np.divmod(np.arange(TOWNS), COLUMNS)
    middles = np.stack([column * TOWN_DISTANCE_M + east_m, row * TOWN_DISTANCE_M], axis=1)
    patches = [
        middle + distance_m * _patch(n) for middle, n in zip(middles, _by_town(count).tolist(), strict=True)
    ]
    return np.concatenate(patches) + draw.normal(0.0, JITTER * distance_m, (count, 2))


def _by_town(count: int) -> I64:
    """Share sites out among the towns, the first the largest."""
    weight = np.linspace(LARGEST_TOWN, 1.0, TOWNS)
    ends = np.round(count * np.cumsum(weight) / weight.sum()).astype(np.int64)
    return np.diff(ends, prepend=0)


def _patch(count: int) -> F64:
    """Return the points of a hexagonal grid of distance 1 that lie nearest to the origin, (count, 2)."""
    far = 2 + int(np.sqrt(2 * count))
    reach = np.arange(-far, far + 1)
    across, along = (axis.ravel().astype(np.float64) for axis in np.meshgrid(reach, reach))
    points = np.stack([across + along / 2.0, along * np.sqrt(3.0) / 2.0], axis=1)
    return points[np.lexsort((points[:, 0], points[:, 1], np.round(np.hypot(*points.T), 9)))[:count]]


def _record(kind: str, number: int, place: F64) -> tuple[Row, dict[str, str | float]]:
    east_m, north_m = (round(float(metres), 1) for metres in place)
    values = {"id": f"{kind}-{number:05d}", "propagation": kind, "x_m": east_m, "y_m": north_m}
    return Row(NAME, number, {}), values
