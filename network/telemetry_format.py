"""The telemetry log format ``ranrein.telemetry/1``: header, field checks, and errors that name the place."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..twin.kpis import MEASUREMENTS
from .protocol import CARRIER_STATE

SCHEMA = "ranrein.telemetry/1"
FIELD_OF = {measurement.name: field for field, measurement in MEASUREMENTS.items()}
OPTIONAL_FIELDS = frozenset(field for field, measurement in MEASUREMENTS.items() if measurement.optional)
OPTIONAL_NAMES = frozenset(MEASUREMENTS[field].name for field in OPTIONAL_FIELDS)
HEADER_FIELDS = ("schema", "network", "cells", "granularity_s", "measurements", "site_power_w")
LARGEST = 3.4e38  # what a float32 holds
RECORD_FIELDS = ("t", "utc", "kpis", "age_s", "valid", "command", "propensity")

Json = dict[str, Any]


class TelemetryError(ValueError):
    """A log that cannot be used as it is; says where, what was found and how to repair it."""

    def __init__(self, place: Place, field: str, value: object, repair: str) -> None:
        shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
        super().__init__(f"{place.path}, line {place.line}, {field}: found {shown}; {repair}")
        self.path, self.line, self.field, self.value, self.repair = (
            place.path,
            place.line,
            field,
            value,
            repair,
        )


class GranularityError(ValueError):
    """A log whose periods are longer than the control period: nothing can be decided in between."""


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    path: Path
    line: int

    def fail(self, field: str, value: object, repair: str) -> NoReturn:
        """Raise TelemetryError here."""
        raise TelemetryError(self, field, value, repair)

    def need(self, condition: bool, field: str, value: object, repair: str) -> None:
        """Raise TelemetryError here unless the condition holds."""
        if not condition:
            self.fail(field, value, repair)


@dataclass(frozen=True)
class Header:
    """First line of a log: what the records mean."""

    network: str
    cells: tuple[str, ...]
    granularity_s: float
    site_power_w: float

    def as_json(self) -> Json:
        """Return the line as JSON data, with the measurements of this version."""
        return {
            "schema": SCHEMA, "network": self.network, "cells": list(self.cells),
            "granularity_s": self.granularity_s, "measurements": measurements_json(),
            "site_power_w": self.site_power_w,
        }  # fmt: skip


def measurements_json() -> Json:
    """Name, unit and clause of every measurement, by field."""
    return {field: {"name": m.name, "unit": m.unit, "clause": m.clause} for field, m in MEASUREMENTS.items()}


def parse_line(place: Place, line: str) -> Json:
    """Read one line as a JSON object."""
    place.need(line.endswith("\n"), "line", line, "it is cut off: delete this last line")
    try:
        data = json.loads(line, parse_constant=_Bad)
    except json.JSONDecodeError as error:
        place.fail("line", line.strip(), f"write one JSON object per line ({error.msg} at {error.pos})")
    place.need(isinstance(data, dict), "line", data, "write one JSON object per line")
    return data


class _Bad(str):
    """NaN or infinity as written: kept until the field that holds it is known."""


def parse_header(place: Place, data: Json) -> Header:
    """Check the first line."""
    place.need(data.get("schema") == SCHEMA, "schema", data.get("schema"), f"this version reads {SCHEMA!r}")
    _fields(place, data, HEADER_FIELDS, "header")
    place.need(
        isinstance(data["network"], str), "network", data["network"], "give the network's name as text"
    )
    cells = data["cells"]
    named = isinstance(cells, list) and bool(cells) and all(isinstance(cell, str) for cell in cells)
    place.need(named and len(set(cells)) == len(cells), "cells", cells, "list the name of every cell once")
    granularity_s = number(place, data["granularity_s"], "granularity_s")
    place.need(granularity_s > 0, "granularity_s", granularity_s, "give the length of a period, above 0 s")
    _check_measurements(place, data["measurements"])
    site_power_w = number(place, data["site_power_w"], "site_power_w")
    return Header(data["network"], tuple(cells), granularity_s, site_power_w)


def _check_measurements(place: Place, found: object) -> None:
    """Check names and units: a counter in another unit would be believed otherwise."""
    place.need(isinstance(found, dict), "measurements", found, "give name, unit and clause by field")
    assert isinstance(found, dict)
    _fields(place, found, tuple(MEASUREMENTS), "measurements", OPTIONAL_FIELDS)
    for field, wanted in MEASUREMENTS.items():
        if field not in found:
            continue
        given = found[field]
        place.need(isinstance(given, dict), f"measurements.{field}", given, "give name, unit and clause")
        for part, value in (("name", wanted.name), ("unit", wanted.unit)):
            where = f"measurements.{field}.{part}"
            place.need(given.get(part) == value, where, given.get(part), f"convert the log to {value!r}")


def check_record(place: Place, data: Json, n_cells: int) -> None:
    """Check everything in a record that does not depend on the record before."""
    _fields(place, data, RECORD_FIELDS, "record")
    number(place, data["t"], "t")
    row = lambda value, field, check: _row(place, value, field, n_cells, check)  # noqa: E731
    place.need(isinstance(data["kpis"], dict), "kpis", data["kpis"], "give one list per measurement name")
    _fields(place, data["kpis"], tuple(FIELD_OF), "kpis", OPTIONAL_NAMES)
    for name, values in data["kpis"].items():
        row(values, f"kpis.{name}", _CHECKS.get(FIELD_OF[name], number))
    row(data["age_s"], "age_s", number)
    row(data["valid"], "valid", flag)
    place.need(
        isinstance(data["command"], dict), "command", data["command"], f"give {{{CARRIER_STATE!r}: [...]}}"
    )
    _fields(place, data["command"], (CARRIER_STATE,), "command")
    row(data["command"][CARRIER_STATE], f"command.{CARRIER_STATE}", state)
    _check_propensity(place, data["propensity"])


def _check_propensity(place: Place, value: object) -> None:
    if value is not None:
        share = number(place, value, "propensity")
        place.need(
            0 < share <= 1, "propensity", share, "give a probability in (0, 1], or null if it is unknown"
        )


Check = Callable[[Place, object, str], object]


def _row(place: Place, values: object, field: str, n_cells: int, check: Check) -> None:
    place.need(isinstance(values, list), field, values, f"give a list of {n_cells} values, one per cell")
    assert isinstance(values, list)
    repair = f"the header names {n_cells} cells, this has {len(values)} values; give one per cell"
    place.need(len(values) == n_cells, field, values, repair)
    for index, value in enumerate(values):
        check(place, value, f"{field}[{index}]")


def number(place: Place, value: object, field: str) -> float:
    """Return a finite number, or fail."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    place.need(
        is_number, field, value, "give a finite number; mark a missing value by valid=false and its age"
    )
    assert isinstance(value, int | float)
    return float(value)


def flag(place: Place, value: object, field: str) -> bool:
    """Return a truth value, or fail."""
    place.need(isinstance(value, bool), field, value, "write true or false")
    return bool(value)


def state(place: Place, value: object, field: str) -> int:
    """Return a CarrierState, or fail."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4
    place.need(known, field, value, "give a carrier state, 0 (active) to 4 (deep sleep)")
    assert isinstance(value, int)
    return value


_CHECKS: dict[str, Check] = {"carrier_state": state, "waking": flag}


def _fields(
    place: Place,
    data: Mapping[str, object],
    wanted: tuple[str, ...],
    what: str,
    optional: Container[str] = (),
) -> None:
    for name in wanted:
        place.need(name in data or name in optional, name, None, f"the {what} lacks it; add it")
    for name in data:
        place.need(name in wanted, str(name), data[name], f"the {what} knows {', '.join(wanted)}; remove it")
