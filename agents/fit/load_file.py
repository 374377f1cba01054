"""Calibration to a measured load series: the law of load of the sites, and what it is worth on days not fitted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...envs.palette import BLUE, VERMILION
from ...safety.conformal import conformal_quantile
from ...twin.canonical import sha256_hex
from ...twin.fitted import growth_margin
from ...twin.params import Params
from ...twin.scenario import Load, Scenario
from ...twin.traffic import station_mean_load
from ...twin.types import F64
from ..calibrate import EPS
from ..config import ConfigError
from ..load_checks import SiteSeries
from ..load_file import read_load_sites
from ..load_table import line_error
from ..report import Figure
from ..svg import Drawing, padded, panel
from .config import CalibrateConfig
from .days import HOURS, KINDS, Days, SiteLaw, believed_law, days_of, fit_site, pooled, values_of
from .file_fit import FileFit, Worth
from .fit import Parameter
from .regression import Estimate
from .series import LEAST_DAYS, SECONDS_PER_DAY

LONGEST_STEP_S = 3600.0  # hours are fitted
_METHOD = "AR(1) regression, Newey-West"
_NOISE = "residuals against those of simulated series"
_FLOOR = 1e-3  # of the mean load


@dataclass(frozen=True)
class _Site:
    """One site, cut by days."""

    law: SiteLaw
    fit: Days
    margins: Days
    judge: Days


def fit_load_file(config: CalibrateConfig, params: Params) -> FileFit:
    """Fit the load law of a scenario to a load file.

    The last fifth of a site's days (one at least) judges, the fifth before sets the growth margin, the rest is fitted.

    Raises:
        ConfigError: if the file cannot be used; names file, line, field, value and repair.
    """
    path = Path(str(config.load_file))
    series = read_load_sites(path, config.load_column)
    if config.load_unit == "share":
        _require_shares(path, series)
    sites = [_cut(path, days_of(each), params) for each in series]
    law, scale = params.scenario.load, _scale(sites, params.scenario.load, config.load_unit)
    sigma, correlation_s = (
        pooled([getattr(s.law, n) for s in sites]) for n in ("noise_sigma", "noise_correlation_s")
    )
    fitted = replace(
        law,
        profile=tuple(tuple(row) for site in sites for row in site.law.week().tolist()),
        noise_sigma=sigma.value,
        noise_correlation_s=max(correlation_s.value, params.scenario.timing.twin_step_s),
        scale=scale.value if scale else law.scale,
    )
    scenario = replace(params.scenario, load=fitted)
    scores = np.concatenate([_growth(site, params.scenario) for site in sites])
    margin = conformal_quantile(scores, EPS)
    noise = (
        Parameter("load.noise_sigma", "", sigma, law.noise_sigma, True, _NOISE),
        Parameter("load.noise_correlation_s", "s", correlation_s, law.noise_correlation_s, True, _NOISE),
    )
    scales = (Parameter("load.scale", "", scale, law.scale, True, _METHOD),) if scale else ()
    return FileFit(
        source=_source(path, config, sites),
        parameters=(*scales, *noise, *(p for site in sites for p in _parameters(site, config.load_column))),
        scenario=scenario,
        worth=_worth(sites, params, fitted),
        growth_margin=max(growth_margin(params.scenario), margin if math.isfinite(margin) else 1.0),
        growth_scores=len(scores),
        notes=_notes(sites, margin, scale is None),
        figures=tuple(_figure(site.law) for site in sites),
    )


def _require_shares(path: Path, series: Iterable[SiteSeries]) -> None:
    for each in series:
        above = np.flatnonzero(~(each.load <= 1.0))
        if len(above):
            repair = "write shares of the PRBs, not percent; of Mbit/s, say load_unit=mbps"
            raise line_error(
                path, int(each.line[above[0]]), f"{each.value(int(above[0]))} is above 1", repair
            )


def _cut(path: Path, days: Days, params: Params) -> _Site:
    span_s = len(days.time_s) * days.step_s
    if days.step_s > LONGEST_STEP_S:
        raise ConfigError(
            f"{path}: field time: a step of {days.step_s:g} s is longer than an hour; average finer"
        )
    if span_s < LEAST_DAYS * SECONDS_PER_DAY:
        what = (
            f"field time: {span_s / SECONDS_PER_DAY:.3g} days{f' of site {days.site!r}' if days.site else ''}"
        )
        repair = f"a fit needs {LEAST_DAYS} whole days: two to fit, one to set the margins, one to judge"
        raise ConfigError(f"{path}: {what}; {repair}")
    held = max(1, int(span_s / SECONDS_PER_DAY) // 5) * round(SECONDS_PER_DAY / days.step_s)
    n = len(days.time_s)
    fit, margins, judge = (
        days.rows(slice(*c)) for c in ((0, n - 2 * held), (n - 2 * held, n - held), (n - held, n))
    )
    return _Site(fit_site(fit, params), fit, margins, judge)


def _scale(sites: list[_Site], law: Load, unit: str) -> Estimate | None:
    """Return ``load.scale``: mean traffic of a site over that of a station of the believed law; None if relative.

    The stations are draws of a law, and few of them tell of it only so much: the interval holds that spread too.
    """
    if unit == "relative":
        return None
    levels = [pooled([level for level in site.law.level]) for site in sites]
    values = [_week_level(site) * (1.0 if unit == "share" else 1.0 / law.full_load_mbps) for site in sites]
    stations = station_mean_load((np.arange(400) + 0.5) / 400, law.station_load_quantiles).astype(np.float64)
    value = float(np.mean(values)) / float(stations.mean())
    own = max(math.log(level.high / level.value) for level in levels)
    reach = math.hypot(own, 1.96 * float(np.log(stations).std(ddof=1))) / math.sqrt(len(sites))
    return Estimate(value, value * math.exp(-reach), value * math.exp(reach))


def _week_level(site: _Site) -> float:
    first, last = site.law.level[0].value, site.law.level[-1].value
    return site.fit.mean * (5 * first + 2 * last) / 7


def _growth(site: _Site, scenario: Scenario) -> F64:
    """Return load over what the law makes of the load two control periods before, (n,), on the days for margins."""
    ahead = 2 * scenario.timing.control_period_s / site.fit.step_s
    slots = math.ceil(ahead)
    if slots > 1.5 * ahead:  # slots tell of a longer time only
        return np.zeros(0)
    law, load = np.exp(site.law.log_law(site.margins)), site.margins.relative
    believed = load[:-slots] * law[slots:] / law[:-slots]
    scores = (load[slots:] + _FLOOR) / (believed + _FLOOR)
    return scores[np.isfinite(scores)]


def _worth(sites: list[_Site], params: Params, fitted: Load) -> tuple[Worth, ...]:
    """Return errors on the days that judge, in percent of the mean load of a site; both laws have its level."""
    old = params.scenario.load
    pairs = [
        (_errors(s, believed_law(s.fit, params)(s.judge), old), _errors(s, s.law.log_law(s.judge), fitted))
        for s in sites
    ]
    before, after = (np.concatenate([pair[k] for pair in pairs], axis=1) for k in (0, 1))
    rms = lambda x: float(np.sqrt(np.nanmean(x**2)))  # noqa: E731
    band = lambda x: 100.0 * float(np.nanmean(x))  # noqa: E731
    percent = "% of the mean load"
    return (
        Worth("error days ahead", percent, rms(before[0]), rms(after[0])),
        Worth("error one slot ahead", percent, rms(before[1]), rms(after[1])),
        Worth(
            "slots within the law's 95 % band", "% of slots", band(before[2]), band(after[2]), counts=False
        ),
    )


def _errors(site: _Site, log_law: F64, load: Load) -> F64:
    """Return errors days ahead and one slot ahead in percent, and whether a slot lies in the band, (3, T)."""
    told = site.judge.relative
    logs = np.log(np.maximum(told, _FLOOR)) - log_law
    before = np.concatenate([[np.nan], logs[:-1]])
    kept = math.exp(-site.fit.step_s / load.noise_correlation_s)
    ahead = np.exp(log_law + kept * before)
    inside = np.where(np.isfinite(logs), np.abs(logs) <= 1.96 * load.noise_sigma, np.nan)
    return np.stack([100 * (told - np.exp(log_law)), 100 * (told - ahead), inside])


def _parameters(site: _Site, unit: str) -> Iterator[Parameter]:
    of, law, nan = f" of {site.law.site}" if site.law.site else "", site.law, float("nan")
    kinds = KINDS if len(law.level) > 1 else ("day",)
    for kind, level, profile in zip(kinds, law.level, law.profile, strict=True):
        yield Parameter(f"load{of}, {kind}", unit, level.mapped(site.fit.mean), nan, True, _METHOD)
        for hour, factor in enumerate(profile):
            yield Parameter(f"profile at {hour:02d} h{of}, {kind}", "", factor, nan, True, _METHOD)
    if of:
        yield Parameter(f"noise sigma{of}", "", law.noise_sigma, nan, True, _NOISE)


def _source(path: Path, config: CalibrateConfig, sites: list[_Site]) -> dict[str, object]:
    return {
        "file": path.name,
        "file_sha256": sha256_hex(path.read_bytes()),
        "load_column": config.load_column,
        "load_unit": config.load_unit,
        "sites": [
            {
                "site": site.law.site,
                "step_s": site.fit.step_s,
                "slots_left_out": site.law.left_out,
                "slots": {
                    n: int(np.isfinite(getattr(site, n).relative).sum()) for n in ("fit", "margins", "judge")
                },
            }
            for site in sites
        ],
    }


def _notes(sites: list[_Site], margin: float, relative: bool) -> tuple[str, ...]:
    notes = [
        f"Slots far from the law, and silent ones, are left out of the fit: {sum(s.law.left_out for s in sites)}."
    ]
    if relative:
        notes.append(
            "The column has no unit, so load.scale keeps what was believed: load_unit=mbps or share sets it."
        )
    if not math.isfinite(margin):
        notes.append(
            "The slots are too long or too few for a growth margin; the shield has that of its own episodes."
        )
    return tuple(notes)


def _figure(law: SiteLaw) -> Figure:
    of = f" of {law.site}" if law.site else ""
    lines = [level.value * values_of(p) for level, p in zip(law.level, law.profile, strict=True)]
    drawing = Drawing(240)
    axes = panel(drawing, (0.0, float(HOURS)), padded(lines), 40, 150)
    axes.frame(f"Load by hour of day{of}, over the mean", axes.x.ticks(8), "hour")
    kinds = KINDS if len(lines) > 1 else ("day",)
    for line, kind, colour in zip(lines, kinds, (BLUE, VERMILION), strict=False):
        axes.plot(np.arange(HOURS + 1.0), np.append(line, line[0]), colour, label=kind)
    words = f"Fitted load{of} by hour of day: {' and '.join(kinds)}."
    drawing.legend(list(zip(kinds, (BLUE, VERMILION), strict=False)), axes.x.stop - 180, 32)
    return Figure(f"Days{of}", words, drawing.done(words))
