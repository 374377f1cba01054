"""Seeds of episodes, in domains that cannot overlap: nothing is ever judged on what it was trained on."""

from __future__ import annotations

import hashlib
import hmac
from enum import IntEnum

import numpy as np

_HASH_BITS = 53
_SHORTEST_SECRET = 16


class Domain(IntEnum):
    """What an episode is for; the number stands in the top bits of its seed."""

    TRAIN = 1
    SELECT = 2
    """Chooses the best of several policies, and the settings of baselines."""
    CALIBRATE = 3
    """Fits margins of the shield."""
    CERTIFY = 4
    STRESS = 5
    DEMO = 6
    EVALUATE = 7
    """Tables and plots that people read."""


def episode_seeds(root: int, domain: Domain, attempt: int, count: int) -> list[int]:
    """Draw the seeds of ``count`` episodes, each below 2**62.

    The domain fills the bits above the 53 drawn ones, so seeds of two domains are never equal. The first
    seeds do not depend on ``count``.

    Args:
        root: non-negative, any size.
        domain: what the episodes are for.
        attempt: non-negative; another attempt gets other seeds.
        count: how many.

    Raises:
        ValueError: if a number is negative.
    """
    if min(root, attempt, count) < 0:
        raise ValueError(f"root={root}, attempt={attempt} and count={count} must not be negative")
    return [(int(domain) << _HASH_BITS) | _draw(root, (int(domain), attempt, i)) for i in range(count)]


def domain_of(seed: int) -> Domain:
    """Tell what a seed was drawn for; ValueError if it was not drawn by ``episode_seeds``."""
    return Domain(seed >> _HASH_BITS)


def certify_root(secret: bytes, policy_digest: str, attempt: int) -> int:
    """Return the root of a certification, which nobody can know before the policy is fixed (HMAC-SHA256).

    Raises:
        ValueError: if the secret is shorter than 16 bytes or the attempt negative.
    """
    if len(secret) < _SHORTEST_SECRET:
        raise ValueError(f"the secret has {len(secret)} bytes, need at least {_SHORTEST_SECRET}")
    if attempt < 0:
        raise ValueError(f"attempt={attempt} must not be negative")
    return int.from_bytes(hmac.digest(secret, f"{policy_digest}:{attempt}".encode(), hashlib.sha256), "big")


def _draw(root: int, key: tuple[int, int, int]) -> int:
    word = np.random.SeedSequence(root, spawn_key=key).generate_state(1, np.uint64)[0]
    return int(word) >> (64 - _HASH_BITS)
