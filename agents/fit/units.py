"""Values that can only be in another unit: shares for percent, kilowatts for watts, cumulative counters."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...network.telemetry import TelemetryRecord
from ...network.telemetry_format import Place
from ...twin.carrier import CarrierState
from ...twin.link import cqi_thresholds
from ...twin.params import Params

SLACK, ROUNDING_PCT = 1.05, 0.1  # of the highest rate, and of a load: reports are rounded
LEAST_TELLING_MBIT = 1.0  # a period with less traffic says nothing about units
LEAST_POWER_SHARE, MOST_POWER_SHARE = 0.02, 50.0  # of what the twin believes an awake carrier draws
_PERCENT = 100.0


def require_units(place: Place, record: TelemetryRecord, params: Params) -> None:
    """Refuse a record whose values cannot be percent, kbit and W.

    Raises:
        TelemetryError: names file, line, field, value and repair.
    """
    kpis = record.kpis
    for cell in np.flatnonzero(kpis.valid[0]):
        load_pct, mbit = float(kpis.prb_tot_dl[0, cell]), float(kpis.volume_dl[0, cell]) / 1000.0
        place.need(
            load_pct <= _PERCENT * 1.005, f"kpis.RRU.PrbTotDl[{cell}]", load_pct, "write percent, 0 to 100"
        )
        full_mbit = SLACK * _peak_mbps(params, int(cell)) * kpis.granularity_s
        _require_volume(place, int(cell), (load_pct, mbit, full_mbit))
        if kpis.carrier_state[0, cell] == CarrierState.ACTIVE and not kpis.waking[0, cell]:
            _require_watts(place, int(cell), float(kpis.power[0, cell]), params)


def _require_volume(place: Place, cell: int, told: tuple[float, float, float]) -> None:
    """Compare traffic with what the highest rate serves at this load."""
    load_pct, mbit, full_mbit = told
    most_mbit = full_mbit * (load_pct + ROUNDING_PCT) / _PERCENT
    if mbit <= max(LEAST_TELLING_MBIT, most_mbit):
        return
    if load_pct <= 1.0 and mbit <= full_mbit * (load_pct + ROUNDING_PCT):
        repair = (
            f"no carrier serves {mbit:.4g} Mbit at {load_pct:.3g} % of its PRBs: a share of 1? write percent"
        )
        place.fail(f"kpis.RRU.PrbTotDl[{cell}]", load_pct, repair)
    repair = (
        f"at a PRB load of {load_pct:.3g} % the carrier serves at most {most_mbit:.4g} Mbit in a period; "
        "write kbit per period, not a running total, and the increase since a reset"
    )
    place.fail(f"kpis.DRB.PdcpSduVolumeDL[{cell}]", mbit * 1000.0, repair)


def _require_watts(place: Place, cell: int, power_w: float, params: Params) -> None:
    idle_w = float(params.arrays.idle_w[cell, CarrierState.ACTIVE])
    if power_w == 0.0:  # not metered
        return
    share = power_w / idle_w
    repair = f"an awake carrier of this kind draws about {idle_w:.3g} W without traffic; write watts"
    place.need(LEAST_POWER_SHARE <= share <= MOST_POWER_SHARE, f"kpis.PEE.AvgPower[{cell}]", power_w, repair)


@cache
def _best_efficiency() -> float:
    """Highest spectral efficiency of a layer, bit/s/Hz (TS 38.214 table 5.2.2.1-3)."""
    return float(np.max(cqi_thresholds(2)[1]))


def _peak_mbps(params: Params, cell: int) -> float:
    return float(np.max(params.arrays.rate_mbps[cell])) * _best_efficiency()
