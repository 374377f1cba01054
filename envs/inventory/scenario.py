"""Scenarios out of an inventory: a small network as one, a large one as clusters that are stepped apart.

What the inventory does not say comes from the shipped scenario ``urban``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from ...twin.backhaul import Backhaul
from ...twin.link import N_PRB
from ...twin.scenario import Carrier, Scenario, Sector, Site
from ...twin.types import F64, I64
from ..catalogue import load_scenario, scenario_from
from ..scenario_file import Rows, ScenarioFile
from .backhaul import core_of, links_of
from .defaults import AREA_DEFAULTS, area_key
from .neighbours import cut
from .rows import InventoryError, broken
from .sites import Inventory, InventorySector, InventorySite, plane_m

TEMPLATE = "urban"
MOST_CELLS = 42  # of a cluster: seven sites of three sectors with two carriers
WIDEST_M = 20_000.0
LEAST_WIDTH_M = 200.0
PIXELS, PIXEL_STEP_M = 80, 5.0  # per side of a map, at most; pixels are multiples of the step
RESIDENTS_PER_AREA, CROWD = 24, 24  # as in the template
VENUES = 3
_OWN = ("name", "carriers", "sites")  # what the sites, sectors and carriers say


def clusters(inventory: Inventory, most_cells: int = MOST_CELLS) -> list[I64]:
    """Return the indices of the sites of each cluster; an inventory that gives ``width_m`` is one cluster."""
    if "width_m" in inventory.settings:
        return [np.arange(len(inventory.sites), dtype=np.int64)]
    weights = np.array([site.n_cells for site in inventory.sites], dtype=np.int64)
    return cut(inventory.plane_m(), weights, most_cells, WIDEST_M)


def cluster_scenario(
    inventory: Inventory, members: Sequence[int] | I64, name: str, days: Rows | None = None
) -> Scenario:
    """Return the scenario of one cluster.

    Other clusters are not heard; the interference from outside the map is ``noise_rise_db``.

    Args:
        inventory: the network.
        members: indices of the cluster's sites, as ``clusters`` gives them.
        name: of the scenario.
        days: (days, slots), in place of those that the file or the template says.

    Raises:
        InventoryError: if the cluster has no coverage carrier, or if the settings of the file do not fit the schema.
    """
    sites = [inventory.sites[i] for i in members]
    kinds, names = _kinds(sites)
    places, map_settings = _map(inventory, sites)
    links = links_of(inventory.sites, list(names))
    data = _settings(inventory, _usual(places, map_settings, kinds, names))
    data |= {
        "name": name,
        "failures": _failures_here(data["failures"], inventory, {site.id for site in sites}),
        "carriers": kinds,
        "sites": [
            _site(site, links.of[site.id], place, names[site.id])
            for site, place in zip(sites, places, strict=True)
        ],
    }
    try:
        if links.shared:
            data["core"] = core_of(scenario_from(data).core, links)
        return scenario_from(data, days)
    except ValueError as error:
        raise _refused(inventory, f"{name}: {error}") from error


def _kinds(sites: Sequence[InventorySite]) -> tuple[dict[str, Carrier], dict[str, list[tuple[str, ...]]]]:
    """Return the kinds of carrier by name, and each site's kinds by sector.

    Carriers with the same id and the same parameters are one kind; further ones get a number.
    """
    kinds: dict[str, Carrier] = {}
    names: dict[str, list[tuple[str, ...]]] = {}
    known: dict[tuple[str, Carrier], str] = {}
    for site in sites:
        for sector in site.sectors:
            for c in sector.carriers:
                if (c.id, c.carrier) not in known:
                    known[c.id, c.carrier] = name = _free(c.id, kinds)
                    kinds[name] = c.carrier
            names.setdefault(site.id, []).append(tuple(known[c.id, c.carrier] for c in sector.carriers))
    return kinds, names


def _free(name: str, taken: Mapping[str, object]) -> str:
    return next(n for i in range(1, len(taken) + 2) if (n := name if i == 1 else f"{name}.{i}") not in taken)


def _map(inventory: Inventory, sites: Sequence[InventorySite]) -> tuple[F64, dict[str, float]]:
    """Return places on the map in metres, (S, 2), and the map's width and pixel."""
    places = np.array([site.place for site in sites])
    if "width_m" in inventory.settings:
        _check_map(inventory, places)
        return places, {}
    places = plane_m(places) if inventory.is_geographic else places
    margin_m = max(AREA_DEFAULTS[area_key(site.propagation)].distance_m for site in sites) / 2
    low, extent = places.min(axis=0), np.ptp(places, axis=0)
    side_m = max(float(extent.max()) + 2 * margin_m, LEAST_WIDTH_M)
    pixel_m = max(1, math.ceil(side_m / PIXELS / PIXEL_STEP_M)) * PIXEL_STEP_M
    width_m = math.ceil(side_m / pixel_m) * pixel_m
    return np.round(places - low + (width_m - extent) / 2, 2), {"width_m": width_m, "pixel_m": pixel_m}


def _check_map(inventory: Inventory, places: F64) -> None:
    """Refuse a map of given width unless all its sites stand on it."""
    width_m = inventory.settings["width_m"]
    if inventory.is_geographic:
        raise _refused(
            inventory, f"width_m={width_m} needs places in x_m and y_m, not latitude and longitude"
        )
    beside = [site.id for site, place in zip(inventory.sites, places, strict=True) if place.min() < 0]
    beside += [site.id for site, place in zip(inventory.sites, places, strict=True) if place.max() > width_m]
    if beside:
        raise _refused(inventory, f"width_m={width_m} leaves site {beside[0]!r} beside the map of 0..width_m")


def _usual(
    places: F64,
    map_settings: dict[str, float],
    kinds: Mapping[str, Carrier],
    names: Mapping[str, list[tuple[str, ...]]],
) -> Scenario:
    """Return the template with the size of the cluster: its map, users, traffic and venues."""
    template = _template()
    cells = [kinds[name] for sectors in names.values() for sector in sectors for name in sector]
    n_areas = max(1, sum(c.layer == "coverage" for c in cells))
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    nearest = np.argsort(np.hypot(*(places - middle).T), kind="stable")[:VENUES]
    own = [
        c
        for site in template.sites
        for sector in site.sectors
        for c in (template.carriers[n] for n in sector.carriers)
    ]
    per_mhz = (
        template.load.full_load_mbps * sum(c.layer == "coverage" for c in own) / sum(map(_stream_mhz, own))
    )
    return replace(
        template,
        users=replace(template.users, resident=RESIDENTS_PER_AREA * n_areas, crowd=CROWD),
        load=replace(template.load, full_load_mbps=per_mhz * sum(map(_stream_mhz, cells)) / n_areas),
        surge=replace(
            template.surge, venues=tuple((float(places[i, 0]), float(places[i, 1])) for i in nearest)
        ),
        **map_settings,
    )


@cache
def _template() -> Scenario:
    return load_scenario(TEMPLATE)


def _stream_mhz(carrier: Carrier) -> float:
    """Return the downlink bandwidth times layers, what traffic at full load grows with."""
    n_prb = N_PRB[carrier.bandwidth_mhz, carrier.scs_khz]
    return n_prb * 12e-3 * carrier.scs_khz * carrier.dl_share * carrier.mimo_layers


def _settings(inventory: Inventory, usual: Scenario) -> dict[str, Any]:
    """Return the template's settings as plain data, overlaid with those of the file, section by section."""
    data: dict[str, Any] = {
        f.name: getattr(usual, f.name, None) for f in fields(ScenarioFile) if f.name not in _OWN
    }
    for key, value in inventory.settings.items():
        if key not in data:
            near = difflib.get_close_matches(key, data, n=1, cutoff=0.0)[0]
            raise _refused(inventory, f"{key!r} is no section of a scenario; did you mean {near!r}?")
        is_section = isinstance(value, Mapping) and is_dataclass(data[key])
        data[key] = {**asdict(data[key]), **value} if is_section else value
    return data


def _failures_here(failures: Any, inventory: Inventory, here: set[str]) -> Any:  # noqa: ANN401
    """Leave the sites of other clusters out of the groups that fail together; unknown ones stay, to be refused."""
    if not isinstance(failures, Mapping) or not isinstance(failures.get("together"), list | tuple):
        return failures
    elsewhere = {site.id for site in inventory.sites} - here
    groups = []
    for group in failures["together"]:
        if isinstance(group, Mapping) and isinstance(group.get("sites"), list | tuple) and group["sites"]:
            left = [site for site in group["sites"] if site not in elsewhere]
            groups += [{**group, "sites": left}] if left else []
        else:
            groups.append(group)
    return {**failures, "together": groups}


def _site(site: InventorySite, link: Backhaul, place: F64, names: list[tuple[str, ...]]) -> Site:
    sectors = tuple(
        Sector(_from_east(sector.azimuth_deg), kinds, _calibration(sector))
        for sector, kinds in zip(site.sectors, names, strict=True)
    )
    x_m, y_m = (float(metres) for metres in place)
    place_and_kind = (site.id, x_m, y_m, site.height_m, site.propagation, site.fixed_power_w)
    return Site(*place_and_kind, sectors, link, site.area)


def _calibration(sector: InventorySector) -> tuple[float, ...]:
    """Return the offsets of a sector by carrier; none where the file gives none."""
    given = [carrier.calibration_db for carrier in sector.carriers]
    return tuple(offset or 0.0 for offset in given) if any(offset is not None for offset in given) else ()


def _from_east(compass_deg: float) -> float:
    """Return the twin's azimuth, counter-clockwise from east in (-180, 180], of one clockwise from north."""
    angle = 90.0 - compass_deg
    return angle + 360.0 if angle <= -180.0 else angle


def _refused(inventory: Inventory, what: str) -> InventoryError:
    return broken(
        inventory.file, max(1, inventory.settings_line), what, "see docs/inventory.md and docs/scenarios.md"
    )
