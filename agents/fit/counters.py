"""Volume that is too small for the PRBs it took: counters that stand still, were set to zero, or count larger units.

What a period cannot show, a day can: over a day the network's traffic is near what its PRBs carry at the efficiency
that users reported, whatever the scheduler does.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ...network.telemetry import TelemetryRecord
from ...network.telemetry_format import Place
from ...twin.carrier import CarrierState
from ...twin.link import cqi_thresholds
from ...twin.params import Params
from ...twin.types import F64, I64

TELLING_PCT = 5.0  # PRB load below this may be paging and broadcast alone
WORST_SHARE = 0.5  # of what the lowest CQI carries
LEAST_DAY_SHARE = (
    0.2  # of what PRBs carry at the reported efficiency; simulated networks lie between 0.65 and 3.3
)
MOST_REPEATS = 6  # equal values side by side while the other counter moves
DAY_S = 86_400.0
_VOLUME, _LOAD = "kpis.DRB.PdcpSduVolumeDL", "kpis.RRU.PrbTotDl"


class Counters:
    """Follows the counters of a log from record to record."""

    def __init__(self, params: Params) -> None:
        """Take what carriers can carry per unit of efficiency, with the densest of their SSB periods."""
        rate = params.arrays.rate_mbps.astype(np.float64)
        self._rate_mbps: F64 = np.stack([rate[:, state::2].min(axis=1) for state in (0, 1)])  # active, muted
        self._repeats: I64 = np.zeros((2, params.n_cells), np.int64)
        self._before: F64 | None = None
        self._day = (0.0, 0, 0.0, 0.0)  # s, first line, Mbit told, Mbit that the PRBs carry

    def follow(self, place: Place, record: TelemetryRecord) -> None:
        """Take the next record.

        Raises:
            TelemetryError: names file, line, field, value and repair.
        """
        kpis = record.kpis
        load_pct, kbit, heard = (
            np.asarray(values[0], np.float64) for values in (kpis.prb_tot_dl, kpis.volume_dl, kpis.valid)
        )
        muted = np.asarray(kpis.carrier_state[0] == CarrierState.TRX_MUTED)
        rate_mbps = np.where(muted, self._rate_mbps[1], self._rate_mbps[0])
        least_kbit = _least_efficiency() * rate_mbps * load_pct * 10.0 * kpis.granularity_s
        for cell in np.flatnonzero(
            (heard > 0) & (load_pct >= TELLING_PCT) & (kbit < WORST_SHARE * least_kbit)
        ):
            repair = (
                f"at a PRB load of {load_pct[cell]:.3g} % even users at the lowest CQI are served "
                f"{least_kbit[cell]:.4g} kbit: a counter that was reset or stands still, or another unit? "
                "write kbit per period, or valid=false for this period"
            )
            place.fail(f"{_VOLUME}[{cell}]", float(kbit[cell]), repair)
        self._require_moving(place, np.stack([kbit, load_pct]), heard > 0)
        carried_mbps = rate_mbps * load_pct * heard * np.asarray(kpis.efficiency[0], np.float64) / 100.0
        self._add(place, kpis.granularity_s, kbit, carried_mbps)

    def _require_moving(self, place: Place, now: F64, heard: np.ndarray) -> None:
        """Refuse a counter (2, C) that repeats its value while the other one moves."""
        before, self._before = self._before, now
        if before is None:
            return
        same = (now == before) & (now > 0) & heard
        self._repeats = np.where(same & ~same[::-1], self._repeats + 1, np.where(same, self._repeats, 0))
        for row, cell in np.argwhere(self._repeats >= MOST_REPEATS):
            field, other = ((_VOLUME, "PRB load"), (_LOAD, "volume"))[row]
            repair = (
                f"the same value in {MOST_REPEATS + 1} periods in which the {other} moved: the counter stands still; "
                "write what it counted, or valid=false for these periods"
            )
            place.fail(f"{field}[{cell}]", float(now[row, cell]), repair)

    def _add(self, place: Place, period_s: float, kbit: F64, carried_mbps: F64) -> None:
        """Add a period to the day and judge the day when it is full."""
        since_s, first, told, carried = self._day
        known = carried_mbps > 0
        told += float(kbit[known].sum()) / 1000.0
        carried += float(carried_mbps.sum()) * period_s
        self._day = (since_s + period_s, first or place.line, told, carried)
        if since_s + period_s < DAY_S:
            return
        self._day = (0.0, 0, 0.0, 0.0)
        repair = (
            f"from line {first} on the cells' PRBs carry {carried / max(told, 1e-9):.3g} times as much at the "
            "efficiency that users report; write kbit (a kByte is 8, an Mbit 1000), or name a scenario whose carriers "
            "have this bandwidth and this number of layers"
        )
        place.need(told >= LEAST_DAY_SHARE * carried, _VOLUME, told * 1000.0, repair)


@cache
def _least_efficiency() -> float:
    """Lowest spectral efficiency of a layer, bit/s/Hz (TS 38.214 table 5.2.2.1-3)."""
    return float(np.min(cqi_thresholds(2)[1]))
