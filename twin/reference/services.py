"""Services once more in plain numpy, user by user: part of the oracle of the compiled kernel in tests."""

from __future__ import annotations

import math

import numpy as np

from ..kernels import services as law
from ..kernels.layout import ParamArrays, StateArrays
from ..seeding import bits, normal
from ..traffic_models import MmtcBurst
from ..types import F64, U64


def service_mbps(p: ParamArrays, s: StateArrays, mean_mbps: F64) -> F64:
    """Return what each resident asks for in the step, given its mean, (B, residents)."""
    if not len(p.service):
        return mean_mbps
    asked = np.zeros_like(mean_mbps)
    for b, u in np.ndindex(*mean_mbps.shape):
        kind, unit_mbit, rate, spread = p.service[s.user_service[b, u]]
        activity = float(mean_mbps[b, u]) / p.service_mbps
        if kind == law.FILES:
            asked[b, u] = unit_mbit * _files(p, s, b, u, activity * rate * p.step_s) / p.step_s
        elif kind == law.SESSIONS:
            leg = (s.step[b] + u) // p.session_steps
            busy = _quantile(
                _binomial(int(rate), min(activity, 1.0)), _uniform(s.key[b : b + 1], leg, u, law.BUSY)
            )
            asked[b, u] = busy * unit_mbit + math.sqrt(busy) * spread * _normal(s, b, u, law.WIGGLE)
        else:
            asked[b, u] = unit_mbit * _reports(p, s, b, u, activity * rate * p.step_s, spread) / p.step_s
    return np.maximum(asked, 0.0)


def _uniform(key: U64, step: int, who: int, purpose: int) -> float:
    """Return a number in (0, 1] from 53 random bits."""
    word = bits(key, np.array([step]), np.array([who]), purpose)[0]
    return (int(word) // 2048 + 1) * 2.0**-53


def _normal(s: StateArrays, b: int, u: int, purpose: int) -> float:
    return float(normal(s.key[b : b + 1], s.step[b : b + 1], np.array([u]), purpose)[0])


def _quantile(masses: list[float], chance: float) -> int:
    """Return the first number whose distribution reaches the chance."""
    return int(min(np.searchsorted(np.cumsum(masses), chance, side="left"), len(masses) - 1))


def _files(p: ParamArrays, s: StateArrays, b: int, u: int, mean: float) -> float:
    if mean > law.FEW:
        return mean + math.sqrt(mean) * _normal(s, b, u, law.COUNT)
    return _quantile(_poisson(mean), _uniform(s.key[b : b + 1], s.step[b], u, law.COUNT))


def _poisson(mean: float) -> list[float]:
    return [math.exp(-mean) * mean**k / math.factorial(k) for k in range(101)]


def _binomial(n: int, share: float) -> list[float]:
    return [math.comb(n, k) * share**k * (1.0 - share) ** (n - k) for k in range(n + 1)]


def _reports(p: ParamArrays, s: StateArrays, b: int, u: int, causes: float, duration_s: float) -> float:
    """Return the bursts, whole ones and parts, that are reported in the step."""
    burst, total = MmtcBurst(duration_s), 0.0
    begin_s = float(s.step[b]) * p.step_s
    for step in range(int(s.step[b]) - math.ceil(duration_s / p.step_s), int(s.step[b]) + 1):
        for k in range(_quantile(_poisson(causes), _uniform(s.key[b : b + 1], step, u, law.CAUSE))):
            cause_s = (
                step + _uniform(s.key[b : b + 1], step, u + k * p.crowd_first, law.CAUSE_AT)
            ) * p.step_s
            until, before = (float(burst.share_reported(t - cause_s)) for t in (begin_s + p.step_s, begin_s))
            total += until - before
    return total
