"""Random numbers and dB conversions that give the same bits on every CPU.

Random numbers are a function of (key, step, entity, purpose): no state, so a replica's history does not
depend on the batch it runs in. The mixer is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

import numpy as np
from numba.core import types

from .compiled import inlined, reinterpret

# Purposes of the random streams
DEMAND, HEADING, PLACE_X, PLACE_Y, WEIGHT, INDOOR, INDOOR_DEPTH, AREA, SURGE, REPORT, DAY, SIGMA = range(12)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0xD1342543DE82EF95)
_ENTITY = np.uint64(0xA0761D6478BD642F)
_PURPOSE = np.uint64(0xE7037ED1A0B428DB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S40, _S16, _S32, _S48 = np.uint64(40), np.uint64(16), np.uint64(32), np.uint64(48)
_LOW16 = np.uint64(0xFFFF)
_TO_UNIT = np.float32(2.0**-24)
_TO_NORMAL = np.float32(3.0**0.5 / 65536.0)
_MID_SUM = np.float32(2 * 65535)
_LOG2_10_OVER_10 = np.float32(0.33219280948873623)
_float32_from_bits = reinterpret(types.int32, types.float32)


@inlined
def mix(x: np.uint64) -> np.uint64:
    """Scramble 64 bits (SplitMix64 finaliser)."""
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@inlined
def draw(key: np.uint64, step: int, entity: int, purpose: int) -> np.uint64:
    """Return 64 random bits named by (key, step, entity, purpose)."""
    name = np.uint64(step) * _STEP + np.uint64(entity) * _ENTITY + np.uint64(purpose) * _PURPOSE
    return mix(mix(key + name) + _GOLDEN)


@inlined
def to_unit(bits: np.uint64) -> np.float32:
    """Map random bits to [0, 1)."""
    return np.float32(bits >> _S40) * _TO_UNIT


@inlined
def to_normal(bits: np.uint64) -> np.float32:
    """Map random bits to mean 0, variance 1: the sum of four uniforms, bounded by 3.47 (Irwin-Hall)."""
    total = (bits & _LOW16) + ((bits >> _S16) & _LOW16) + ((bits >> _S32) & _LOW16) + (bits >> _S48)
    return (np.float32(total) - _MID_SUM) * _TO_NORMAL


@inlined
def exp2(x: np.float32) -> np.float32:
    """Return 2**x to 2e-7 relative, for x clipped to -126..126."""
    x = min(max(x, np.float32(-126.0)), np.float32(126.0))
    whole = np.floor(x)
    f = x - whole
    # degree-6 fit on [0, 1], exact at both ends, 9e-8 relative (Chebyshev nodes)
    p = np.float32(2.19010671e-4)
    p = p * f + np.float32(1.24078359e-3)
    p = p * f + np.float32(9.67859751e-3)
    p = p * f + np.float32(5.54858685e-2)
    p = p * f + np.float32(2.40228601e-1)
    p = p * f + np.float32(6.93147139e-1)
    p = p * f + np.float32(1.0)
    # every int32 operation is wrapped: numba would widen it to int64 and the loop would stay scalar
    exponent = np.int32(np.int32(whole) + np.int32(127))
    return p * _float32_from_bits(np.int32(exponent << np.int32(23)))


@inlined
def from_db(db: np.float32) -> np.float32:
    """Convert decibels to a linear ratio."""
    return exp2(db * _LOG2_10_OVER_10)
