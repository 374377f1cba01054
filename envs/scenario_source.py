"""What names a scenario on the command line and in ``gym.make``: a shipped one, a cluster of an inventory, or a fit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..twin.scenario import Scenario
from .catalogue import UnknownNameError, load_scenario, read_scenario, scenario_names
from .fit_source import FIT_PREFIX, FitFileError, fitted_scenario
from .inventory.inventory import read_inventory
from .inventory.rows import broken
from .inventory.scenario import cluster_scenario, clusters
from .inventory.sites import Inventory
from .scenario_file import Rows, on_days
from .synthetic import NAME as NATIONWIDE
from .synthetic import nationwide
from .variants import LAWS, SIGN, split_variants, varied

PREFIX = "inventory:"
FILE_PREFIX = "file:"
PREFIXES = (PREFIX, FIT_PREFIX, FILE_PREFIX, NATIONWIDE)


def scenario_named(text: str, days: Rows | None = None) -> Scenario:
    """Return a scenario by name: a shipped one, ``inventory:PATH``, ``inventory:PATH@K``, ``fit:`` or ``file:PATH``.

    ``@K`` is the K-th cluster of the inventory, from 1, as in ``nationwide@K``, of a made-up country; a fit is what
    ``ranrein calibrate`` wrote, a file a YAML like those shipped. ``+VARIANT`` behind any of them makes it harder, see
    ``variants``. ``days``, (days, slots), stand in place of the scenario's own, and its laws over days and variants
    are applied to them; None leaves them.

    Raises:
        UnknownNameError: if there is no such scenario.
        InventoryError: if the inventory cannot be used, or holds several clusters and none is chosen.
        FitFileError: if the fit cannot be used.
        ScenarioFileError: if the scenario file cannot be used.
    """
    base, variants = split_variants(text)
    plain = _plain(base, days)
    return varied(plain, variants) if variants else plain


def _plain(text: str, days: Rows | None) -> Scenario:
    if text.startswith(FIT_PREFIX):
        return _fitted(text, days)
    if text.startswith(FILE_PREFIX):
        return read_scenario(Path(text.removeprefix(FILE_PREFIX)), days)
    path, number = _cluster_number(text)
    if path.startswith(PREFIX) or path == NATIONWIDE:
        return _cluster(path, number, days)
    if text not in scenario_names():
        raise UnknownNameError("scenario", text, candidates(text, scenario_names()))
    return load_scenario(text, days)


def candidates(text: str, names: Iterable[str]) -> list[str]:
    """Return what an unknown name may stand for: one of ``names``, or a YAML file that lacks its prefix."""
    return [*names, *([FILE_PREFIX + text] if text.endswith((".yaml", ".yml")) else [])]


def _fitted(text: str, days: Rows | None) -> Scenario:
    """Return a fit on measured days, unless its own days hold a law already: it could not be taken off them."""
    fit = fitted_scenario(Path(text.removeprefix(FIT_PREFIX)))
    laws = [law for law in LAWS if law in fit.name.split(SIGN)[1:]]
    if days is not None and laws:
        repair = f"calibrate the scenario without +{laws[0]}, and name it behind the fit"
        raise FitFileError(
            f"{text}: {fit.name!r} has {laws[0]} in its days, which other days would take away; {repair}"
        )
    return on_days(fit, days)


def _cluster_number(text: str) -> tuple[str, str]:
    """Split ``NAME@K``; K is empty where there is none."""
    path, at, number = text.rpartition("@")
    return (path, number) if at and number.isdecimal() else (text, "")


def inventory_named(text: str) -> Inventory:
    """Return the network behind ``inventory:PATH`` or ``nationwide``; InventoryError if it cannot be used."""
    return nationwide() if text == NATIONWIDE else read_inventory(Path(text.removeprefix(PREFIX)))


def _cluster(text: str, number: str, days: Rows | None) -> Scenario:
    inventory = inventory_named(text)
    groups = clusters(inventory)
    if not number and len(groups) > 1:
        what = (
            f"{len(inventory.sites):,} sites with {inventory.n_cells:,} cells make {len(groups):,} clusters"
        )
        raise broken(inventory.file, 1, what, f"choose one with {text}@1 to @{len(groups)}")
    chosen = int(number or 1)
    if not 1 <= chosen <= len(groups):
        raise broken(inventory.file, 1, f"has no cluster {chosen}", f"choose 1 to {len(groups)}")
    name = inventory.name if len(groups) == 1 else f"{inventory.name}@{chosen}"
    return cluster_scenario(inventory, groups[chosen - 1], name, days)
