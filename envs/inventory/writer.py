"""A scenario written out as an inventory in JSON, to begin one's own from or to hand a network on."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

from ...twin.backhaul import Backhaul
from ...twin.scenario import Carrier, Scenario, Site
from ..bands import BANDS, band_of
from .carriers import HORIZON_DEG
from .inventory import inventory_of
from .json_file import SCHEMA, read_json
from .rows import InventoryError
from .scenario import cluster_scenario, clusters
from .values import PATTERN_MARK

_USUAL = {f.name: f.default for f in fields(Carrier) if f.default is not MISSING}  # left out where it stands


def write_inventory(scenario: Scenario, path: Path) -> None:
    """Write an inventory from which ``read_inventory`` makes the same scenario again, angles to 1e-9 degrees.

    Raises:
        ValueError: if an inventory cannot hold the scenario; names the field.
    """
    text = json.dumps(inventory_data(scenario), indent=1, allow_nan=False) + "\n"
    require_same(scenario, text, path)
    path.write_text(text, encoding="utf-8")


def inventory_data(scenario: Scenario) -> dict[str, Any]:
    """Return the content of the inventory of a scenario as plain data.

    Raises:
        ValueError: if a carrier is used nowhere, an azimuth is not in (-180, 180], or the scenario says more than a
            ``Scenario``, such as the growth margin of a fit.
    """
    _require_plain(scenario)
    used = {name for site in scenario.sites for sector in site.sectors for name in sector.carriers}
    idle = sorted(set(scenario.carriers) - used)
    if idle:
        raise ValueError(
            f"carriers {idle} are in no sector: an inventory lists carriers by sector; remove them"
        )
    settings = {
        f.name: getattr(scenario, f.name)
        for f in fields(Scenario)
        if f.name not in ("name", "carriers", "sites")
    }
    return {
        "schema": SCHEMA,
        "name": scenario.name,
        "scenario": {
            k: v if isinstance(v, bool | int | float | str) else asdict(v) for k, v in settings.items()
        },
        "sites": [_site(site) for site in scenario.sites],
        "sectors": [row for site in scenario.sites for row in _sectors(site)],
        "carriers": [row for site in scenario.sites for row in _carriers(site, scenario)],
    }


def _require_plain(scenario: Scenario) -> None:
    """Refuse what a kind of scenario says beyond ``Scenario``: the margin of a fit is the shield's."""
    own = {f.name for f in fields(Scenario)}
    more = [f for f in fields(scenario) if f.name not in own and getattr(scenario, f.name) != f.default]
    if more:
        told = ", ".join(f"{f.name}={getattr(scenario, f.name)!r}" for f in more)
        raise ValueError(
            f"an inventory cannot hold the scenario {scenario.name!r}: {told} would be lost; keep the fit"
        )


def _site(site: Site) -> dict[str, Any]:
    own = {
        name: value
        for name, value in vars(site).items()
        if name not in ("name", "sectors", "backhaul", "area")
    }
    usual = Backhaul()
    link = {
        f"backhaul_{name}": value
        for name, value in vars(site.backhaul).items()
        if value != getattr(usual, name)
    }
    return {"id": site.name, **own, **({"area": site.area} if site.area else {}), **link}


def _sectors(site: Site) -> list[dict[str, Any]]:
    for sector in site.sectors:
        if not -180.0 < sector.azimuth_deg <= 180.0:
            raise ValueError(f"site {site.name!r}: azimuth_deg={sector.azimuth_deg} is not in (-180, 180]")
    return [
        {"site": site.name, "id": str(i), "azimuth_deg": (90.0 - sector.azimuth_deg) % 360.0}
        for i, sector in enumerate(site.sectors, start=1)
    ]


def _carriers(site: Site, scenario: Scenario) -> list[dict[str, Any]]:
    rows = []
    for i, sector in enumerate(site.sectors, start=1):
        offsets = sector.calibration_db or (None,) * len(sector.carriers)
        for name, offset in zip(sector.carriers, offsets, strict=True):
            values = asdict(scenario.carriers[name])
            for optional, usual in _USUAL.items():
                if values[optional] == usual:
                    del values[optional]
            if "patterns" in values:
                values["patterns"] = PATTERN_MARK.join(values["patterns"])
            values["downtilt_deg"] = values.pop("tilt_deg") - HORIZON_DEG
            band = band_of(values["fc_ghz"], name)
            holds = band is not None and BANDS[band].width_mhz >= values["bandwidth_mhz"]
            rows.append(
                {
                    "site": site.name,
                    "sector": str(i),
                    "id": name,
                    **({"band": band} if holds else {}),
                    **values,
                    **({} if offset is None else {"calibration_db": offset}),
                }
            )
    return rows


def _rounded(scenario: Scenario) -> Scenario:
    """Return a scenario whose angles differ in no last bit: a file counts them from another direction."""
    sites = tuple(
        replace(site, sectors=tuple(replace(s, azimuth_deg=round(s.azimuth_deg, 9)) for s in site.sectors))
        for site in scenario.sites
    )
    kinds = {name: replace(c, tilt_deg=round(c.tilt_deg, 9)) for name, c in scenario.carriers.items()}
    return replace(scenario, sites=sites, carriers=kinds)


def require_same(scenario: Scenario, text: str, path: Path) -> None:
    """Refuse a scenario that its inventory does not give back.

    Raises:
        ValueError: naming the field that an inventory cannot hold, or does not hold exactly.
    """
    head = f"an inventory cannot hold the scenario {scenario.name!r}"
    try:
        inventory = inventory_of(read_json(path, text), str(path))
        back = cluster_scenario(inventory, clusters(inventory)[0], scenario.name)
    except InventoryError as error:
        first = error.problems[0]
        value = f"{first.field}={first.value}: " if first.field else ""
        raise ValueError(f"{head}: {value}{first.what}; {first.repair}") from error
    back, given = _rounded(back), _rounded(scenario)
    lost = [f.name for f in fields(Scenario) if getattr(back, f.name) != getattr(given, f.name)]
    if lost:
        raise ValueError(f"{head}: {', '.join(lost)} would come back changed")
