"""What can be configured about an operating loop."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from .config import STRICT, Count, NonNegative, Seed

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class OperateConfig:
    """One run of the loop; periods are control periods."""

    policy: Text | None = None  # a run folder or a policy bundle
    certificate: Text | None = None  # None: the loop opens as far as ADVISORY
    scenario: str = "urban"  # what the twin believes
    load_file: Text | None = None  # measured load, see docs/load_file.md; twin and plant follow it
    load_column: Text | None = None  # of the load file; None means "load"
    state: Text = "runs/loop"  # keys, mode, audit log, telemetry and the socket
    network: Text = "plant"  # a simulated network that differs from the twin
    plant_seed: Seed = 0
    pace: NonNegative = 600.0  # simulated seconds per second; 0: as fast as possible
    periods: Count | None = None  # None: until Ctrl-C
    environment: Literal["demo", "lab"] = "lab"  # of keys made here
    shadow_decisions: Count = 288  # needed before ADVISORY
    dwell_periods: Count = 36  # in a mode before the next step up
    canary_periods: Count = 36  # healthy ones in GUARDED before CLOSED_LOOP
    canary_cells: tuple[Text, ...] | None = None  # where GUARDED may act; None: the first two capacity cells
