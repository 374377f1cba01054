"""Inventory records as text that knows its file and line, and the error that lists everything wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TABLES = ("sites", "sectors", "carriers")
SHOWN = 20


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to repair; ``field`` is empty where the form of a line is broken."""

    file: str
    line: int
    field: str
    value: str
    what: str
    repair: str

    def __str__(self) -> str:
        """Return one line: where, what stands there, what is wrong with it, how to repair it."""
        said = f"{self.field}={self.value}: " if self.field else ""
        return f"{self.file}:{self.line}: {said}{self.what}; {self.repair}"


class InventoryError(ValueError):
    """An inventory that cannot be used; ``problems`` holds all that was found, the message the first ones."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        files = list(dict.fromkeys(problem.file for problem in problems))
        self.problems = tuple(sorted(problems, key=lambda p: (files.index(p.file), p)))
        count = len(self.problems)
        head = f"the inventory has {count} problem{'s' if count != 1 else ''}:"
        tail = [f"... and {count - SHOWN} more"] if count > SHOWN else []
        super().__init__("\n".join([head, *map(str, self.problems[:SHOWN]), *tail]))


def broken(file: object, line: int, what: str, repair: str) -> InventoryError:
    """Return the error of a file whose form is broken, so that its records cannot be told apart."""
    return InventoryError([Problem(str(file), line, "", "", what, repair)])


@dataclass(frozen=True)
class Row:
    """One record as text."""

    file: str
    line: int
    values: dict[str, str]  # by canonical name once the columns are known; blank ones are absent
    names: Mapping[str, str] = field(
        default_factory=dict
    )  # canonical name -> name in the file, where they differ
    source: str = ""  # JSON text of the record

    def written(self, name: str) -> str:
        """Return a field's name as the file has it."""
        return self.names.get(name, name)

    def line_of(self, name: str) -> int:
        """Return the line of a field: in JSON a record may span several."""
        at = re.search(rf'"{re.escape(self.written(name))}"\s*:', self.source)
        return self.line + (self.source.count("\n", 0, at.start()) if at else 0)


@dataclass(frozen=True)
class Table:
    """The rows of one kind."""

    file: str
    columns: tuple[str, ...]  # as written, in order of appearance
    rows: tuple[Row, ...]
    is_json: bool = False


@dataclass(frozen=True)
class Source:
    """Everything an inventory holds, not yet checked."""

    name: str
    tables: Mapping[str, Table]  # by kind; a kind that is not given is absent
    settings: Mapping[str, Any] = field(default_factory=dict)  # sections of a scenario
    settings_at: tuple[str, int] = ("", 0)  # file and line


@dataclass(frozen=True)
class Problems:
    """Collects problems while an inventory is checked."""

    found: list[Problem] = field(default_factory=list)

    def add(self, row: Row, name: str, what: str, repair: str) -> None:
        """Note a problem of one field, given by its canonical name."""
        value = row.values.get(name, "")
        self.found.append(Problem(row.file, row.line_of(name), row.written(name), value, what, repair))

    def stop_if_any(self) -> None:
        """Raise InventoryError if anything was found."""
        if self.found:
            raise InventoryError(self.found)
