"""The days of a network's areas: one law for all of them, or a week of its own for each kind of area."""

from __future__ import annotations

import numpy as np

from .area_load import week_profile
from .scenario import Scenario
from .traffic import load_profile
from .types import F32, I32

MIXED = "mixed"


def kinds_of_areas(scenario: Scenario) -> list[str]:
    """Return the kind of every area, that of its coverage cell's site; empty where all areas follow one law.

    Measured days (``load.profile``) are such a law: they stand for every area.
    """
    if scenario.load.profile or not any(site.area for site in scenario.sites):
        return []
    return [
        site.area or MIXED
        for site in scenario.sites
        for sector in site.sectors
        for name in sector.carriers
        if scenario.carriers[name].layer == "coverage"
    ]


def day_laws(scenario: Scenario) -> dict[str, F32 | I32]:
    """Return the days of the whole network (D, T), of each kind of area (K, D, T), and the kind of each area (G,).

    Where areas differ, the seven days of the week begin with Monday and an episode draws one of them by its seed; the
    network's days are then the mean of its areas'.
    """
    areas = kinds_of_areas(scenario)
    if not areas:
        profile = load_profile(scenario.load.profile)
        return {
            "profile": profile,
            "kind_profile": np.zeros((0, *profile.shape), np.float32),
            "area_kind": np.zeros(0, np.int32),
        }
    kinds = sorted(set(areas))
    weeks = np.array([week_profile(kind) for kind in kinds])
    number = np.array([kinds.index(area) for area in areas], dtype=np.int32)
    mean = tuple(tuple(float(value) for value in row) for row in weeks[number].mean(axis=0))
    return {"profile": load_profile(mean), "kind_profile": weeks.astype(np.float32), "area_kind": number}
