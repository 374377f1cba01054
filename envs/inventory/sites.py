"""A network as its operator lists it: sites, sectors and carriers with every blank filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...twin.backhaul import Backhaul
from ...twin.scenario import Carrier
from ...twin.types import F64
from .geodesy import middle, to_local


@dataclass(frozen=True)
class InventoryCarrier:
    """One carrier of one sector; ``band`` is empty where the file gives every field but the band."""

    id: str
    band: str
    carrier: Carrier
    calibration_db: float | None = None  # None where the file says nothing


@dataclass(frozen=True)
class InventorySector:
    """One antenna panel; the azimuth is that of a compass, clockwise from north."""

    id: str
    azimuth_deg: float
    carriers: tuple[InventoryCarrier, ...]


@dataclass(frozen=True)
class InventorySite:
    """One place with sectors."""

    id: str
    place: tuple[float, float]  # latitude and longitude in degrees, or east and north in metres
    height_m: float
    propagation: str
    fixed_power_w: float
    transport_parent: str  # id of the site towards the core; empty at the root
    sectors: tuple[InventorySector, ...]
    area: str = ""  # kind of area, see ``twin/area_load.py``
    backhaul: Backhaul = field(
        default_factory=Backhaul
    )  # its own link, towards its transport parent or the core

    @property
    def n_cells(self) -> int:
        """Number of carriers of all sectors."""
        return sum(len(sector.carriers) for sector in self.sectors)


@dataclass(frozen=True)
class Inventory:
    """A network as its operator lists it, every blank filled."""

    name: str
    file: str
    sites: tuple[InventorySite, ...]
    is_geographic: bool  # places are latitude and longitude
    settings: Mapping[str, Any] = field(default_factory=dict)  # sections of a scenario that the file gives
    settings_line: int = 0
    notes: tuple[str, ...] = ()  # what was filled in or ignored

    @property
    def n_cells(self) -> int:
        """Number of cells of all sites."""
        return sum(site.n_cells for site in self.sites)

    @property
    def places(self) -> F64:
        """Places of all sites, (N, 2), as in the file."""
        return np.array([site.place for site in self.sites])

    def plane_m(self) -> F64:
        """East and north of all sites in metres, (N, 2), from the middle of the network if geographic."""
        return plane_m(self.places) if self.is_geographic else self.places


def plane_m(places: F64) -> F64:
    """Return metres east and north of the middle of some latitudes and longitudes, both (N, 2)."""
    lat, lon = places[:, 0], places[:, 1]
    return np.stack(to_local(lat, lon, *middle(lat, lon)), axis=1)
