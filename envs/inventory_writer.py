"""A scenario written out as an inventory in JSON, to begin one's own from or to hand a network on."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

from ..twin.backhaul import Backhaul
from ..twin.scenario import Carrier, Scenario, Site
from .bands import BANDS, band_of
from .inventory_carriers import HORIZON_DEG
from .inventory_json import SCHEMA

_USUAL = {f.name: f.default for f in fields(Carrier) if f.default is not MISSING}  # left out where it stands


def write_inventory(scenario: Scenario, path: Path) -> None:
    """Write an inventory from which ``read_inventory`` makes the same scenario again.

    Raises:
        ValueError: if an inventory cannot hold the scenario; names what.
    """
    path.write_text(json.dumps(inventory_data(scenario), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def inventory_data(scenario: Scenario) -> dict[str, Any]:
    """Return the content of the inventory of a scenario as plain data.

    Raises:
        ValueError: if a carrier is used nowhere or has patterns to choose from, an azimuth is not in (-180, 180], or a
            site has a backhaul of its own or sectors with calibrated path gains.
    """
    used = {name for site in scenario.sites for sector in site.sectors for name in sector.carriers}
    idle = sorted(set(scenario.carriers) - used)
    if idle:
        raise ValueError(
            f"carriers {idle} are in no sector: an inventory lists carriers by sector; remove them"
        )
    _require_plain(scenario)
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
    """Refuse what the tables of an inventory have no column for."""
    chosen = sorted(name for name, carrier in scenario.carriers.items() if carrier.patterns)
    if chosen:
        raise ValueError(
            f"carriers {chosen} have patterns to choose from: an inventory cannot hold them; remove them"
        )
    tuned = [site.name for site in scenario.sites if any(sector.calibration_db for sector in site.sectors)]
    if tuned:
        raise ValueError(f"sites {tuned} have calibration_db: an inventory cannot hold it; remove it")
    linked = [site.name for site in scenario.sites if site.backhaul != Backhaul()]
    if linked:
        raise ValueError(f"sites {linked} have a backhaul: an inventory cannot hold it; remove it")


def _site(site: Site) -> dict[str, Any]:
    others = ("name", "sectors", "backhaul")
    return {"id": site.name, **{k: v for k, v in vars(site).items() if k not in others}}


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
        for name in sector.carriers:
            values = asdict(scenario.carriers[name])
            for optional, usual in _USUAL.items():
                if values[optional] == usual:
                    del values[optional]
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
                }
            )
    return rows
