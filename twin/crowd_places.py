"""The numbers of an event for the kernel, and where its crowd waits."""

from __future__ import annotations

import numpy as np

from .kernels.crowd import CROWD_WAY
from .kernels.layout import ParamArrays
from .seeding import bits
from .surge import Surge
from .types import F32, I64, U64


def hump_numbers(surge: Surge) -> F32:
    """Return the law of an event, (8,) in the order of ``kernels/crowd.py``; empty where a surge has one hump."""
    law = surge.humps
    if law is None:
        return np.zeros(0, np.float32)
    times = law.seated_s, law.egress_s, law.decay_s
    return np.array(
        [law.play_frac, law.egress_frac, *times, surge.radius_m, law.rim_m, law.walk_mps], np.float32
    )


def rim_m(arrays: ParamArrays, key: U64, who: I64) -> F32:
    """Return the way from each crowd user's place to the rim, (..., 2) in m; none where a surge has one hump."""
    if not len(arrays.humps):
        return np.zeros(2, np.float32)
    way = bits(key, np.zeros(1, np.int64), who, CROWD_WAY) & np.uint64(15)
    return np.asarray(arrays.humps[6] * arrays.heading[way.astype(np.int64)])
