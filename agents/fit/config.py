"""What can be configured about a calibration."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from ..config import STRICT, NonNegative, Positive, Seed

Text = Annotated[str, Field(min_length=1)]

_SOURCES = ("log", "load_file", "power_file")
_POWER = ("carrier", "power_column", "power_unit_w", "power_group", "weight_column", "group_columns")
_OF: dict[str, tuple[str, ...]] = {  # what a setting is for, if not for all
    "most_gap_s": ("log",),
    "radio": ("log",),
    "load_unit": ("load_file",),
    "load_column": ("load_file", "power_file"),
    **dict.fromkeys(_POWER, ("power_file",)),
}


@dataclass(frozen=True, config=STRICT)
class CalibrateConfig:
    """One fit of the twin to measured KPIs, or to a file of load by time, or of power against load."""

    log: Text | None = None  # telemetry, see docs/telemetry.md
    scenario: str = "urban"  # what is believed of the network that wrote the log
    most_gap_s: NonNegative = 3600.0  # longest gap of the log that is left out
    radio: bool = True  # fit radio offsets too; takes longest
    out: Text | None = None  # None: runs/fit-<first digits of the digest>
    sample_days: Positive = 4.0  # of --make-sample
    sample_seed: Seed = 0  # of --make-sample
    power_file: Text | None = None  # CSV of power against load, in place of a log
    carrier: Text | None = None  # kind of carrier of the scenario whose model the file is fitted to
    load_file: Text | None = None  # CSV of measured load, see docs/load_file.md, in place of a log
    load_unit: Literal["relative", "mbps", "share"] = (
        "relative"  # of its load: of a site, or a share of its PRBs
    )
    load_column: Text = "load"  # of the load file; of the power file, 0 to 1
    power_column: Text = "power"  # of the power file
    power_unit_w: Positive = 1.0  # W in one unit of the power column
    power_group: Text | None = None  # of several groups, the one whose fit the scenario takes
    weight_column: Text | None = None  # of the power file: measurements behind a line
    group_columns: tuple[Text, ...] = ()  # of the power file: one fit for each value of them

    def __post_init__(self) -> None:
        """Refuse settings of another source than the one that is fitted: they would change nothing."""
        given = [name for name in _SOURCES if getattr(self, name) is not None] or ["log"]
        for field in fields(self):
            owners, value = _OF.get(field.name, _SOURCES), getattr(self, field.name)
            if value != field.default and not set(owners) & set(given):
                what = f"{field.name}={value!r} is for {' and '.join(owners)}, not for {given[0]}"
                raise ValueError(f"{what}; leave it out, or give {owners[0]}=PATH in place of {given[0]}")
