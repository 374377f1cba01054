"""Sweeps of synchronisation signal blocks (SSB): how many beams, what they cost, how long they take.

The energy of a sweep is computed by `power.idle_power_rel`, which takes the symbols of a burst and the period.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .beam_pattern import HORIZ_WIDTH_RANGE, Beam, CommonBeamforming, pattern_gain_db
from .power import SSB_BURST_SYMBOLS, SSB_PRBS, SSB_SYMBOLS, SYMBOLS_PER_SLOT
from .types import F64

PERIODS_MS = (5, 10, 20, 40, 80, 160)  # ssb-periodicityServingCell, TS 38.331
DEFAULT_PERIOD_MS = 20
INITIAL_ACCESS_MS = 20  # the period a terminal that searches for a cell may assume, TS 38.213 clause 4.1
LOW_BAND_GHZ = 3.0
FR1_GHZ = 7.125
FR2_GHZ = 24.25
SCS_KHZ = (15, 30, 120, 240)  # subcarrier spacings that carry SSB, TS 38.213 clause 4.1


def max_beams(fc_ghz: float) -> int:
    """Return L_max, the most SSB beams of a burst: 4 up to 3 GHz, 8 in FR1 and 64 in FR2 (TS 38.213 4.1).

    Raises ValueError for a frequency between the ranges or beyond them.
    """
    if 0.0 < fc_ghz <= LOW_BAND_GHZ:
        return 4
    if LOW_BAND_GHZ < fc_ghz <= FR1_GHZ:
        return 8
    if FR2_GHZ <= fc_ghz <= 71.0:
        return 64
    raise ValueError(f"fc_ghz = {fc_ghz:g} is in no NR band: give up to {FR1_GHZ} or {FR2_GHZ} to 71 GHz")


def identification_s(period_ms: float) -> float:
    """Return the time in s in which a terminal finds and measures a cell whose SSB come every ``period_ms``.

    T_PSS/SSS_sync + T_SSB_measurement_period of TS 38.133 clause 9.2.5 in FR1 without gaps and DRX: at least 600 and
    200 ms, and five periods each.
    """
    return 1e-3 * (max(600.0, 5.0 * period_ms) + max(200.0, 5.0 * period_ms))


def burst_share_ms(n_prb: int, scs_khz: float, dl_share: float) -> float:
    """Return the time in ms that one full burst takes of a carrier's whole downlink."""
    ssb_ms = SSB_BURST_SYMBOLS * SSB_PRBS * 15.0 / (SYMBOLS_PER_SLOT * scs_khz * dl_share)
    return ssb_ms / n_prb


@dataclass(frozen=True)
class Sweep:
    """One SSB burst per period: `n_beams` blocks of 4 symbols by 20 resource blocks, sent one after the other.

    ValueError on a period or a spacing that NR does not have, on more beams than the band allows, or on a carrier
    too narrow for a block.
    """

    n_beams: int
    fc_ghz: float
    n_prb: int
    scs_khz: int
    period_ms: int = DEFAULT_PERIOD_MS

    def __post_init__(self) -> None:
        if not (1 <= self.n_beams <= max_beams(self.fc_ghz)):
            raise ValueError(
                f"n_beams = {self.n_beams} is not in 1..{max_beams(self.fc_ghz)}, what a carrier at "
                f"{self.fc_ghz:g} GHz may send"
            )
        if self.period_ms not in PERIODS_MS:
            raise ValueError(f"SSB period_ms = {self.period_ms} does not exist: use one of {PERIODS_MS}")
        if self.scs_khz not in SCS_KHZ:
            raise ValueError(f"no SSB at scs_khz = {self.scs_khz}: use one of {SCS_KHZ}")
        if not (self.n_prb >= SSB_PRBS):
            raise ValueError(f"n_prb = {self.n_prb} does not hold an SSB: give at least {SSB_PRBS}")

    @property
    def symbols_per_burst(self) -> int:
        """Return the symbols of a burst, in which the cell can never sleep."""
        return SSB_SYMBOLS * self.n_beams

    @property
    def symbols_per_period(self) -> int:
        """Return all symbols between two bursts' beginnings."""
        return SYMBOLS_PER_SLOT * self.period_ms * self.scs_khz // 15

    @property
    def awake_frac(self) -> float:
        """Return the share of symbols that can never sleep."""
        return self.symbols_per_burst / self.symbols_per_period

    @property
    def resource_frac(self) -> float:
        """Return the share of the carrier's resource elements that the blocks take."""
        return self.awake_frac * SSB_PRBS / self.n_prb

    def delay_ms(self, n_rx_beams: int = 1) -> float:
        """Return the longest time in ms to try every beam: one period for each of the terminal's receive beams."""
        if not (n_rx_beams >= 1):
            raise ValueError(f"n_rx_beams = {n_rx_beams}: a terminal has at least 1 beam")
        return float(self.period_ms * n_rx_beams)


def sweep_beams(pattern: CommonBeamforming, n_beams: int) -> tuple[Beam, ...]:
    """Return the beams that sweep a coverage shape from left to right, each `n_beams` times narrower.

    They meet at their half-power directions and together span the shape's. Raises ValueError when they would be
    narrower than a beam can be.
    """
    shape = pattern.envelope
    width = shape.beam_horiz_width / n_beams if n_beams >= 1 else 0.0
    if not (width >= HORIZ_WIDTH_RANGE[0]):
        raise ValueError(
            f"n_beams = {n_beams} cannot sweep {shape.beam_horiz_width / 10:g} degrees: give 1 to "
            f"{shape.beam_horiz_width // HORIZ_WIDTH_RANGE[0]}"
        )
    offsets = (np.arange(n_beams) - (n_beams - 1) / 2.0) * width
    azimuths = np.mod(shape.beam_azimuth + np.rint(offsets).astype(int) + 1800, 3600) - 1800
    return tuple(
        Beam(int(azimuth), shape.beam_tilt, round(width), shape.beam_vert_width) for azimuth in azimuths
    )


def sweep_gain_db(beams: tuple[Beam, ...], azimuth_offset_deg: ArrayLike, zenith_deg: ArrayLike) -> F64:
    """Return the gain in dBi of the best beam of a sweep toward directions; angles as in `pattern_gain_db`."""
    return np.max([pattern_gain_db(beam, azimuth_offset_deg, zenith_deg) for beam in beams], axis=0)
