"""Rows of an inventory as values of the schema, every misfit noted with its repair."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache

from ..twin.earth import EARTH
from ..twin.power_models import POWER_MODELS
from ..twin.propagation import los_probability
from ..twin.scenario import LAYERS
from .bands import BANDS, band_repair
from .inventory_fields import FIELDS, NEEDED, NUMBER, Field, Values
from .inventory_rows import Problem, Problems, Row, Table

_POWER = {"power_model": POWER_MODELS, "earth_station": tuple(EARTH)}
LIKE = 0.8  # a column so near to a field's name is taken for a misspelling
# Columns that begin like this hold something the schema knows, in another unit or under another name.
STEMS = {
    "height": "height_m", "azimuth": "azimuth_deg", "tilt": "downtilt_deg", "downtilt": "downtilt_deg",
    "fc": "fc_ghz", "freq": "fc_ghz", "bandwidth": "bandwidth_mhz", "bw": "bandwidth_mhz", "scs": "scs_khz",
    "tx_power": "tx_power_dbm", "power": "tx_power_dbm", "eirp": "tx_power_dbm", "parent": "transport_parent",
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
    if field.name == "band" and text not in BANDS:
        problems.add(row, "band", "is no known NR band", band_repair(text))
        return None
    if field.name == "layer" and text not in LAYERS:
        problems.add(row, "layer", "is no layer", f"write {' or '.join(LAYERS)}")
        return None
    if field.name in _POWER and text not in _POWER[field.name]:
        problems.add(row, field.name, "is unknown", f"write one of {', '.join(_POWER[field.name])}")
        return None
    if field.name == "propagation":
        refusal = _refusal_of_area(text)
        if refusal:
            problems.add(row, "propagation", "is no area type the twin can map", refusal)
            return None
    return text


@cache
def _refusal_of_area(text: str) -> str:
    """Return why the twin can map no site of this area type, or nothing."""
    try:
        los_probability(text, 100.0, 1.5)
    except ValueError as error:
        return str(error).partition(": ")[2]
    return ""


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
        problems.add(
            row,
            field.name,
            f"is outside {low:g}..{high:g} {field.unit}".rstrip(),
            field.hint(value, row) or usual,
        )
        return None
    if field.whole and value != int(value):
        problems.add(row, field.name, "is no whole number", f"write {round(value)}")
        return None
    return value


def _in(unit: str) -> str:
    return f"in {unit}" if unit else ""
