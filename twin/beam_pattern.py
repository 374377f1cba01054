"""Broadcast beam patterns under the names of TS 28.541: coverage shapes, digital tilt and azimuth, their gain.

A shape is the envelope of the SSB beams of a cell: the parabolic pattern of TR 38.901 table 7.3-1 with other
half-power widths. Every shape, wherever it points, radiates the same power in total, so what is gained in one
direction is lost in others. That power is the one at which a beam as wide as a column of 10 elements peaks where
`antenna.sector_gain_db` does, so planned antennas and shapes compare. Not modelled: side lobes above the 30 dB
floor, and what a flat panel loses when it is steered far from its broadside.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from .antenna import SECTOR_ELEMENT
from .types import F64

TENTHS = 10.0  # TS 28.541 counts angles in 0.1 degree
TILT_RANGE = (-900, 900)
AZIMUTH_RANGE = (-1800, 1800)
HORIZ_WIDTH_RANGE = (10, 3599)  # the standard begins at 0, which no antenna has
VERT_WIDTH_RANGE = (10, 1800)
SHAPE_RANGE = (0, 65535)
GRID_POINTS = 720  # of the power integral, in each plane


def _require(name: str, value: int, limits: tuple[int, int]) -> None:
    if not (isinstance(value, Integral) and limits[0] <= value <= limits[1]):
        raise ValueError(
            f"{name} = {value!r} is not a whole number in [{limits[0]}, {limits[1]}] (TS 28.541, 0.1 degree for "
            "angles): give a value in this range"
        )


@dataclass(frozen=True)
class Beam:
    """One broadcast beam, TS 28.541 `Beam`; all four in 0.1 degree.

    Azimuth and tilt count from the antenna's boresight; positive azimuth looks to the right (clockwise from above),
    positive tilt down. The widths are between the half-power directions. ValueError where a value is out of range.
    """

    beam_azimuth: int
    beam_tilt: int
    beam_horiz_width: int
    beam_vert_width: int

    def __post_init__(self) -> None:
        _require("beam_azimuth", self.beam_azimuth, AZIMUTH_RANGE)
        _require("beam_tilt", self.beam_tilt, TILT_RANGE)
        _require("beam_horiz_width", self.beam_horiz_width, HORIZ_WIDTH_RANGE)
        _require("beam_vert_width", self.beam_vert_width, VERT_WIDTH_RANGE)


@dataclass(frozen=True)
class CoverageShape:
    """Half-power widths behind one `coverageShape`; the standard leaves their meaning to the implementation."""

    name: str
    horiz_width: int  # 0.1 degree
    vert_width: int  # 0.1 degree


COVERAGE_SHAPES = {  # assumption: widths of the kind that massive-MIMO panels offer
    0: CoverageShape("macro", 650, 100),
    1: CoverageShape("wide macro", 1050, 60),
    2: CoverageShape("narrow macro", 300, 100),
    3: CoverageShape("hot-spot", 250, 250),
    4: CoverageShape("high-rise", 650, 300),
    5: CoverageShape("narrow high-rise", 250, 350),
    6: CoverageShape("square", 1050, 250),
}


@dataclass(frozen=True)
class CommonBeamforming:
    """What a carrier broadcasts, TS 28.541 `CommonBeamformingFunction`: the choice that beam control makes.

    `digital_tilt` (positive down) and `digital_azimuth` (positive to the right, clockwise from above) are in 0.1
    degree from the antenna's boresight. ValueError on an unknown shape or a value out of range.
    """

    coverage_shape: int
    digital_tilt: int = 0
    digital_azimuth: int = 0

    def __post_init__(self) -> None:
        _require("coverage_shape", self.coverage_shape, SHAPE_RANGE)
        if self.coverage_shape not in COVERAGE_SHAPES:
            known = ", ".join(f"{key} ({shape.name})" for key, shape in COVERAGE_SHAPES.items())
            raise ValueError(f"coverage_shape = {self.coverage_shape} is not defined: use one of {known}")
        _require("digital_tilt", self.digital_tilt, TILT_RANGE)
        _require("digital_azimuth", self.digital_azimuth, AZIMUTH_RANGE)

    @property
    def envelope(self) -> Beam:
        """Return the one beam that stands for all SSB beams of the carrier."""
        shape = COVERAGE_SHAPES[self.coverage_shape]
        return Beam(self.digital_azimuth, self.digital_tilt, shape.horiz_width, shape.vert_width)


REFERENCE_ROWS = 10
REFERENCE_GAIN_DBI = SECTOR_ELEMENT.max_gain_dbi + 10.0 * math.log10(REFERENCE_ROWS)
REFERENCE_BEAM = Beam(
    0, 0, round(TENTHS * SECTOR_ELEMENT.beamwidth_deg), round(TENTHS * 102.0 / REFERENCE_ROWS)
)

STANDARD_PATTERNS = {
    "macro": CommonBeamforming(0),
    "macro down 4": CommonBeamforming(0, 40),
    "macro down 8": CommonBeamforming(0, 80),
    "wide macro": CommonBeamforming(1),
    "wide macro down 4": CommonBeamforming(1, 40),
    "narrow macro": CommonBeamforming(2),
    "narrow macro left": CommonBeamforming(2, 0, -250),
    "narrow macro right": CommonBeamforming(2, 0, 250),
    "hot-spot": CommonBeamforming(3, 80),
    "high-rise": CommonBeamforming(4, -50),
    "narrow high-rise": CommonBeamforming(5, -80),
    "square": CommonBeamforming(6, 100),
}
"""Codebook in a fixed order, the planned pattern first; tilts add to the tilt of the planned antenna."""


_STEERED = re.compile(
    r"(?P<shape>.+?)(?: (?P<way>down|up) (?P<tilt>\d+(?:\.\d)?))?(?: (?P<side>left|right) (?P<turn>\d+(?:\.\d)?))?"
)


@cache
def standard_pattern(name: str) -> CommonBeamforming:
    """Return a pattern by its name: one of the standard codebook, or one of its level shapes, tilted and turned.

    ``macro down 5``, ``wide macro up 1.5`` and ``narrow macro down 2 left 40`` are such names; angles are in degrees,
    to one decimal, as the standard counts tenths.

    Raises:
        ValueError: naming the nearest one on an unknown name, or an angle out of range.
    """
    if name in STANDARD_PATTERNS:
        return STANDARD_PATTERNS[name]
    found = _STEERED.fullmatch(name)
    level = {
        key: one for key, one in STANDARD_PATTERNS.items() if one.digital_tilt == one.digital_azimuth == 0
    }
    if found is None or found["shape"] not in level:
        nearest = difflib.get_close_matches(name, STANDARD_PATTERNS, n=1, cutoff=0.0)[0]
        raise ValueError(
            f'no beam pattern "{name}": did you mean "{nearest}"? Known: {", ".join(STANDARD_PATTERNS)}; '
            f'{", ".join(level)} also as in "macro down 5", "macro up 1.5 left 20"'
        )
    tilt, turn = (round(TENTHS * float(found[angle] or 0.0)) for angle in ("tilt", "turn"))
    return CommonBeamforming(
        level[found["shape"]].coverage_shape,
        -tilt if found["way"] == "up" else tilt,
        -turn if found["side"] == "left" else turn,
    )


def pattern_gain_db(
    pattern: CommonBeamforming | Beam, azimuth_offset_deg: ArrayLike, zenith_deg: ArrayLike
) -> F64:
    """Return the gain in dBi of a broadcast pattern toward a direction; the angles broadcast.

    `azimuth_offset_deg` counts counter-clockwise from the boresight, as azimuths of the twin do (a positive
    `digital_azimuth` therefore raises negative offsets), and is folded into [-180, 180). `zenith_deg` is 90 on the
    horizon of the antenna and more below it: where the antenna itself is tilted, give the zenith less that tilt.
    """
    beam = pattern.envelope if isinstance(pattern, CommonBeamforming) else pattern
    azimuth = np.asarray(azimuth_offset_deg, dtype=np.float64) + beam.beam_azimuth / TENTHS
    off_axis_deg = np.mod(azimuth + 180.0, 360.0) - 180.0
    return peak_gain_dbi(beam) - _attenuation_db(beam, off_axis_deg, np.asarray(zenith_deg, dtype=np.float64))


def peak_gain_dbi(beam: Beam) -> float:
    """Return the gain in the direction of a beam, such that all beams radiate the same total power."""
    centred = Beam(0, beam.beam_tilt, beam.beam_horiz_width, beam.beam_vert_width)
    return REFERENCE_GAIN_DBI + 10.0 * math.log10(_mean_power(REFERENCE_BEAM) / _mean_power(centred))


@lru_cache(maxsize=1024)
def _mean_power(beam: Beam) -> float:
    """Mean over the sphere of the pattern relative to its peak, by the midpoint rule."""
    step = (np.arange(GRID_POINTS) + 0.5) / GRID_POINTS
    zenith_deg = 180.0 * step[:, None]
    power = 10.0 ** (-_attenuation_db(beam, 360.0 * step - 180.0, zenith_deg) / 10.0)
    weight = np.sin(np.deg2rad(zenith_deg[:, 0]))
    return float((power.mean(axis=1) * weight).sum() / weight.sum())


def _attenuation_db(beam: Beam, off_axis_deg: F64, zenith_deg: F64) -> F64:
    """TR 38.901 table 7.3-1 with the widths and the tilt of a beam: 30 dB in each plane and in all."""
    floor_db = SECTOR_ELEMENT.max_attenuation_db
    below_deg = zenith_deg - 90.0 - beam.beam_tilt / TENTHS
    vertical = np.minimum(12.0 * (TENTHS * below_deg / beam.beam_vert_width) ** 2, floor_db)
    horizontal = np.minimum(12.0 * (TENTHS * off_axis_deg / beam.beam_horiz_width) ** 2, floor_db)
    return np.minimum(vertical + horizontal, floor_db)
