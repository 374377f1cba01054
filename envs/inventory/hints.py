"""What a number out of its range was probably meant to be: the same quantity in another unit."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .rows import Row

Limits = tuple[float, float]
ELEMENTS = 8  # of a column, as in the scenario ``urban``
LEAST_RATIO, MOST_RATIO = 1.0, 20.0  # downlink to uplink symbols of one to twenty


def likely(guesses: Iterable[tuple[float, str]], limits: Limits) -> str:
    """Return a repair that lists every guess, a value and its unit, that lies in the limits; empty if none does."""
    found = [f"{value:.6g} if this is {unit}" for value, unit in guesses if limits[0] <= value <= limits[1]]
    return f"write {' or '.join(found)}" if found else ""


def plane_hint(value: float, row: Row) -> str:
    """Coordinates beyond half the Earth: centimetres or millimetres."""
    guesses = (value / 1e2, "in centimetres"), (value / 1e3, "in millimetres")
    return likely(guesses, (-2e7, 2e7))


def watts_hint(value: float, row: Row) -> str:
    """Site power beyond any site: milliwatts."""
    return likely([(value / 1e3, "in mW")], (1.0, 20_000.0))


def unit_power_hint(value: float, row: Row) -> str:
    """Watts per relative unit out of range: milliwatts or kilowatts."""
    return likely([(value / 1e3, "in mW"), (value * 1e3, "in kW")], (0.01, 20.0))


def elements_hint(value: float, row: Row) -> str:
    """All elements of a panel in place of those of a column."""
    return f"write the elements of one column, such as {ELEMENTS}" if value > 0 else ""


def gain_hint(value: float, row: Row) -> str:
    """A gain as a factor, or with the other sign."""
    if value < 0:
        return likely([(-value, "a loss turned round")], (0.0, 40.0))
    return likely([(round(10 * math.log10(value), 2), "a factor")], (0.0, 40.0))


def layers_hint(value: float, row: Row) -> str:
    """Transceivers in place of layers."""
    return "write the mean number of layers, such as 4: so many are transceivers" if value > 0 else ""


def share_hint(value: float, row: Row) -> str:
    """A share in percent or per mille, or as a ratio of downlink to uplink."""
    if value <= 0:
        return ""
    ratio = [(value / (1 + value), "a ratio of downlink to uplink")] if value <= MOST_RATIO else []
    guesses = [(value / 100, "in percent"), (value / 1000, "per mille"), *ratio]
    return likely(guesses, (0.1, 1.0)) if value > LEAST_RATIO else ""


def idle_hint(value: float, row: Row) -> str:
    """A share of the power in percent."""
    return likely([(value / 100, "in percent")], (0.01, 0.99))


def rsrp_hint(value: float, row: Row) -> str:
    """A received power without its sign, in milliwatts or in dBW."""
    if value > 0:
        milliwatts = [(round(10 * math.log10(value), 1), "in mW")] if value < 1 else []
        return likely([(-value, "without its sign"), *milliwatts], (-160.0, -40.0))
    return likely([(value + 30, "in dBW")], (-160.0, -40.0))


def capacity_hint(value: float, most: float) -> str:
    """Return the repair of a capacity in Mbit/s that no link has."""
    guesses = (value * 1e3, "in Gbit/s"), (value / 1e3, "in kbit/s"), (value / 1e6, "in bit/s")
    return likely(guesses, (10.0, most)) or f"write Mbit/s up to {most:g}, or 0 for no limit"


def length_hint(value: float, row: Row) -> str:
    """A length of fibre in metres."""
    return likely([(value / 1e3, "in metres")], (0.0, 1000.0)) if value > 0 else ""


def milliseconds_hint(value: float, row: Row) -> str:
    """A time in microseconds."""
    return likely([(value / 1e3, "in microseconds")], (0.0, 1000.0)) if value > 0 else ""


def degrees_hint(value: float, limit: float) -> str:
    """Return the repair of degrees in another notation: with minutes, in ten-millionths, or counted past 180."""
    if limit == 180 and limit < value <= 360:
        return f"write {value - 360:g} if this is counted from 0 to 360"
    minutes = abs(value) % 100
    degrees = abs(value) // 100 + minutes / 60
    if 100 <= abs(value) and minutes < 60 and degrees <= limit:
        return f"write {math.copysign(degrees, value):.6g} if these are degrees and minutes"
    if 180e6 < abs(value) <= limit * 1e7:
        return f"write {value / 1e7:.8g} if these are ten-millionths"
    return ""
