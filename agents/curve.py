"""The learning curve as CSV and TensorBoard events; a resumed run goes on where its checkpoint was."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

STEPS = "time/total_timesteps"


class CurveFile(KVWriter):
    """One CSV row per update; new columns widen the file.

    Args:
        path: of the file.
        steps: rows of an earlier run beyond this step are dropped, for they will be lived again.
    """

    def __init__(self, path: Path, steps: int = 0) -> None:
        self._path = path
        self._rows = [row for row in _read(path) if float(row.get(STEPS) or 0) <= steps]
        self._columns: list[str] = sorted({name for row in self._rows for name in row})
        self._rewrite()

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """Append a row."""
        row = {name: str(value) for name, value in key_values.items() if isinstance(value, int | float)}
        row |= {name: str(float(value)) for name, value in key_values.items() if name not in row}
        self._rows.append(row)
        if set(row) <= set(self._columns):
            self._append([row])
        else:
            self._columns = sorted({*self._columns, *row})
            self._rewrite()

    def close(self) -> None:
        """Nothing stays open."""

    def _rewrite(self) -> None:
        if self._columns:
            self._path.write_text(",".join(self._columns) + "\n", encoding="utf-8")
            self._append(self._rows)

    def _append(self, rows: list[dict[str, str]]) -> None:
        with self._path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self._columns, lineterminator="\n").writerows(rows)


def open_logger(curve: Path, tensorboard: Path, steps: int) -> Logger:
    """Return the logger that writes both."""
    return Logger(str(curve.parent), [CurveFile(curve, steps), TensorBoardOutputFormat(str(tensorboard))])


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
