"""How sure we are: an anytime-valid betting e-process for rates and means of values in [0, 1].

Wealth starts at 1 and bets against "the mean is at least the limit". If that were true, wealth would ever
reach 1/alpha with probability at most alpha (Ville), whenever one chooses to look or stop. The mirrored
process bets against "the mean is at most the limit" and so can fail a policy early.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from ..twin.types import F64

PASS_FRACTIONS = np.array([0.0, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05])  # (7,), wealth kept after one full violation
PASS_SHARES = np.array([6.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])  # (7,), shares of the first wealth, of 12
FAIL_MULTIPLES = np.array(
    [1.5, 2.0, 3.0, 5.0, 10.0, 20.0]
)  # (6,), alternative mean as a multiple of the limit
_SLACK = 1e-9  # nats: a crossing has to survive every order of summation


class Verdict(StrEnum):
    """Outcome of a certification; only PASS promotes."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Bets:
    """A grid of bets: one value x multiplies the wealth of a bet by at_zero * (1 - x) + at_one * x."""

    shares: F64  # (J,), whole numbers: the first wealth is exactly 1
    at_zero: F64  # (J,), factor for x = 0
    at_one: F64  # (J,), factor for x = 1


def pass_bets(limit: float) -> Bets:
    """Bets against "mean >= limit"; wealth grows while values stay small."""
    gain = (1.0 - PASS_FRACTIONS) / (1.0 - limit)
    return Bets(PASS_SHARES, PASS_FRACTIONS + gain, PASS_FRACTIONS)


def fail_bets(limit: float) -> Bets:
    """Bets against "mean <= limit"; wealth grows while values are large."""
    rates = np.minimum(FAIL_MULTIPLES * limit, 0.5 * (1.0 + limit))
    return Bets(np.ones(rates.size), (1.0 - rates) / (1.0 - limit), rates / limit)


class EProcess:
    """Evidence collected value by value; `log_wealth` holds one number per bet."""

    def __init__(self, bets: Bets) -> None:
        self._bets = bets
        self.log_wealth = np.zeros(bets.shares.size)  # (J,)

    @property
    def log_e(self) -> float:
        """Log e-value of everything seen; 0 before the first value."""
        return float(_mix(self._bets, self.log_wealth))

    def update(self, values: ArrayLike) -> F64:
        """Take new values; returns the log e-value after each of them, shape (n,)."""
        x = _unit_values(values)
        path = self.log_wealth + np.cumsum(_log_factors(self._bets, x), axis=0)
        if x.size:
            self.log_wealth = path[-1]
        return _mix(self._bets, path)


def log_e_value(values: ArrayLike, limit: float) -> float:
    """Log of the evidence (nats) that the mean of `values` is below `limit`; 0 without values.

    Values lie in [0, 1] and limit in (0, 1), else ValueError. The result has the same bits in every order.
    """
    _open_unit(limit, "limit")
    return _log_e_counted(*_counted(values), limit)


def upper_bound(values: ArrayLike, alpha: float) -> float:
    """Smallest limit at which the evidence reaches 1/alpha: valid at any time with confidence 1 - alpha.

    Values lie in [0, 1] and alpha in (0, 1), else ValueError. 1.0 when nothing can be said yet.
    """
    target = -math.log(_open_unit(alpha, "alpha"))
    distinct, counts = _counted(values)
    low, high = 0.0, math.nextafter(1.0, 0.0)
    if not _log_e_counted(distinct, counts, high) >= target:
        return 1.0
    while high - low > 1e-12 * high:  # the crossing side is kept, so the tolerance is on the safe side
        middle = 0.5 * (low + high)
        crossed = _log_e_counted(distinct, counts, middle) >= target
        low, high = (low, middle) if crossed else (middle, high)
    return high


@dataclass(frozen=True)
class Claim:
    """What is to be shown: the mean of the values named `name` is below `limit`.

    `alpha` bounds the chance of a false PASS, `alpha_fail` that of a false FAIL.
    """

    name: str
    limit: float
    alpha: float
    alpha_fail: float = 0.01

    def __post_init__(self) -> None:
        for field in ("limit", "alpha", "alpha_fail"):
            _open_unit(getattr(self, field), f"{field} of claim {self.name!r}")


@dataclass(frozen=True)
class ClaimResult:
    """One claim after n episodes in seed order."""

    name: str
    limit: float
    alpha: float
    alpha_fail: float
    n: int
    mean: float
    log_e: float
    upper_bound: float
    verdict: Verdict


def judge(values: ArrayLike, claim: Claim) -> ClaimResult:
    """Scan contiguous prefixes of `values` (seed order) and stop at the first one that settles the claim.

    PASS where the evidence reaches 1/alpha, FAIL where the mirrored evidence reaches 1/alpha_fail,
    INCONCLUSIVE where the values end first. Count a crashed, late or NaN episode as 1.0 before calling; NaN
    is a ValueError here.
    """
    x = _unit_values(values)
    path = EProcess(pass_bets(claim.limit)).update(x)
    n_pass = _first_crossing(path, claim.alpha)
    n_fail = _first_crossing(EProcess(fail_bets(claim.limit)).update(x), claim.alpha_fail)
    n = min(n_pass, n_fail, x.size)
    return ClaimResult(
        claim.name, claim.limit, claim.alpha, claim.alpha_fail, n,
        mean=float(np.mean(x[:n])) if n else 0.0,
        log_e=float(path[n - 1]) if n else 0.0,
        upper_bound=upper_bound(x[:n], claim.alpha),
        verdict=_verdict(n, n_pass, n_fail),
    )  # fmt: skip


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """PASS only when there is a claim and every one passed; else ERROR, FAIL, INCONCLUSIVE in this order."""
    seen = set(verdicts)
    if seen == {Verdict.PASS}:
        return Verdict.PASS
    worst = [verdict for verdict in (Verdict.ERROR, Verdict.FAIL) if verdict in seen]
    return worst[0] if worst else Verdict.INCONCLUSIVE


def _verdict(n: int, n_pass: int, n_fail: int) -> Verdict:
    if n_fail == n > 0:
        return Verdict.FAIL
    return Verdict.PASS if n_pass == n > 0 else Verdict.INCONCLUSIVE


def _first_crossing(path: F64, alpha: float) -> int:
    crossed = path >= -math.log(alpha) + _SLACK
    return int(np.argmax(crossed)) + 1 if crossed.any() else path.size + 1


def _log_factors(bets: Bets, x: F64) -> F64:
    with np.errstate(divide="ignore"):  # a full violation empties the boldest bet: log 0 = -inf is meant
        return np.log(bets.at_zero * (1.0 - x[:, None]) + bets.at_one * x[:, None])


def _mix(bets: Bets, log_wealth: F64) -> F64:
    top = log_wealth.max(axis=-1)
    return top + np.log(np.exp(log_wealth - top[..., None]) @ bets.shares / bets.shares.sum())


def _counted(values: ArrayLike) -> tuple[F64, F64]:
    """Distinct values, ascending, and their counts: the sum below no longer depends on the order."""
    distinct, counts = np.unique(_unit_values(values), return_counts=True)
    return distinct, counts.astype(np.float64)


def _log_e_counted(distinct: F64, counts: F64, limit: float) -> float:
    bets = pass_bets(limit)
    wealth = (counts[:, None] * _log_factors(bets, distinct)).sum(axis=0)
    return float(_mix(bets, wealth))


def _unit_values(values: ArrayLike) -> F64:
    x = np.asarray(values, dtype=np.float64).ravel()
    outside = ~((x >= 0.0) & (x <= 1.0))
    if outside.any():
        i = int(np.argmax(outside))
        raise ValueError(
            f"value {i} is {x[i]}, outside [0, 1]; scale costs first and count failed episodes as 1"
        )
    return x


def _open_unit(value: float, name: str) -> float:
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} is {value!r}; it must lie strictly between 0 and 1")
    return value
