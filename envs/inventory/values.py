"""Rows of an inventory as values of the schema, every misfit noted with its repair."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache

from ...twin.area_load import AREAS
from ...twin.backhaul import KINDS
from ...twin.beam_pattern import standard_pattern
from ...twin.earth import EARTH
from ...twin.power_models import POWER_MODELS
from ...twin.radio_scenario import canonical
from ...twin.scenario import LAYERS
from ..bands import BANDS, band_repair
from .fields import FIELDS, NEEDED, NUMBER, Field, Values
from .rows import Problem, Problems, Row, Table

_POWER = {"power_model": POWER_MODELS, "earth_station": tuple(EARTH)}
_NAMES = {"area": AREAS, "backhaul_kind": KINDS}
PATTERN_MARK = ";"
LIKE = 0.8  # a column so near to a field's name is taken for a misspelling
# Columns that begin like this hold something the schema knows, in another unit or under another name.
STEMS = {
    "height": "height_m", "azimuth": "azimuth_deg", "tilt": "downtilt_deg", "downtilt": "downtilt_deg",
    "fc": "fc_ghz", "freq": "fc_ghz", "bandwidth": "bandwidth_mhz", "bw": "bandwidth_mhz", "scs": "scs_khz",
    "tx_power": "tx_power_dbm", "power": "tx_power_dbm", "eirp": "tx_power_dbm", "parent": "transport_parent",
    "x_km": "x_m", "y_km": "y_m", "easting": "x_m", "northing": "y_m", "area_type": "propagation",
    "backhaul_k": "backhaul_capacity_mbps", "backhaul_g": "backhaul_capacity_mbps",
    "backhaul_cap": "backhaul_capacity_mbps", "backhaul_len": "backhaul_length_km",
    "backhaul_dist": "backhaul_length_km", "fibre": "backhaul_length_km", "fiber": "backhaul_length_km",
    "backhaul_hop": "backhaul_hops", "backhaul": "backhaul_kind",
}  # fmt: skip


def named_rows(kind: str, table: Table, problems: Problems) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the rows under canonical names, and the columns that the schema does not know.

    A column that looks like a field under a wrong name is a problem: to ignore it would put a default in its place.
    """
    known = {alias: f.name for f in FIELDS[kind] for alias in (f.name, *f.aliases)}
    columns = {written: known[written.lower()] for written in table.columns if written.lower() in known}
    unknown = tuple(written for written in table.columns if written not in columns)
    for written in unknown:
        meant = _meant(written.lower(), known)
        if meant:
            _refuse(
                table,
                written,
                "is no field of " + kind,
                f"did you mean {meant!r}{_unit_of(kind, meant)}?",
                problems,
            )
    for written, name in columns.items():
        first = next(other for other in columns if columns[other] == name)
        if first != written and not table.is_json:
            _refuse(table, written, f"means the same as {first!r}", "keep one of them", problems)
    missing = [name for name in NEEDED[kind] if name not in columns.values() and not table.is_json]
    for name in missing:
        _refuse(table, name, "is missing", f"give every one of the {kind} its {name}", problems)
    if missing:
        problems.stop_if_any()
    names = {name: written for written, name in columns.items() if name != written}
    return tuple(_renamed(row, columns, names) for row in table.rows), unknown


def _renamed(row: Row, columns: dict[str, str], names: dict[str, str]) -> Row:
    values = {columns[written]: text for written, text in row.values.items() if written in columns}
    return Row(row.file, row.line, values, names, row.source)


def _refuse(table: Table, written: str, what: str, repair: str, problems: Problems) -> None:
    home = next(
        (row for row in table.rows if table.is_json and written in row.values), Row(table.file, 1, {})
    )
    problems.found.append(Problem(table.file, home.line_of(written), "column", written, what, repair))


def _unit_of(kind: str, name: str) -> str:
    unit = next(field.unit for field in FIELDS[kind] if field.name == name)
    return f" in {unit}" if unit else ""


def _meant(written: str, known: Mapping[str, str]) -> str:
    stem = next(
        (STEMS[stem] for stem in STEMS if written.startswith(stem) and STEMS[stem] in known.values()), ""
    )
    near = difflib.get_close_matches(written, list(known), n=1, cutoff=LIKE)
    return stem or (known[near[0]] if near else "")


def values_of(kind: str, row: Row, problems: Problems) -> Values:
    """Return the values of a row by canonical name; those with a problem are noted and absent."""
    values: Values = {}
    for field in FIELDS[kind]:
        if field.name not in row.values:
            continue
        value = _text(field, row, problems) if field.limits is None else _number(field, row, problems)
        if value is not None:
            values[field.name] = value
    for name in NEEDED[kind]:
        if name not in row.values:
            problems.add(row, name, "is missing", f"give every one of the {kind} its {name}")
    return values


def _text(field: Field, row: Row, problems: Problems) -> str | None:
    text = row.values[field.name]
    what, repair = _refusal(field.name, text)
    if what:
        problems.add(row, field.name, what, repair)
        return None
    return text


@cache
def _refusal(name: str, text: str) -> tuple[str, str]:
    """Return what is wrong with a text of this field and how to repair it; empty if nothing is."""
    if name == "band" and text not in BANDS:
        return "is no known NR band", band_repair(text)
    if name == "layer" and text not in LAYERS:
        return "is no layer", f"write {' or '.join(LAYERS)}"
    if name in _POWER and text not in _POWER[name]:
        return "is unknown", f"write one of {', '.join(_POWER[name])}"
    if name in _NAMES and text not in _NAMES[name]:
        near = difflib.get_close_matches(text.lower(), _NAMES[name], n=1, cutoff=0.0)[0]
        return "is unknown", f"write {near!r} if that is meant, or another of {', '.join(_NAMES[name])}"
    if name in ("propagation", "patterns"):
        return _refusal_of_law(name, text)
    return "", ""


def _refusal_of_law(name: str, text: str) -> tuple[str, str]:
    try:
        if name == "propagation":
            canonical(text)
        else:
            for pattern in text.split(PATTERN_MARK):
                standard_pattern(pattern.strip())
    except ValueError as error:
        kind = "area type the twin can map" if name == "propagation" else "list of beam patterns"
        return f"is no {kind}", str(error).partition(": ")[2]
    return "", ""


def _number(field: Field, row: Row, problems: Problems) -> float | None:
    text = row.values[field.name]
    if not NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        repair = (
            "write decimals with a point"
            if "," in text
            else f"write a plain number {_in(field.unit)}".rstrip()
        )
        problems.add(row, field.name, "is no finite number", repair)
        return None
    value = float(text)
    low, high = field.limits or (-math.inf, math.inf)
    if not low <= value <= high:
        usual = f"write {_in(field.unit)} between {low:g} and {high:g}".replace("  ", " ")
        what = f"is outside {low:g}..{high:g} {field.unit}".rstrip()
        if high == math.inf:
            what, usual = f"is below {low:g} {field.unit}", f"write {_in(field.unit)} {low:g} or more"
        problems.add(row, field.name, what, field.hint(value, row) or usual)
        return None
    if field.whole and value != int(value):
        nearest = f"write {round(value)}" if value >= 1 else f"write one from {low:g} to {high:g}"
        problems.add(row, field.name, "is no whole number", nearest)
        return None
    return value


def _in(unit: str) -> str:
    return f"in {unit}" if unit else ""
