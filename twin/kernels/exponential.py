"""Exponential random numbers in float64 that have the same bits on every CPU."""

from __future__ import annotations

import numpy as np
from numba.core import types

from .compiled import inlined, reinterpret

_S11, _S52 = np.uint64(11), np.uint64(52)
_ONE = np.uint64(1)
_FRACTION = np.uint64((1 << 52) - 1)
_EXPONENT_OF_ONE = np.uint64(1023 << 52)
_TO_UNIT = 2.0**-53
_LN2 = 0.6931471805599453
_SQRT2 = 1.4142135623730951
_bits_from_float64 = reinterpret(types.float64, types.uint64)
_float64_from_bits = reinterpret(types.uint64, types.float64)


@inlined
def to_unit64(bits: np.uint64) -> np.float64:
    """Map random bits to (0, 1], 53 bits of them."""
    return np.float64((bits >> _S11) + _ONE) * _TO_UNIT


@inlined
def ln(x: np.float64) -> np.float64:
    """Return the natural logarithm of a positive normal number to 2e-16 of its size or of 1.

    ln x = e ln 2 + 2 atanh((m - 1) / (m + 1)) with x = m 2^e and m in [1/sqrt 2, sqrt 2]; the series stops where
    the next term is below 1e-18.
    """
    word = _bits_from_float64(x)
    exponent = np.float64(np.int64(word >> _S52) - np.int64(1023))
    mantissa = _float64_from_bits((word & _FRACTION) | _EXPONENT_OF_ONE)
    if mantissa > _SQRT2:
        mantissa = 0.5 * mantissa
        exponent = exponent + 1.0
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    p = 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    return exponent * _LN2 + (2.0 * s + 2.0 * s * (z * p))


@inlined
def raised(x: np.float64, power: np.float64) -> np.float64:
    """Return a positive normal number to a power, to 1e-14 of its size where that lies within 1e-300..1e300."""
    exponent = min(max(power * ln(x), -690.0), 690.0)
    whole = np.floor(exponent / _LN2 + 0.5)
    rest = exponent - whole * _LN2
    series = 1.0
    for term in range(14, 0, -1):
        series = 1.0 + series * rest / term
    return series * _float64_from_bits(np.uint64(np.int64(whole) + np.int64(1023)) << _S52)


@inlined
def to_exponential(bits: np.uint64) -> np.float64:
    """Map random bits to an exponential number of mean 1, by inversion."""
    return -ln(to_unit64(bits))
