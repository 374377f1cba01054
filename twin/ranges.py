"""What a number of a scenario may be, and the refusal of any other: field, value, range and repair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from typing import NamedTuple


class Range(NamedTuple):
    """The finite numbers from ``low`` to ``high``."""

    low: float
    high: float
    whole: bool = False
    above: bool = False  # ``low`` itself is refused
    below: bool = False  # ``high`` itself is refused
    zero: bool = False  # 0 is taken too, for none or no limit
    note: str = ""  # what to know when one is refused

    def holds(self, value: object) -> bool:
        """Tell whether the value is such a number."""
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        number = float(value)
        over = number > self.low if self.above else number >= self.low
        under = number < self.high if self.below else number <= self.high
        return (over and under) or (self.zero and number == 0.0)

    def __str__(self) -> str:
        """Say what is taken."""
        least = f"{'above' if self.above else 'of at least'} {self.low:g}"
        most = f"and {'below' if self.below else 'at most'} {self.high:g}"
        kind = "a whole number" if self.whole else "a finite number"
        return f"{'0 or ' if self.zero else ''}{kind} {least} {most}{self.note and f' ({self.note})'}"


Limits = Mapping[str, Range]


def require_in_range(limits: Limits, given: object, where: str) -> None:
    """Refuse a dataclass with a number out of its range; every number of a tuple is one.

    Args:
        limits: by field.
        given: the dataclass.
        where: what its fields are called behind, such as ``"users."``.

    Raises:
        ValueError: naming the first field out of range, its value and what is taken.
    """
    for field, limit in limits.items():
        for name, value in _numbers(f"{where}{field}", getattr(given, field)):
            if not limit.holds(value):
                raise ValueError(f"{name}={value!r} is out of range: give {limit}")


def _numbers(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Name every number in a field: itself, or the items of a tuple of any depth."""
    if not isinstance(value, tuple | list):
        yield name, value
        return
    for index, item in enumerate(value):
        yield from _numbers(f"{name}[{index}]", item)
