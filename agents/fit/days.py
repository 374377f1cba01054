"""The law of load of one measured site: level and hours of weekdays and of weekends, and the noise around them.

A site is a network of one area: the regression is that of telemetry (``fit_load``), on the days of one kind at a time.
A value is taken for the average of a slot around its time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...envs.catalogue import load_scenario
from ...twin.params import Params
from ...twin.types import F64, I64, Bool
from ..load_checks import SiteSeries
from .days_noise import Residuals, noise_law
from .load import HOURS, PRIOR_WEIGHT, LoadFit, fit_load, hour_basis
from .regression import Estimate
from .series import SECONDS_PER_DAY, Series

WEEKDAY, WEEKEND = 0, 1
KINDS = ("weekday", "weekend")
LEAST_DAYS_OF_KIND = 2  # or weekdays and weekends share one law
LEFT_OF_PRIOR = 0.02  # of the pull towards the believed hours
ONE_AREA = "tiny"  # a network of one area; nothing else of it counts
_SATURDAY, _THURSDAY = 5, 3  # 1970-01-01 was a Thursday
_TWIN_STEP_S = 60.0
_UNITS = 100.0  # what a site's mean counts as, far above what a regression leaves out as silence


@dataclass(frozen=True)
class Days:
    """One site on a regular grid (T slots)."""

    site: str
    time_s: F64  # (T,), local
    relative: F64  # (T,), load over its mean; NaN where nothing was measured
    mean: float  # of the site, in the unit of the file
    step_s: float

    @property
    def kind(self) -> I64:
        """Return the kind of day of each slot, (T,)."""
        day = (self.time_s // SECONDS_PER_DAY).astype(np.int64)
        return np.where((day + _THURSDAY) % 7 >= _SATURDAY, WEEKEND, WEEKDAY)

    def rows(self, index: slice) -> Days:
        """Return some slots."""
        return replace(self, time_s=self.time_s[index], relative=self.relative[index])


@dataclass(frozen=True)
class SiteLaw:
    """What the days of one site say."""

    site: str
    level: tuple[Estimate, ...]  # of each kind of day, over the site's mean; one where the kinds share a law
    profile: tuple[tuple[Estimate, ...], ...]  # of each kind, 24 factors with mean 1
    noise_sigma: Estimate
    noise_correlation_s: Estimate
    left_out: int  # slots far from the law, and silent ones

    def log_law(self, days: Days) -> F64:
        """Return the log of what the law expects, (T,)."""
        basis, kind = _basis(days), np.minimum(days.kind, len(self.level) - 1)
        logs = [
            np.log(level.value * (basis @ values_of(p)))
            for level, p in zip(self.level, self.profile, strict=True)
        ]
        return np.choose(kind, logs)

    def week(self) -> F64:
        """Return the seven days from Monday on, (7, 24), with mean 1."""
        days = [level.value * values_of(p) for level, p in zip(self.level, self.profile, strict=True)]
        week = np.array([days[0]] * _SATURDAY + [days[-1]] * (7 - _SATURDAY))
        return week / week.mean()


def values_of(estimates: tuple[Estimate, ...]) -> F64:
    """Return the values alone."""
    return np.array([estimate.value for estimate in estimates])


def days_of(series: SiteSeries) -> Days:
    """Put the lines of a site on their regular grid."""
    slot = np.rint((series.time_s - series.time_s[0]) / series.step_s).astype(np.int64)
    load = np.full(int(slot[-1]) + 1, np.nan)
    load[slot] = series.load
    mean = float(series.load.mean())
    time_s = series.time_s[0] + series.step_s * np.arange(len(load))
    return Days(series.site, time_s, load / mean, mean, series.step_s)


def fit_site(days: Days, believed: Params) -> SiteLaw:
    """Fit the law of a site; hours without data keep the believed profile."""
    known = np.isfinite(days.relative)
    least = LEAST_DAYS_OF_KIND * SECONDS_PER_DAY / days.step_s
    groups = [known & (days.kind == kind) for kind in (WEEKDAY, WEEKEND)]
    if min(int(group.sum()) for group in groups) < 0.9 * least:
        groups = [known]
    fits = [_fit_kind(days, group, believed) for group in groups]
    basis = _basis(days)
    residual = np.sum([np.where(np.isfinite(fit.residual), fit.residual, 0.0) for fit in fits], axis=0)
    kept = np.any([np.isfinite(fit.residual) for fit in fits], axis=0)
    design = np.concatenate([np.where(group[:, None], basis, 0.0) for group in groups], axis=1)
    sigma, correlation_s = noise_law(Residuals(residual, kept, design, days.step_s))
    return SiteLaw(
        site=days.site,
        level=tuple(fit.level_mbps.mapped(1.0 / _UNITS) for fit in fits),
        profile=tuple(fit.profile for fit in fits),
        noise_sigma=sigma,
        noise_correlation_s=correlation_s,
        left_out=int(known.sum() - kept.sum()),
    )


def _fit_kind(days: Days, known: Bool, believed: Params) -> LoadFit:
    """Fit slots of one kind of day; where they are few, so often that what was believed of the hours counts little."""
    per_hour = max(1.0, float(known.sum()) / HOURS)
    passes = math.ceil(math.log(LEFT_OF_PRIOR) / math.log(PRIOR_WEIGHT / (PRIOR_WEIGHT + per_hour)))
    hours, series = np.exp(_believed_hours(believed)), _series(days, known)
    fit = fit_load(series, _one_area(days.step_s, hours))
    for _ in range(passes - 1):
        fit = fit_load(series, _one_area(days.step_s, values_of(fit.profile)))
    return fit


def believed_law(days: Days, believed: Params) -> Callable[[Days], F64]:
    """Return the log of what the believed profile expects at the level of these days."""
    hourly = np.exp(_believed_hours(believed))
    left = np.log(np.maximum(days.relative, 1e-9)) - np.log(_basis(days) @ hourly)
    level = float(np.median(left[np.isfinite(days.relative) & (days.relative > 0)]))
    return lambda other: level + np.log(_basis(other) @ hourly)


def pooled(estimates: list[Estimate]) -> Estimate:
    """Return the mean of positive estimates on the log scale, weighted by how sure each is."""
    logs = np.log([e.value for e in estimates])
    half = np.maximum(np.log([e.high for e in estimates]) - logs, 1e-9)
    weight = half**-2.0
    value, reach = float(weight @ logs / weight.sum()), float(weight.sum() ** -0.5)
    return Estimate(*(math.exp(x) for x in (value, value - reach, value + reach)))


def _basis(days: Days) -> F64:
    step_s = _step_s(days.step_s)
    return hour_basis(days.time_s + days.step_s / 2, days.step_s, step_s)


def _step_s(slot_s: float) -> float:
    return slot_s / math.ceil(slot_s / _TWIN_STEP_S)


def _one_area(slot_s: float, hours: F64) -> Params:
    one = load_scenario(ONE_AREA)
    timing = replace(one.timing, twin_step_s=_step_s(slot_s), control_period_s=slot_s)
    return Params.of(replace(one, timing=timing, load=replace(one.load, profile=(tuple(hours.tolist()),))))


def _believed_hours(believed: Params) -> F64:
    """Return the log of the believed profile at the full hours, averaged over its days, (24,)."""
    table = believed.arrays.profile.astype(np.float64).mean(axis=0)
    slots = np.arange(len(table) + 1) * HOURS / len(table)
    hourly = np.interp(np.arange(HOURS), slots, np.append(table, table[0]))
    return np.log(np.maximum(hourly, 1e-3) / hourly.mean())


def _series(days: Days, known: Bool) -> Series:
    """Return a log of one area whose first cell carries everything."""
    load = np.where(known, _UNITS * days.relative, 0.0)
    both = np.stack([load, np.zeros_like(load)], axis=1)
    valid = np.repeat(known[:, None], 2, axis=1)
    still, time_s = np.zeros(both.shape, np.int64), days.time_s + days.step_s / 2
    return Series((), time_s, still, valid, valid, both, both, both, both, 0)
