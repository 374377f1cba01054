"""Power against load from a file: what a radio unit draws whatever it does, and watts per unit of TR 38.864.

The file is a CSV with a line per measurement or per load bin. The model is ``extra + watts_per_unit * units(load)``
with the units of one kind of carrier; both numbers are non-negative.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..twin.params import Params
from .config import ConfigError, nearest
from .fit.config import CalibrateConfig
from .fit.power import kinds_of
from .fit.regression import Estimate, interval, nonnegative_fit

LEAST_LINES = 4
LEAST_LOAD_SPAN = 0.1
FOLDS = 5  # of the lines, for the error on lines left out


@dataclass(frozen=True)
class UnitPower:
    """One group of lines; powers are in the file's unit."""

    group: str
    extra: Estimate  # drawn on top of the model
    watts_per_unit: Estimate
    idle_share: Estimate  # power without traffic over power at full load
    lines: int
    r2: float


@dataclass(frozen=True)
class _Line:
    line: int
    load: float
    power: float
    weight: float


def fit_power_file(config: CalibrateConfig, params: Params) -> tuple[UnitPower, ...]:
    """Fit each group of the file; groups with too few lines or too little spread of load are left out.

    Raises:
        ConfigError: names file, line, field, value and repair.
    """
    path = Path(str(config.power_file))
    groups = _read(path, config)
    idle, slope = _units(params, config.carrier)
    found = tuple(_fit(name, lines, idle, slope) for name, lines in groups.items() if _says_enough(lines))
    if not found:
        what = f"none of {len(groups)} groups has {LEAST_LINES} lines over {LEAST_LOAD_SPAN:g} of load"
        raise ConfigError(f"{path}: {what}; give more loads, or fewer group_columns")
    return found


def held_out_error(
    config: CalibrateConfig, params: Params, group: str, believed: float
) -> tuple[float, float]:
    """Return root mean square errors of a group, believed and fitted, in the file's unit.

    Every fit is judged by the lines that it has not seen, each ``FOLDS``-th one.

    Args:
        config: the file and its columns.
        params: names the model.
        group: of lines.
        believed: power per unit of TR 38.864, with nothing on top.
    """
    lines = _read(Path(str(config.power_file)), config)[group]
    idle, slope = _units(params, config.carrier)
    errors = np.zeros((2, len(lines)))
    for fold in range(min(FOLDS, len(lines))):
        rest = [line for number, line in enumerate(lines) if number % FOLDS != fold]
        unit = _fit(group, rest, idle, slope)
        for number in range(fold, len(lines), FOLDS):
            units = idle + slope * lines[number].load
            told = unit.extra.value + unit.watts_per_unit.value * units
            errors[:, number] = lines[number].power - np.array([believed * units, told])
    weight = np.array([line.weight for line in lines])
    before, after = np.sqrt((weight * errors**2).sum(axis=1) / weight.sum())
    return float(before), float(after)


def _units(params: Params, carrier: str | None) -> tuple[float, float]:
    """Return units without traffic, and those that full load adds."""
    kinds = kinds_of(params)
    if carrier is None or carrier not in kinds:
        hint = nearest(carrier or "", list(kinds))
        raise ConfigError(f"carrier={carrier!r}: name the kind of carrier whose model is fitted; {hint}")
    cell = int(np.flatnonzero(kinds[carrier])[0])
    watts = params.cells[cell].carrier.watts_per_unit
    return float(params.arrays.idle_w[cell, 0]) / watts, float(params.arrays.slope_w[cell, 0]) / watts


def _says_enough(lines: list[_Line]) -> bool:
    loads = [line.load for line in lines]
    return len(lines) >= LEAST_LINES and max(loads) - min(loads) >= LEAST_LOAD_SPAN


def _fit(name: str, lines: list[_Line], idle: float, slope: float) -> UnitPower:
    load, power, weight = (
        np.array([getattr(line, key) for line in lines]) for key in ("load", "power", "weight")
    )
    units = idle + load * slope
    x = np.stack([np.ones_like(units), units], axis=1)
    linear = nonnegative_fit(x, power, np.arange(len(lines)), weight / weight.mean())
    extra, u = (float(value) for value in linear.value)
    at_idle, at_full = extra + u * idle, extra + u * (idle + slope)
    gradient = np.array([1.0, idle]) / at_full - at_idle / at_full**2 * np.array([1.0, idle + slope])
    left, mean = power - x @ linear.value, float(np.average(power, weights=weight))
    spread = float((weight * (power - mean) ** 2).sum())
    errors = [linear.error(unit) for unit in np.eye(2)]
    return UnitPower(
        group=name,
        extra=interval(extra, float(errors[0]), linear.freedom).at_least(0.0),
        watts_per_unit=interval(u, float(errors[1]), linear.freedom),
        idle_share=linear.estimate(gradient, at_idle / at_full),
        lines=len(lines),
        r2=1.0 - float((weight * left**2).sum()) / spread if spread > 0 else 0.0,
    )


def _read(path: Path, config: CalibrateConfig) -> dict[str, list[_Line]]:
    columns = list(config.group_columns)
    named = [
        config.load_column,
        config.power_column,
        *([config.weight_column] if config.weight_column else []),
        *columns,
    ]
    groups: dict[str, list[_Line]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _require_columns(path, list(reader.fieldnames or []), named)
            for number, row in enumerate(reader, start=2):
                group = " ".join(str(row[c]).strip() for c in columns) or "all"
                groups.setdefault(group, []).append(_line(path, number, row, config))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: {error}; give a readable CSV file in UTF-8") from error
    if not groups:
        raise ConfigError(f"{path} has a header and no lines below it; add measurements at several loads")
    return groups


def _require_columns(path: Path, header: list[str], named: list[str]) -> None:
    if not header:
        raise ConfigError(f"{path} is empty; begin it with the line 'load,power'")
    for name in named:
        if name not in header:
            raise ConfigError(f"{path}, line 1: columns {header} lack {name!r}; {nearest(name, header)}")


def _line(path: Path, number: int, row: dict[str, str], config: CalibrateConfig) -> _Line:
    load = _number(path, number, row, config.load_column)
    power = _number(path, number, row, config.power_column)
    weight = _number(path, number, row, config.weight_column) if config.weight_column else 1.0
    if not load <= 1.0:
        raise ConfigError(
            f"{path}, line {number}: {config.load_column} = {load:g} is above 1; write shares, not percent"
        )
    return _Line(number, load, power, weight)


def _number(path: Path, number: int, row: dict[str, str], column: str) -> float:
    text = row[column]
    try:
        value = float(text)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}, line {number}: {column} = {text!r} is no number; write one or drop the line"
        ) from error
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError(f"{path}, line {number}: {column} = {text!r}; write zero or more, or drop the line")
    return value
