"""One control period ahead: how well a twin foretells the KPIs of days it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...network.telemetry import TelemetryRecord
from ...safety.conformal import conformal_quantile, growth_scores
from ...safety.recoverability import n_members
from ...twin.kpis import Kpis
from ...twin.params import Params
from ...twin.sync import assimilate, expect, first_belief
from ...twin.types import F64
from ..episodes import Progress, no_progress

BELIEF_SEED = 0
MEASURES = ("PRB load", "traffic", "power")
UNITS = ("% points per cell", "Mbit/s per cell", "W of the network")


@dataclass(frozen=True)
class Predicted:
    """Reported less predicted over the periods of a part (n periods, C cells); NaN where nothing was reported."""

    hour: F64  # (n,), end of the period, h since midnight of the first day
    load_pct: F64  # (n, C)
    mbps: F64  # (n, C)
    power_w: F64  # (n,)
    growth: F64  # (m,), realised over believed traffic two periods ahead, the worst area
    told_pct: F64  # (n, C), PRB load as it was reported

    @property
    def rmse(self) -> tuple[float, float, float]:
        """Root mean square of the residuals, in the order of ``MEASURES``."""
        return _rms(self.load_pct), _rms(self.mbps), _rms(self.power_w)

    @property
    def unexplained(self) -> float:
        """Error of the PRB load over the load itself, both root mean squares; 1 foretells as much as zero does."""
        return _rms(self.load_pct) / max(_rms(self.told_pct), 1e-9)

    def margins(self, eps: float) -> tuple[float, float, float]:
        """Return the conformal (1 - eps) quantiles of the residuals' size, infinity where there are too few."""
        parts = (self.load_pct, self.mbps, self.power_w)
        load, mbps, power = (conformal_quantile(np.abs(p[np.isfinite(p)]), eps) for p in parts)
        return load, mbps, power

    def growth_margin(self, eps: float) -> float:
        """Return the conformal (1 - eps) quantile of the growth, infinity where there is too little of it."""
        return conformal_quantile(self.growth, eps)


def predict(
    params: Params, records: Sequence[TelemetryRecord], progress: Progress = no_progress
) -> Predicted:
    """Walk the records with a belief of the twin, and keep what it had expected of each.

    The belief sees a record only after it was predicted; it begins anew after missing periods.
    """
    members = n_members(params)
    belief = first_belief(params, records[0].kpis, records[0].command, members, BELIEF_SEED)
    rows: list[tuple[float, F64, F64, float, F64]] = []
    growth: list[F64] = []
    later: Kpis | None = None
    for number, record in enumerate(records[1:], start=2):
        if record.gap_periods:
            belief, later = first_belief(params, record.kpis, record.command, members, BELIEF_SEED), None
            continue
        state, ahead = expect(params, belief, record.command)
        rows.append(_residual(params, ahead, record))
        if later is not None and bool(np.all(record.kpis.valid)):
            growth.append(growth_scores(params, later, record.kpis))
        _, beyond = expect(params, replace(belief, members=state), record.command)
        later = _traffic(beyond, members)
        belief = assimilate(params, belief, record.kpis, record.command)
        progress(number / len(records))
    hour, load, mbps, power, told = (np.array(column) for column in zip(*rows, strict=True))
    return Predicted(hour, load, mbps, power, np.concatenate(growth) if growth else np.zeros(0), told)


def _residual(params: Params, ahead: Kpis, record: TelemetryRecord) -> tuple[float, F64, F64, float, F64]:
    told, valid = record.kpis, record.kpis.valid[0]
    to_mbps = 1.0 / (1000.0 * told.granularity_s)
    load = told.prb_tot_dl[0] - ahead.prb_tot_dl.mean(axis=0, dtype=np.float64)
    mbps = (told.volume_dl[0] - ahead.volume_dl.mean(axis=0, dtype=np.float64)) * to_mbps
    power = float(told.total_power_w[0] - ahead.total_power_w.mean()) if valid.all() else np.nan
    hour, reported = float(told.time_s[0]) / 3600.0, np.where(valid, told.prb_tot_dl[0], np.nan)
    return hour, np.where(valid, load, np.nan), np.where(valid, mbps, np.nan), power, reported


def _traffic(kpis: Kpis, members: int) -> Kpis:
    """Return the members' mean traffic as one network's."""
    mean = lambda values: values.reshape(-1, members, values.shape[1]).mean(axis=1).astype(np.float32)  # noqa: E731
    first = kpis.rows(slice(None, None, members))
    return replace(first, volume_dl=mean(kpis.volume_dl), blocked_dl=mean(kpis.blocked_dl))


def _rms(values: F64) -> float:
    known = values[np.isfinite(values)]
    return float(np.sqrt((known**2).mean())) if known.size else float("nan")
