"""Blanks of an inventory filled from the defaults, with a note of what was filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from .backhaul import own_link
from .carriers import centre_ghz, make_carrier
from .checks import Record
from .defaults import AREA_DEFAULTS, area_by_distance, area_key
from .fields import Values
from .neighbours import nearest_m
from .sites import InventoryCarrier, InventorySector, InventorySite, plane_m

SAME_PLACE_M = 10.0  # nearer masts are one place: TR 38.901 table 7.4.1-1 begins there
Children = Mapping[tuple[str, ...], Sequence[Values]]


def fill_areas(sites: Sequence[Record], is_geographic: bool) -> list[str]:
    """Give every site its propagation, by the distance to the next site where the file does not say."""
    blank = [values for _, values in sites if "propagation" not in values]
    if not blank:
        return []
    pair = ("latitude", "longitude") if is_geographic else ("x_m", "y_m")
    places = np.array([[float(values[name]) for name in pair] for _, values in sites])
    distances = nearest_m(plane_m(places) if is_geographic else places, SAME_PLACE_M)
    for (_, values), distance in zip(sites, distances, strict=True):
        height = values.get("height_m")
        area = area_by_distance(float(distance), None if height is None else float(height))
        values.setdefault("propagation", area)
    counts = Counter(str(values["propagation"]) for values in blank)
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    return [f"propagation by distance to the next site: {told}"]


def fill_sites(records: Mapping[str, Sequence[Record]]) -> tuple[tuple[InventorySite, ...], list[str]]:
    """Return the sites with all their blanks filled, and notes of what was filled."""
    sectors = _by_parent(records.get("sectors", ()), ("site",))
    carriers = _by_parent(records.get("carriers", ()), ("site", "sector"))
    sites = tuple(_site(values, sectors, carriers) for _, values in records["sites"])
    count = len(sites)
    notes = [
        f"{name} by area type: {blank:,} of {count:,} sites"
        for name in ("height_m", "fixed_power_w")
        if (blank := sum(name not in values for _, values in records["sites"]))
    ]
    notes += [] if sectors else [f"sectors by area type: all {count:,} sites"]
    notes += [] if carriers else [f"carriers by area type: all {count:,} sites"]
    return sites, notes


def _by_parent(records: Sequence[Record], keys: tuple[str, ...]) -> dict[tuple[str, ...], list[Values]]:
    found: dict[tuple[str, ...], list[Values]] = {}
    for _, values in records:
        found.setdefault(tuple(str(values[key]) for key in keys), []).append(values)
    return found


def _site(values: Values, sectors: Children, carriers: Children) -> InventorySite:
    name, propagation = str(values["id"]), str(values["propagation"])
    area = area_key(propagation)
    usual = AREA_DEFAULTS[area]
    panels = sectors.get((name,), ())
    place = ("latitude", "longitude") if "latitude" in values else ("x_m", "y_m")
    return InventorySite(
        id=name,
        place=(float(values[place[0]]), float(values[place[1]])),
        height_m=float(values.get("height_m", usual.height_m)),
        propagation=propagation,
        fixed_power_w=float(values.get("fixed_power_w", usual.fixed_power_w)),
        transport_parent=str(values.get("transport_parent", "")),
        sectors=tuple(_sector(name, panel, area, carriers) for panel in panels) or _usual_sectors(area),
        area=str(values.get("area", "")),
        backhaul=own_link(values),
    )


@cache
def _usual_sectors(area: str) -> tuple[InventorySector, ...]:
    panels = enumerate(AREA_DEFAULTS[area].azimuths_deg, start=1)
    return tuple(_sector("", {"id": str(i), "azimuth_deg": azimuth}, area, {}) for i, azimuth in panels)


def _sector(site: str, panel: Values, area: str, carriers: Children) -> InventorySector:
    listed = carriers.get((site, str(panel["id"]))) or [{"band": band} for band in AREA_DEFAULTS[area].bands]
    lowest = min(listed, key=centre_ghz)
    return InventorySector(
        id=str(panel["id"]),
        azimuth_deg=float(panel["azimuth_deg"]) % 360.0,
        carriers=tuple(_carrier(values, area, values is lowest) for values in listed),
    )


def _carrier(values: Values, area: str, is_lowest: bool) -> InventoryCarrier:
    layer = str(values.get("layer", "coverage" if is_lowest else "capacity"))
    band = str(values.get("band", ""))
    offset = values.get("calibration_db")
    carrier = make_carrier(values, area, layer)
    return InventoryCarrier(
        str(values.get("id", band)), band, carrier, None if offset is None else float(offset)
    )
