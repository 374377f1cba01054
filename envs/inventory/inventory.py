"""A user's own network: sites, sectors and carriers from CSV or JSON, checked and filled up.

The format stands in ``docs/inventory.md``; ``scenario.py`` makes scenarios of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from .backhaul import check_link, sharing_notes
from .carriers import check_carrier
from .checks import (
    GLOBE,
    PLANE,
    Record,
    check_children,
    check_parents,
    check_places,
    check_transport,
    check_unique,
    paths,
)
from .defaults import area_key
from .files import read_source
from .fill import fill_areas, fill_sites
from .plausible import check_azimuths, check_map, check_sites, check_unit_power
from .rows import TABLES, Problems, Source, broken
from .sites import Inventory
from .values import named_rows, values_of

_log = logging.getLogger(__name__)
Records = Mapping[str, Sequence[Record]]


def read_inventory(path: Path) -> Inventory:
    """Read and check an inventory, and fill its blanks from the defaults.

    Args:
        path: a JSON file, a CSV file of sites, or a folder with ``sites.csv`` and perhaps ``sectors.csv`` and
            ``carriers.csv``.

    Raises:
        InventoryError: if anything is wrong; lists every problem with file, line, field, value and repair.
    """
    return inventory_of(read_source(path), str(path))


def inventory_of(source: Source, path: str) -> Inventory:
    """Return the inventory of what a file holds; InventoryError as from ``read_inventory``."""
    problems = Problems()
    records, notes = _records(source, problems)
    _check_links(records, problems)
    before = len(problems.found)
    is_geographic = check_places(records["sites"], problems)
    if len(problems.found) == before and _tell_areas(records["sites"], is_geographic):
        notes += fill_areas(records["sites"], is_geographic)
    is_whole = not problems.found
    check_sites([record for record in records["sites"] if "propagation" in record[1]], problems)
    if is_whole:
        notes += check_map(records["sites"], is_geographic, problems)
    _check_carriers(records, problems)
    problems.stop_if_any()
    sites, filled = fill_sites(records)
    notes += filled + sharing_notes(sites)
    for note in notes:
        _log.info("%s: %s", path, note)
    line = source.settings_at[1]
    return Inventory(source.name, path, sites, is_geographic, source.settings, line, tuple(notes))


def _tell_areas(sites: Sequence[Record], is_geographic: bool) -> bool:
    """Tell whether area types that are blank can be told by distance: all places are there, and no type is misspelt."""
    pair = set(GLOBE if is_geographic else PLANE)
    return all(values.keys() >= pair | (row.values.keys() & {"propagation"}) for row, values in sites)


def _records(source: Source, problems: Problems) -> tuple[dict[str, list[Record]], list[str]]:
    records, notes = dict[str, list[Record]](), list[str]()
    for kind in (kind for kind in TABLES if kind in source.tables):
        rows, unknown = named_rows(kind, source.tables[kind], problems)
        records[kind] = [(row, values_of(kind, row, problems)) for row in rows]
        notes += [f"{kind}: columns not used: {', '.join(unknown)}"] if unknown else []
    if not records["sites"]:
        raise broken(source.tables["sites"].file, 1, "lists no sites", "give one record for each site")
    if "carriers" in records and "sectors" not in records:
        raise broken(
            source.tables["carriers"].file, 1, "lists carriers, but nothing lists sectors", "list the sectors"
        )
    return records, notes


def _check_links(records: Records, problems: Problems) -> None:
    sites = records["sites"]
    check_unique(sites, ("id",), problems)
    check_transport(sites, problems)
    for row, values in sites:
        check_link(row, values, problems)
    if "sectors" in records:
        sectors = records["sectors"]
        check_azimuths(sectors, problems)
        check_unique(sectors, ("site", "id"), problems)
        check_parents(sectors, paths(sites, ("id",)), ("site",), problems)
        check_children(sites, paths(sectors, ("site",)), ("id",), problems)
    if "carriers" in records:
        _check_carrier_links(records, problems)


def _check_carrier_links(records: Records, problems: Problems) -> None:
    sectors, carriers = records["sectors"], records["carriers"]
    named = [(row, {"id": values.get("band", ""), **values}) for row, values in carriers]
    check_unique(named, ("site", "sector", "id"), problems)
    sites = paths(records["sites"], ("id",))
    check_parents(carriers, sites, ("site",), problems)
    inside = [(row, values) for row, values in carriers if values.get("site") in sites]
    check_parents(inside, paths(sectors, ("site", "id")), ("site", "sector"), problems)
    at_home = [(row, values) for row, values in sectors if values.get("site") in sites]
    check_children(at_home, paths(carriers, ("site", "sector")), ("site", "id"), problems)


def _check_carriers(records: Records, problems: Problems) -> None:
    areas = {
        str(v.get("id")): area_key(str(v["propagation"])) for _, v in records["sites"] if "propagation" in v
    }
    for row, values in records.get("carriers", ()):
        area = areas.get(str(values.get("site")))
        check_carrier(row, values, area, problems)
        if area:
            check_unit_power(row, values, area, problems)
