"""The schema of an inventory: fields with unit, range and names, and what a value in another unit looks like."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from ...twin.radio_scenario import BS_HEIGHT_RANGE_M
from .hints import (
    degrees_hint,
    elements_hint,
    gain_hint,
    idle_hint,
    layers_hint,
    length_hint,
    milliseconds_hint,
    plane_hint,
    rsrp_hint,
    share_hint,
    unit_power_hint,
    watts_hint,
)
from .rows import Row

FOOT_M = 0.3048
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

Value = float | str
Values = dict[str, Value]


@dataclass(frozen=True)
class Field:
    """One field of a record. ``limits`` None means text."""

    name: str
    unit: str
    limits: tuple[float, float] | None
    what: str  # for the manual
    hint: Callable[[float, Row], str] = lambda value, row: ""  # repair for a number out of range
    whole: bool = False
    aliases: tuple[str, ...] = ()


def _height_hint(value: float, row: Row) -> str:
    low, high = BS_HEIGHT_RANGE_M
    guesses = (
        (value / 100, "centimetres"),
        (value * FOOT_M, "feet"),
        (value / 1e3, "millimetres"),
        (value * 1e3, "kilometres"),
    )
    likely = [f"{metres:g} if these are {unit}" for metres, unit in guesses if low <= metres <= high]
    return f"write metres: {' or '.join(likely)}" if likely else ""


def _azimuth_hint(value: float, row: Row) -> str:
    if 720 < value < 3600:
        return f"write degrees: {value / 10:g} if these are tenths of a degree"
    if 3600 <= value <= 36_000:
        return f"write degrees: {value / 100:g} if these are hundredths of a degree"
    return f"write {value % 360:g}" if -360 <= value <= 720 else ""


def _tilt_hint(value: float, row: Row) -> str:
    if 80 <= value <= 120:
        return f"write {value - 90:g} if this is a zenith angle"
    return f"write {value / 10:g} if these are tenths of a degree" if 30 < value <= 300 else ""


def _degree_hint(value: float, row: Row, limit: float) -> str:
    other = row.values.get("longitude", "")
    if (
        row.values.get("latitude")
        and 90 < abs(value) <= 180
        and NUMBER.fullmatch(other)
        and abs(float(other)) <= 90
    ):
        return f"latitude and longitude look swapped: write latitude={other}, longitude={value:g}"
    if abs(value) >= 1e6 and abs(value) <= 180e6:
        return f"write decimal degrees: {value / 1e6:g} if these are millionths"
    hint = degrees_hint(value, limit)
    if hint:
        return hint
    if abs(value) > 360:
        return "write decimal degrees, or give projected coordinates as x_m and y_m"
    return ""


def _latitude_hint(value: float, row: Row) -> str:
    return _degree_hint(value, row, 90.0)


def _longitude_hint(value: float, row: Row) -> str:
    return _degree_hint(value, row, 180.0)


SITE_FIELDS = (
    Field("id", "", None, "name of the site, unique", aliases=("site", "site_id", "bs")),
    Field("latitude", "degrees", (-90, 90), "WGS 84, north positive", _latitude_hint, aliases=("lat",)),
    Field(
        "longitude", "degrees", (-180, 180), "WGS 84, east positive", _longitude_hint, aliases=("lon", "lng")
    ),
    Field("x_m", "m", (-2e7, 2e7), "east, in place of the longitude", plane_hint),
    Field("y_m", "m", (-2e7, 2e7), "north, in place of the latitude", plane_hint),
    Field("height_m", "m", BS_HEIGHT_RANGE_M, "of the antennas above ground", _height_hint),
    Field("propagation", "", None, "area type, a scenario of TR 38.901: UMa, UMi, RMa, InH, ..."),
    Field("fixed_power_w", "W", (0, 20_000), "drawn whatever sleeps", watts_hint),
    Field("area", "", None, "kind of area, a week of its own: mixed, residential, leisure or business"),
    Field(
        "transport_parent",
        "",
        None,
        "id of the site through which this one reaches the core; blank at the root",
    ),
    Field("backhaul_kind", "", None, "link towards the core: fibre, microwave or leo; fibre by default"),
    Field(
        "backhaul_capacity_mbps",
        "Mbit/s",
        (0, math.inf),
        "of that link, 0 for no limit",
        aliases=("backhaul_mbps",),
    ),
    Field("backhaul_length_km", "km", (0, 1000), "of the fibre", length_hint),
    Field("backhaul_hops", "", (0, 20), "of the microwave chain", whole=True),
    Field("backhaul_buffer_ms", "ms", (0, 1000), "longest queueing delay, 50 by default", milliseconds_hint),
    Field(
        "backhaul_beyond_ms",
        "ms",
        (0, 1000),
        "one way, from the end of the link to the core",
        milliseconds_hint,
    ),
)
SECTOR_FIELDS = (
    Field("site", "", None, "id of the site", aliases=("site_id",)),
    Field("id", "", None, "name of the sector, unique in its site", aliases=("sector", "sector_id")),
    Field("azimuth_deg", "degrees", (0, 360), "main lobe, clockwise from north", _azimuth_hint),
)
CARRIER_FIELDS = (
    Field("site", "", None, "id of the site", aliases=("site_id",)),
    Field("sector", "", None, "id of the sector", aliases=("sector_id",)),
    Field(
        "id", "", None, "name of the carrier, unique in its sector", aliases=("carrier", "cell", "cell_id")
    ),
    Field("band", "", None, "NR operating band of TS 38.104 table 5.2-1 or 5.2-2"),
    Field("layer", "", None, "coverage never sleeps, capacity may"),
    Field("fc_ghz", "GHz", (0, math.inf), "centre of the downlink carrier"),
    Field("bandwidth_mhz", "MHz", (0, math.inf), "channel bandwidth"),
    Field("scs_khz", "kHz", (0, math.inf), "subcarrier spacing"),
    Field("tx_power_dbm", "dBm", (-100, math.inf), "total over the carrier"),
    Field(
        "n_elements", "", (0, 64), "antenna elements in a column, 0 is omnidirectional", elements_hint, True
    ),
    Field("downtilt_deg", "degrees", (-20, 30), "main lobe below the horizon", _tilt_hint),
    Field("beamforming_gain_db", "dB", (0, 40), "data beams above the sector pattern", gain_hint),
    Field("mimo_layers", "", (1, 16), "mean spatial layers on the carrier", layers_hint),
    Field("dl_share", "", (0.01, 1), "share of symbols for the downlink", share_hint),
    Field("reference_set", "", (1, 3), "of TR 38.864 table 5.1-1", whole=True),
    Field("watts_per_unit", "W", (1e-3, 100), "per relative power unit of TR 38.864", unit_power_hint),
    Field("power_category", "", (1, 2), "of TR 38.864 table 5.1-1, 1 by default", whole=True),
    Field("power_model", "", None, "tr38864, or earth: watts of Auer et al. 2011"),
    Field("earth_station", "", None, "of power_model earth: macro, rrh, micro, pico or femto"),
    Field(
        "idle_share",
        "",
        (0, 0.99),
        "of the full power, drawn without traffic; 0 for that of TR 38.864",
        idle_hint,
    ),
    Field("cell_offset_db", "dB", (-48, 48), "Ofn + Ocn of TS 38.331 5.5.4.4, each -24 to 24"),
    Field("min_rsrp_dbm", "dBm", (-160, -40), "a weaker cell is no candidate", rsrp_hint),
    Field("patterns", "", None, "broadcast patterns to choose from beside the planned one, separated by ;"),
    Field("calibration_db", "dB", (-40, 40), "added to the path gain of this carrier in this sector"),
)
FIELDS = {"sites": SITE_FIELDS, "sectors": SECTOR_FIELDS, "carriers": CARRIER_FIELDS}
NEEDED = {"sites": ("id",), "sectors": ("site", "id", "azimuth_deg"), "carriers": ("site", "sector")}
