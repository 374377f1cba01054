"""Refusals that the models of this package share: each names the value, the place and the repair."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .types import F64

Row = TypeVar("Row")


def within(
    name: str, values: ArrayLike, low: float, high: float = math.inf, *, open_low: bool = False
) -> F64:
    """Return the values as float64 if each is finite and between the bounds.

    Args:
        name: what the values are called where they are given, with the unit.
        values: numbers of any shape.
        low, high: the permitted range.
        open_low: whether `low` itself is refused.

    Raises:
        ValueError: with the first value that lies outside or is not finite.
    """
    numbers = np.asarray(values, dtype=np.float64)
    valid = np.isfinite(numbers) & ((numbers > low) if open_low else (numbers >= low)) & (numbers <= high)
    if not np.all(valid):
        wrong = float(numbers[~valid].flat[0])
        least = "above" if open_low else "at least"
        most = f" and at most {high:g}" if math.isfinite(high) else ""
        raise ValueError(f"{name} = {wrong:g} is out of range: give a finite value {least} {low:g}{most}")
    return numbers


def positive(name: str, values: ArrayLike) -> F64:
    """Return the values as float64 if each is finite and above 0, else raise ValueError."""
    return within(name, values, 0.0, open_low=True)


def fraction(name: str, values: ArrayLike) -> F64:
    """Return the values as float64 if each lies in [0, 1], else raise ValueError."""
    return within(name, values, 0.0, 1.0)


def one_of(name: str, value: str, valid: Iterable[str]) -> str:
    """Return the value if it is one of the valid names, else raise ValueError with the nearest name."""
    names = list(valid)
    if value not in names:
        near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.0)[0]
        raise ValueError(f'{name} "{value}" is unknown: did you mean "{near}"? One of {", ".join(names)}')
    return value


def row_of(name: str, key: str, table: Mapping[str, Row]) -> Row:
    """Return the row of a table, or raise ValueError with the nearest key."""
    return table[one_of(name, key, table)]
