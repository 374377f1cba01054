"""What an inventory need not say: defaults by area type, by kind of band and by layer, each with its source.

Whatever stands in neither table comes from the shipped scenario ``urban``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ...twin.radio_scenario import canonical
from ..bands import Band

LOW_BAND_BELOW_MHZ = 1000.0


@dataclass(frozen=True)
class AreaDefaults:
    """What is usual at a site of one area type."""

    height_m: float  # TR 38.901 tables 7.2-1 to 7.2-3
    distance_m: float  # between sites, same tables
    azimuths_deg: tuple[float, ...]  # compass; three 120 degrees apart at 91 % of operator sites in Leipzig
    bands: tuple[str, ...]  # assumption
    fixed_power_w: float  # assumption
    is_small: bool  # omnidirectional, radiates what TS 38.104 table 6.2.1-1 allows its class
    tx_power_range_dbm: tuple[float, float]  # outside of it the unit is wrong, assumption


AREA_DEFAULTS = {
    "UMa": AreaDefaults(25.0, 500.0, (0.0, 120.0, 240.0), ("n28", "n78"), 300.0, False, (30.0, 60.0)),
    "UMi-SC": AreaDefaults(10.0, 200.0, (0.0,), ("n3", "n78"), 60.0, True, (10.0, 46.0)),
    "RMa": AreaDefaults(35.0, 1732.0, (0.0, 120.0, 240.0), ("n28", "n3"), 300.0, False, (30.0, 60.0)),
    "InH-Office": AreaDefaults(3.0, 20.0, (0.0,), ("n78",), 10.0, True, (5.0, 30.0)),
}


@dataclass(frozen=True)
class CarrierDefaults:
    """What is usual of a carrier."""

    tx_power_dbm: float
    n_elements: int
    downtilt_deg: float
    beamforming_gain_db: float
    mimo_layers: float
    dl_share: float
    reference_set: int  # TR 38.864 table 5.1-1: 1 TDD, 2 FDD, 3 FR2
    watts_per_unit: float


# Low and TDD bands as in the scenario `urban`; the power of FDD bands and of FR2 is that of the reference set
# (TR 38.864 table 5.1-1). Antennas, gains and layers are assumptions.
CARRIER_DEFAULTS = {
    "low": CarrierDefaults(50.0, 8, 8.0, 0.0, 2.0, 1.0, 2, 2.5),
    "fdd": CarrierDefaults(49.0, 8, 8.0, 0.0, 2.0, 1.0, 2, 2.5),
    "tdd": CarrierDefaults(53.0, 8, 8.0, 6.0, 4.0, 0.74, 1, 3.6),
    "fr2": CarrierDefaults(33.0, 8, 8.0, 20.0, 2.0, 0.74, 3, 2.5),
}
# Small cells: power limits of the medium range and the local area class (TS 38.104 table 6.2.1-1); watts per unit so
# that a full TDD carrier draws what EARTH measured: micro 145 W, pico 7 W (Auer et al., IEEE Wireless Commun. 2011).
SMALL_TX_POWER_DBM = {"UMi-SC": 38.0, "InH-Office": 24.0}
SMALL_WATTS_PER_UNIT = {"UMi-SC": 0.5, "InH-Office": 0.03}
SMALL_MIMO_LAYERS, SMALL_BEAMFORMING_GAIN_DB = 2.0, 3.0  # at most, assumption
# As in the scenario `urban`: users move to a capacity carrier early and leave it where it becomes weak.
LAYER_DEFAULTS = {
    "coverage": {"cell_offset_db": 0.0, "min_rsrp_dbm": -140.0},
    "capacity": {"cell_offset_db": 20.0, "min_rsrp_dbm": -116.0},
}


@cache
def area_key(propagation: str) -> str:
    """Return the row of ``AREA_DEFAULTS`` for a scenario of TR 38.901; all indoor ones share one."""
    name = canonical(propagation)
    return name if name in AREA_DEFAULTS else "InH-Office"


def band_kind(band: Band) -> str:
    """Return the row of ``CARRIER_DEFAULTS`` for a band."""
    if band.is_fr2:
        return "fr2"
    if band.duplex == "TDD":
        return "tdd"
    return "low" if band.low_mhz < LOW_BAND_BELOW_MHZ else "fdd"


def carrier_defaults(band: Band, area: str, layer: str) -> dict[str, float]:
    """Return every field of a carrier by its name in the schema, but for the layer."""
    usual = CARRIER_DEFAULTS[band_kind(band)]
    values: dict[str, float] = {
        "fc_ghz": round(band.centre_ghz, 6),
        "bandwidth_mhz": band.bandwidth_mhz,
        "scs_khz": band.scs_khz,
        **vars(usual),
        **LAYER_DEFAULTS[layer],
    }
    if AREA_DEFAULTS[area].is_small:
        values |= {
            "tx_power_dbm": min(usual.tx_power_dbm, SMALL_TX_POWER_DBM[area]),
            "n_elements": 0,
            "downtilt_deg": 0.0,
            "beamforming_gain_db": min(usual.beamforming_gain_db, SMALL_BEAMFORMING_GAIN_DB),
            "mimo_layers": min(usual.mimo_layers, SMALL_MIMO_LAYERS),
            "watts_per_unit": SMALL_WATTS_PER_UNIT[area],
        }
    return values


def area_by_distance(nearest_m: float, height_m: float | None) -> str:
    """Return the area type of a site whose inventory does not say: by the distance to the next one.

    Each limit is the geometric mean of the inter-site distances that TR 38.901 gives the two area types. Antennas
    above the height of a small cell make a site macro.
    """
    small, macro, rural = (AREA_DEFAULTS[name] for name in ("UMi-SC", "UMa", "RMa"))
    if nearest_m**2 > macro.distance_m * rural.distance_m:
        return "RMa"
    is_low = height_m is None or height_m <= small.height_m
    return "UMi-SC" if is_low and nearest_m**2 < small.distance_m * macro.distance_m else "UMa"
