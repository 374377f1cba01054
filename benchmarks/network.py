"""Networks of any size for the measurements: sites on a hexagonal lattice, three sectors each, one carrier a sector.

57 cells are 19 sites: the layout that TR 38.901 7.8 calibrates on. Every third site is a coverage site.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

import numpy as np

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.carrier import CarrierState
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario, Sector, Site
from ranrein.twin.state import State, begin, open_period

SITE_DISTANCE_M = 500.0  # TR 38.901 table 7.2-1, UMa
PIXEL_M = 10.0
AZIMUTHS_DEG = (30.0, 150.0, -90.0)
CELLS, USERS = 57, 570  # what targets are stated for
_TURNS = ((-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0), (0, 1))  # the six sides of a ring, axial coordinates


def _lattice() -> Iterator[tuple[float, float]]:
    """Yield sites around the origin ring by ring, m."""
    yield 0.0, 0.0
    ring = 0
    while True:
        ring += 1
        q, r = ring, 0
        for turn in _TURNS:
            for _ in range(ring):
                yield SITE_DISTANCE_M * (q + 0.5 * r), SITE_DISTANCE_M * math.sqrt(0.75) * r
                q, r = q + turn[0], r + turn[1]


def _sites(n_cells: int, macro: Site, middle_m: float) -> tuple[Site, ...]:
    sites: list[Site] = []
    for i, (x_m, y_m) in enumerate(islice(_lattice(), math.ceil(n_cells / 3))):
        carriers = ("n28",) if i % 3 == 0 else ("n78",)
        sectors = tuple(Sector(azimuth, carriers) for azimuth in AZIMUTHS_DEG[: n_cells - 3 * i])
        sites.append(replace(macro, name=f"site{i}", x_m=middle_m + x_m, y_m=middle_m + y_m, sectors=sectors))
    return tuple(sites)


def _rings(n_sites: int) -> int:
    """Return how many rings around the first site hold the others."""
    rings = 0
    while 1 + 3 * rings * (rings + 1) < n_sites:
        rings += 1
    return rings


def network(n_cells: int = CELLS, n_users: int = USERS, most_pixels: int | None = None) -> Scenario:
    """Return a network in which every resident walks, a surge comes in the first hour and all else is as in `urban`.

    Args:
        n_cells: at least 1.
        n_users: residents, even; the crowd fills their number up to a multiple of eight.
        most_pixels: upper limit to the pixels along a side of the map; coarser pixels keep it.
    """
    urban = load_scenario("urban")
    pixels = round((2 * _rings(math.ceil(n_cells / 3)) + 1) * SITE_DISTANCE_M / PIXEL_M)
    width_m = pixels * PIXEL_M
    kept = min(pixels, most_pixels or pixels)
    middle = 0.5 * width_m
    return replace(
        urban,
        name=f"{n_cells} cells x {n_users} users",
        width_m=width_m,
        pixel_m=width_m / kept,
        sites=_sites(n_cells, urban.sites[0], middle),
        users=replace(urban.users, resident=n_users, crowd=-n_users % 8 or 8, indoor_share=0.0),
        surge=replace(urban.surge, probability=1.0, hours=(0.0, 1.0), venues=((middle, middle),)),
    )


def started(params: Params, n_replicas: int) -> State:
    """Return replicas at the beginning of an episode."""
    seeds = np.arange(n_replicas, dtype=np.int64)
    state = begin(params, seeds, np.zeros_like(seeds))
    open_period(state)
    return state


def commands(params: Params, n_replicas: int) -> Iterator[Command]:
    """Yield commands for ever: all awake, then a third of the capacity each muted, lightly and deeply asleep."""
    asleep = np.zeros(params.n_cells, np.int8)
    saving = (CarrierState.TRX_MUTED, CarrierState.LIGHT_SLEEP, CarrierState.DEEP_SLEEP)
    asleep[params.capacity_cells] = np.resize(np.array(saving, np.int8), len(params.capacity_cells))
    awake = Command.all_active(n_replicas, params.n_cells)
    return cycle((awake, Command(np.tile(asleep, (n_replicas, 1)))))
