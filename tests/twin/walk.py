"""Every number of every dataclass that a scenario is made of: where it is, and the scenario with another one there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

from ranrein.twin.failures import CommonCause, Failures, MeanTimes
from ranrein.twin.scenario import Scenario

Path = tuple[str | int, ...]  # names of fields, keys and places in tuples


def with_every_part(everything: Scenario) -> Scenario:
    """Return the network with all that can be switched on, and sites that fail together."""
    law = MeanTimes(4.0, 0.5)
    together = (CommonCause("both", tuple(site.name for site in everything.sites), law),)
    return replace(everything, failures=Failures(law, law, law, together=together))


def numbers(part: object, path: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """Yield path, dataclass and field of every number below a dataclass, one of equals in a tuple or a mapping."""
    for field in fields(part):  # type: ignore[arg-type]
        for below, value in _below(getattr(part, field.name)):
            here = (*path, field.name, *below)
            if is_dataclass(value):
                yield from numbers(value, here)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                yield here, type(part).__name__, field.name


def _below(value: object) -> Iterator[tuple[Path, Any]]:
    """Yield the value, or of a tuple or mapping the first and the last of it."""
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key in (min(value), max(value))}
        yield from (((key, *path), item) for key, one in value.items() for path, item in _below(one))
    elif isinstance(value, tuple):
        ends = dict.fromkeys((0, len(value) - 1)) if value else {}
        yield from (((at, *path), item) for at in ends for path, item in _below(value[at]))
    else:
        yield (), value


def at(part: Any, path: Path) -> Any:
    """Return what is at a place."""
    for name in path:
        part = getattr(part, name) if isinstance(name, str) and is_dataclass(part) else part[name]
    return part


def put(part: Any, path: Path, value: object) -> Any:
    """Return the part with another value at a place; ValueError if some dataclass on the way refuses it."""
    if not path:
        return value
    name, *rest = path
    below = put(at(part, (name,)), tuple(rest), value)
    if is_dataclass(part):
        return replace(part, **{str(name): below})  # type: ignore[type-var]
    if isinstance(part, dict):
        return {**part, name: below}
    return (*part[:name], below, *part[name + 1 :])


def parts_of(kind: Any, known: set[str] | None = None) -> set[str]:
    """Return the names of all dataclasses that the fields of one may hold, by their types."""
    known = set() if known is None else known
    if is_dataclass(kind) and kind.__name__ not in known:  # type: ignore[union-attr]
        known.add(kind.__name__)  # type: ignore[union-attr]
        for hint in get_type_hints(kind).values():
            parts_of(hint, known)
    for inner in get_args(kind):
        parts_of(inner, known)
    return known


def numbers_by_type(kind: Any) -> set[str]:
    """Return the fields of a dataclass whose type is a number or holds some."""
    return {name for name, hint in get_type_hints(kind).items() if _is_number(hint)}


def _is_number(hint: Any) -> bool:
    return hint in (int, float) or any(_is_number(inner) for inner in get_args(hint))
