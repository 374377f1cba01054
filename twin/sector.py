"""One antenna panel of a site."""

from __future__ import annotations

from dataclasses import dataclass

from .ranges import require_in_range
from .scenario_ranges import RANGES

MOST_CALIBRATION_DB = 40.0


@dataclass(frozen=True)
class Sector:
    """One antenna panel. ValueError on offsets that fit no carrier."""

    azimuth_deg: float
    carriers: tuple[str, ...]
    calibration_db: tuple[float, ...] = ()  # by carrier, added to the path gain; empty for none

    def __post_init__(self) -> None:
        offsets, found = self.calibration_db, f"sector.calibration_db={list(self.calibration_db)}"
        if len(offsets) not in (0, len(self.carriers)):
            raise ValueError(f"{found}: give one value per carrier, {len(self.carriers)}, or none")
        require_in_range(RANGES["Sector"], self, "sector.")
        if not all(abs(offset) <= MOST_CALIBRATION_DB for offset in offsets):
            raise ValueError(f"{found}: give finite values within {MOST_CALIBRATION_DB:g} dB of 0")
