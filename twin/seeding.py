"""Keys of the random streams, and the same generator as the kernel's in plain numpy for use at reset."""

from __future__ import annotations

import numpy as np

from .types import F32, I64, U64

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


def _mix(x: U64) -> U64:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def make_keys(seed: I64, episode: I64) -> U64:
    """Name the random streams of replicas: one key per (seed, episode), whatever the batch.

    Args:
        seed: (B,) non-negative.
        episode: (B,) number of the episode under that seed.
    """
    with np.errstate(over="ignore"):
        spread = _mix(seed.astype(np.uint64) + np.uint64(_GOLDEN))
        return _mix(spread ^ (episode.astype(np.uint64) * np.uint64(0xD1342543DE82EF95)))


def bits(key: U64, step: I64, entity: I64, purpose: int) -> U64:
    """Return random bits named by (key, step, entity, purpose); arguments broadcast."""
    with np.errstate(over="ignore"):
        name = (
            step.astype(np.uint64) * np.uint64(0xD1342543DE82EF95)
            + entity.astype(np.uint64) * np.uint64(0xA0761D6478BD642F)
            + np.uint64((purpose * 0xE7037ED1A0B428DB) & _MASK)
        )
        return _mix(_mix(key + name) + np.uint64(_GOLDEN))


def unit(key: U64, step: I64, entity: I64, purpose: int) -> F32:
    """Return uniform numbers in [0, 1)."""
    return (bits(key, step, entity, purpose) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def normal(key: U64, step: I64, entity: I64, purpose: int) -> F32:
    """Return numbers of mean 0 and variance 1, bounded by 3.47 (sum of four uniforms)."""
    word = bits(key, step, entity, purpose)
    low = np.uint64(0xFFFF)
    total = sum(((word >> np.uint64(shift)) & low) for shift in (0, 16, 32, 48))
    centred = np.asarray(total).astype(np.float32) - np.float32(2 * 65535)
    return centred * np.float32(3.0**0.5 / 65536.0)
