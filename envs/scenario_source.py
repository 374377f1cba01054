"""What names a scenario on the command line and in ``gym.make``: a shipped one, a cluster of an inventory, or a fit."""

from __future__ import annotations

from pathlib import Path

from ..twin.scenario import Scenario
from .catalogue import load_scenario
from .fit_source import FIT_PREFIX, fitted_scenario
from .inventory import read_inventory
from .inventory_rows import broken
from .inventory_scenario import cluster_scenario, clusters

PREFIX = "inventory:"
PREFIXES = (PREFIX, FIT_PREFIX)


def scenario_named(text: str) -> Scenario:
    """Return a scenario by name: a shipped one, ``inventory:PATH``, ``inventory:PATH@K`` or ``fit:PATH``.

    ``@K`` is the K-th cluster of the inventory, from 1; a fit is what ``ranrein calibrate`` wrote.

    Raises:
        UnknownNameError: if there is no such scenario.
        InventoryError: if the inventory cannot be used, or holds several clusters and none is chosen.
        FitFileError: if the fit cannot be used.
    """
    if text.startswith(FIT_PREFIX):
        return fitted_scenario(Path(text.removeprefix(FIT_PREFIX)))
    if not text.startswith(PREFIX):
        return load_scenario(text)
    path, at, number = text.removeprefix(PREFIX).rpartition("@")
    if not at or not number.isdecimal():
        path, number = text.removeprefix(PREFIX), ""
    inventory = read_inventory(Path(path))
    groups = clusters(inventory)
    if not number and len(groups) > 1:
        what = (
            f"{len(inventory.sites):,} sites with {inventory.n_cells:,} cells make {len(groups):,} clusters"
        )
        raise broken(path, 1, what, f"choose one with {PREFIX}{path}@1 to @{len(groups)}")
    chosen = int(number or 1)
    if not 1 <= chosen <= len(groups):
        raise broken(path, 1, f"has no cluster {chosen}", f"choose 1 to {len(groups)}")
    name = inventory.name if len(groups) == 1 else f"{inventory.name}@{chosen}"
    return cluster_scenario(inventory, groups[chosen - 1], name)
