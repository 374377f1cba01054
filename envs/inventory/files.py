"""Inventory files: one CSV of sites, a folder of three CSVs, or one JSON file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TextIO

from .json_file import read_json
from .rows import TABLES, InventoryError, Problem, Row, Source, Table, broken


def read_source(path: Path) -> Source:
    """Read an inventory: ``.json``, ``.csv`` with sites, or a folder with ``sites.csv`` and perhaps the others.

    Raises:
        InventoryError: if there is nothing to read or the form is broken.
    """
    try:
        if path.is_dir():
            return _read_folder(path)
        if path.suffix.lower() == ".json":
            return read_json(path, path.read_text(encoding="utf-8-sig"))
        if path.suffix.lower() == ".csv":
            return Source(path.stem, {"sites": _read_csv(path)})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise broken(path, 1, str(error), "give a readable file in UTF-8") from error
    raise broken(
        path, 1, "is no inventory", "give a .json file, a .csv file of sites, or a folder with sites.csv"
    )


def _read_folder(path: Path) -> Source:
    files = {kind: path / f"{kind}.csv" for kind in TABLES}
    if not files["sites"].is_file():
        raise broken(path, 1, "holds no sites.csv", "add one with the columns id,latitude,longitude")
    return Source(path.name, {kind: _read_csv(file) for kind, file in files.items() if file.is_file()})


def _read_csv(path: Path) -> Table:
    with path.open(newline="", encoding="utf-8-sig") as file:
        records = _records(file)
    header = [name.strip() for name in records[0][1]] if records else []
    if not any(header):
        raise broken(path, 1, "is empty", "begin it with a line of column names")
    if len(header) == 1 and ";" in header[0]:
        raise broken(path, 1, f"{header[0]!r} separates with ';'", "separate the fields with commas")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise broken(path, 1, f"column {twice!r} stands there twice", "keep one of them")
    uneven = [_uneven(path, line, cells, header) for line, cells in records if len(cells) != len(header)]
    if uneven:
        raise InventoryError(uneven)
    return Table(str(path), tuple(header), tuple(_row(path, header, *record) for record in records[1:]))


def _records(file: TextIO) -> list[tuple[int, list[str]]]:
    """Return the records that are not blank, each with the line it begins in."""
    lines, records = csv.reader(file, strict=True), list[tuple[int, list[str]]]()
    begin = 1
    for cells in lines:
        if any(cells):
            records.append((begin, cells))
        begin = lines.line_num + 1
    return records


def _row(path: Path, header: list[str], line: int, cells: list[str]) -> Row:
    texts = zip(header, (cell.strip() for cell in cells), strict=True)
    return Row(str(path), line, {name: text for name, text in texts if text})


def _uneven(path: Path, line: int, cells: list[str], header: list[str]) -> Problem:
    what = f"{len(cells)} fields where the header has {len(header)}"
    return Problem(
        str(path), line, "", "", what, "quote text that holds commas and write decimals with a point"
    )
