"""Carriers of an inventory: what the band says, what the file says, and whether the two agree."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from functools import cache

from ...twin.link import N_PRB
from ...twin.radio_scenario import FC_RANGE_GHZ
from ...twin.scenario import Carrier
from ..bands import BANDS, Band, band_of, frequency_of_arfcn
from .defaults import AREA_DEFAULTS, carrier_defaults
from .fields import Values
from .hints import likely
from .rows import Problems, Row
from .values import PATTERN_MARK

HORIZON_DEG = 90.0
ANY_TX_POWER_DBM = (0.0, 60.0)  # where the area type is not known
WHOLE = ("bandwidth_mhz", "scs_khz", "n_elements", "reference_set", "power_category")
TEXTS = ("power_model", "earth_station")


def check_carrier(row: Row, values: Values, area: str | None, problems: Problems) -> None:
    """Note what no carrier can be: off its band, of an impossible width, radiating watts instead of dBm."""
    band = BANDS.get(str(values.get("band", "")))
    if band is None and "band" not in row.values:
        missing = [
            f.name
            for f in fields(Carrier)
            if _schema_name(f.name) not in row.values and f.name != "tilt_deg" and f.default is MISSING
        ]
        if missing:
            problems.add(
                row, "band", "is missing", f"give the band, or all the rest too: {', '.join(missing)}"
            )
    _check_frequency(row, values, band, problems)
    _check_width(row, values, band, problems)
    _check_power(row, values, area, problems)


def make_carrier(values: Values, area: str, layer: str) -> Carrier:
    """Return the carrier with every blank filled from the defaults."""
    band = BANDS.get(str(values.get("band", "")))
    filled: dict[str, float] = carrier_defaults(band, area, layer) if band else {}
    filled |= {name: value for name, value in values.items() if isinstance(value, float)}
    filled.pop("calibration_db", None)
    filled["tilt_deg"] = HORIZON_DEG + filled.pop("downtilt_deg")
    numbers = {name: int(value) if name in WHOLE else float(value) for name, value in filled.items()}
    texts = {name: str(values[name]) for name in TEXTS if name in values}
    patterns = tuple(name.strip() for name in str(values.get("patterns", "")).split(PATTERN_MARK) if name)
    return Carrier(layer=layer, patterns=patterns, **numbers, **texts)  # type: ignore[arg-type]


def centre_ghz(values: Values) -> float:
    """Return the frequency of a carrier, given or that of its band; infinite if neither is known."""
    if isinstance(values.get("fc_ghz"), float):
        return float(values["fc_ghz"])
    band = BANDS.get(str(values.get("band", "")))
    return band.centre_ghz if band else math.inf


def _check_frequency(row: Row, values: Values, band: Band | None, problems: Problems) -> None:
    if "fc_ghz" not in values:
        return
    fc = float(values["fc_ghz"])
    low, high = (band.low_mhz / 1e3, band.high_mhz / 1e3) if band else FC_RANGE_GHZ
    if low <= fc <= high:
        return
    what = f"is outside {f'the downlink of {band.name}, ' if band else ''}{low:g}..{high:g} GHz"
    guesses = (
        ("MHz", fc / 1e3),
        ("kHz", fc / 1e6),
        ("Hz", fc / 1e9),
        ("THz", fc * 1e3),
        ("an NR-ARFCN", frequency_of_arfcn(fc)),
    )
    likely = next(
        (
            f"write {ghz:g} if this is {unit}" if unit[0] == "a" else f"write {ghz:g} if this is in {unit}"
            for unit, ghz in guesses
            if low <= ghz <= high
        ),
        None,
    )
    other = band_of(fc)
    hint = f"{fc:g} GHz is in the downlink of {other}; repair one of the two" if other else "write GHz"
    problems.add(row, "fc_ghz", what, likely or hint)


def _check_width(row: Row, values: Values, band: Band | None, problems: Problems) -> None:
    scs = values.get("scs_khz", band.scs_khz if band else None)
    spacings = sorted({spacing for _, spacing in N_PRB})
    if scs is not None and scs not in spacings:
        problems.add(
            row, "scs_khz", "is no subcarrier spacing the twin knows", _spacing_meant(float(scs), spacings)
        )
    elif scs is not None:
        _check_bandwidth(row, values, band, float(scs), problems)


def _spacing_meant(value: float, spacings: list[int]) -> str:
    """Say which spacing may be meant."""
    guesses = [
        f"write {khz} if this is {unit}"
        for unit, meant in (
            ("in Hz", value / 1e3),
            ("in MHz", value * 1e3),
            ("a numerology", _spacing(value)),
        )
        for khz in spacings
        if math.isclose(khz, meant)
    ]
    return guesses[0] if guesses else f"write one of {spacings} kHz"


def _check_bandwidth(row: Row, values: Values, band: Band | None, scs: float, problems: Problems) -> None:
    widths = _widths(scs, band.width_mhz if band else math.inf)
    mhz = values.get("bandwidth_mhz", band.bandwidth_mhz if band else None)
    if mhz is None or mhz in widths:
        return
    value = float(mhz)
    blocks = next((w for (w, spacing), n in N_PRB.items() if spacing == scs and n == value), 0)
    meant = (
        ("in Hz", value / 1e6),
        ("in kHz", value / 1e3),
        ("in GHz", value * 1e3),
        ("resource blocks", blocks),
    )
    guesses = [f"{w} if this is {unit}" for w in widths for unit, is_mhz in meant if math.isclose(w, is_mhz)]
    where = f" and fits into {band.name}" if band else ""
    what = f"is no channel bandwidth that TS 38.104 table 5.3.2-1 has at {scs:g} kHz{where}"
    field = "bandwidth_mhz" if "bandwidth_mhz" in values else "scs_khz"
    problems.add(row, field, what, f"write {guesses[0]}" if guesses else f"write one of {widths} MHz")


def _spacing(numerology: float) -> float:
    return 15.0 * 2.0**numerology if 0 <= numerology < 7 else math.nan


@cache
def _widths(scs_khz: float, most_mhz: float) -> list[int]:
    """Return the channel bandwidths that a subcarrier spacing has and a band holds, ascending."""
    return sorted(mhz for mhz, spacing in N_PRB if spacing == scs_khz and mhz <= most_mhz)


def _check_power(row: Row, values: Values, area: str | None, problems: Problems) -> None:
    if "tx_power_dbm" not in values:
        return
    dbm = float(values["tx_power_dbm"])
    low, high = AREA_DEFAULTS[area].tx_power_range_dbm if area else ANY_TX_POWER_DBM
    if low <= dbm <= high:
        return
    watts = (dbm, "in W"), (dbm / 1e3, "in mW"), (dbm * 1e3, "in kW")
    meant = [(round(10 * math.log10(w * 1e3), 1), unit) for w, unit in watts if dbm > 0]
    hint = likely([*meant, (dbm + 30, "in dBW")], (low, high)) or "write the total power in dBm"
    problems.add(
        row,
        "tx_power_dbm",
        f"is outside {low:g}..{high:g} dBm of a carrier{f' in {area}' if area else ''}",
        hint,
    )


def _schema_name(name: str) -> str:
    return "downtilt_deg" if name == "tilt_deg" else name
