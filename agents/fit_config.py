"""What can be configured about a calibration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from .config import STRICT, NonNegative, Positive, Seed

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class CalibrateConfig:
    """One fit of the twin to measured KPIs, or of a power model to a file of power against load."""

    log: Text | None = None  # telemetry, see docs/telemetry.md
    scenario: str = "urban"  # what is believed of the network that wrote the log
    most_gap_s: NonNegative = 3600.0  # longest gap of the log that is left out
    radio: bool = True  # fit radio offsets too; takes longest
    out: Text | None = None  # None: runs/fit-<first digits of the digest>
    sample_days: Positive = 4.0  # of --make-sample
    sample_seed: Seed = 0  # of --make-sample
    power_file: Text | None = None  # CSV of power against load, in place of a log
    carrier: Text | None = None  # kind of carrier of the scenario whose model the file is fitted to
    load_column: Text = "load"  # of the power file, 0 to 1
    power_column: Text = "power"  # of the power file
    weight_column: Text | None = None  # of the power file: measurements behind a line
    group_columns: tuple[Text, ...] = ()  # of the power file: one fit for each value of them
