"""Inventories in JSON, read record by record with the standard decoder so that each field knows its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .rows import TABLES, InventoryError, Row, Source, Table, broken

SCHEMA = "ranrein-inventory/1"
JSON_KEYS = ("schema", "name", "scenario", *TABLES)
_SPACE = re.compile(r"[ \t\r\n]*")


class _Scanner:
    """Walks a JSON text with the standard decoder, record by record, so that each knows its line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text, self.at = path, text, 0
        self._counted, self._line = 0, 1
        self._plain = json.JSONDecoder(object_pairs_hook=self._unique, parse_constant=self._constant)
        self._texts = json.JSONDecoder(object_pairs_hook=self._unique, parse_float=str, parse_int=str)

    def line(self) -> int:
        """Return the line of the present place; places only move forward."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def error(self, what: str, repair: str) -> InventoryError:
        return broken(self.path, self.line(), what, repair)

    def skip(self) -> str:
        """Skip white space and return the next character."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def take(self, mark: str) -> None:
        if self.skip() != mark:
            raise self.error(
                f"{self.text[self.at : self.at + 12]!r} stands where {mark!r} is due", "repair the JSON"
            )
        self.at += 1

    def value(self, *, as_text: bool = False) -> Any:  # noqa: ANN401  (JSON holds anything)
        self.skip()
        try:
            value, self.at = (self._texts if as_text else self._plain).raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            self.at = error.pos
            raise self.error(error.msg, "repair the JSON") from error
        return value

    def items(self, opening: str, closing: str) -> Iterator[None]:
        """Stand before each item of a list or object in turn."""
        self.take(opening)
        more = self.skip() != closing
        while more:
            yield
            more = self.skip() == ","
            if more:
                self.at += 1
        self.take(closing)

    def _constant(self, name: str) -> float:
        raise self.error(f"{name} is no number", "write a finite one")

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        known = dict(pairs)
        if len(known) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise self.error(
                f"{twice!r} stands twice in one object that begins near here", "keep one of them"
            )
        return known


def read_json(path: Path, text: str) -> Source:
    """Read an inventory from JSON text.

    Raises:
        InventoryError: if the text is no JSON or not of the schema.
    """
    scanner, tables, rest = _Scanner(path, text), dict[str, Table](), dict[str, Any]()
    settings_at = (str(path), 1)
    for _ in scanner.items("{", "}"):
        scanner.skip()
        key = scanner.value()
        if key not in JSON_KEYS or key in tables or key in rest:
            what = "stands there twice" if key in JSON_KEYS else "is no part of an inventory"
            raise scanner.error(f"{key!r} {what}", f"the parts are {', '.join(JSON_KEYS)}")
        scanner.take(":")
        if key in TABLES:
            tables[key] = _json_table(scanner)
            continue
        scanner.skip()
        settings_at = (str(path), scanner.line()) if key == "scenario" else settings_at
        rest[key] = scanner.value()
    if scanner.skip():
        raise scanner.error("something follows the closing '}'", "remove it")
    return _json_source(scanner, tables, rest, settings_at)


def _json_source(
    scanner: _Scanner, tables: dict[str, Table], rest: dict[str, Any], settings_at: tuple[str, int]
) -> Source:
    name, settings = rest.get("name", scanner.path.stem), rest.get("scenario", {})
    if rest.get("schema") != SCHEMA:
        raise broken(scanner.path, 1, f"schema={rest.get('schema')!r} is not known", f"write {SCHEMA!r}")
    if not isinstance(name, str) or not isinstance(settings, dict):
        raise broken(scanner.path, 1, "name must be text and scenario an object", "see docs/inventory.md")
    if "sites" not in tables:
        raise broken(scanner.path, 1, "has no list 'sites'", "add it")
    return Source(name, tables, settings, settings_at)


def _json_table(scanner: _Scanner) -> Table:
    rows = list[Row]()
    for _ in scanner.items("[", "]"):
        scanner.skip()
        line, start = scanner.line(), scanner.at
        record = scanner.value(as_text=True)
        if not isinstance(record, dict):
            raise scanner.error(f"{record!r} is no object", "write each record as {...}")
        odd = next((n for n, v in record.items() if v is not None and not isinstance(v, str)), None)
        if odd is not None:
            raise scanner.error(
                f"{odd}={record[odd]!r} is neither text nor a number", "write text or a number"
            )
        values = {name: value.strip() for name, value in record.items() if value and value.strip()}
        rows.append(Row(str(scanner.path), line, values, source=scanner.text[start : scanner.at]))
    columns = tuple(dict.fromkeys(name for row in rows for name in row.values))
    return Table(str(scanner.path), columns, tuple(rows), is_json=True)
