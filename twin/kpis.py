"""Measurements of one granularity period, under the names of TS 28.552, and how they come out of a state."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from .kernels.layout import CellSum
from .params import Params
from .state import State
from .types import F32, F64, I8, Bool

KBIT = 1000.0  # kbit per Mbit
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Measurement:
    """Name, unit and clause of one KPI."""

    name: str
    unit: str
    clause: str


MEASUREMENTS: dict[str, Measurement] = {
    "prb_tot_dl": Measurement("RRU.PrbTotDl", "%", "TS 28.552 5.1.1.2.1"),
    "ue_thp_dl": Measurement("DRB.UEThpDl", "kbit/s", "TS 28.552 5.1.1.3.1"),
    "ue_below": Measurement(
        "DRB.UEThpDlDist.BelowGuarantee", "users", "TS 28.552 5.1.1.3.3, bins below guaThpt"
    ),
    "active_ue": Measurement("DRB.MeanActiveUeDl", "users", "TS 28.552 5.1.1.23.1"),
    "conn_mean": Measurement("RRC.ConnMean", "users", "TS 28.552 5.1.1.4.1"),
    "uncovered_ue": Measurement(
        "L1M.SS-RSRP.BelowCoverage", "users", "TS 28.552 5.1.1.22.1, bins below threshold"
    ),
    "volume_dl": Measurement("DRB.PdcpSduVolumeDL", "kbit", "TS 28.552 5.1.2.1.1.1"),
    "blocked_dl": Measurement(
        "DRB.BlockedVolumeDL", "kbit", "offered less served; no 3GPP counter, from buffer drops"
    ),
    "power": Measurement("PEE.AvgPower", "W", "TS 28.552 5.1.1.19.2.1"),
    "handovers": Measurement("MM.HoExeInterSucc", "count", "TS 28.552 5.1.1.6.1.8"),
    "carrier_state": Measurement("energySavingState", "CarrierState", "TS 28.541 CESManagementFunction"),
    "waking": Measurement("operationalState.waking", "bool", "TS 28.541 NRCellDU"),
}


@dataclass(frozen=True)
class Kpis:
    """What was measured over the last granularity period, per replica (B) and cell (C).

    ``age_s`` is the time since the value was measured, ``valid`` says whether it arrived this period.
    """

    time_s: F64  # (B,), end of the period, s since midnight of the first day
    granularity_s: float
    prb_tot_dl: F32  # (B, C), %
    ue_thp_dl: F32  # (B, C), kbit/s
    ue_below: F32  # (B, C), active users below the guarantee
    active_ue: F32  # (B, C)
    conn_mean: F32  # (B, C)
    uncovered_ue: F32  # (B, C)
    volume_dl: F32  # (B, C), kbit
    blocked_dl: F32  # (B, C), kbit
    power: F32  # (B, C), W; without the sites' fixed power
    handovers: F32  # (B, C)
    carrier_state: I8  # (B, C), read back
    waking: Bool  # (B, C)
    site_power: F32  # (B,), W, fixed power of the sites
    age_s: F32  # (B, C)
    valid: Bool  # (B, C)

    @property
    def n_replicas(self) -> int:
        """Number of replicas B."""
        return self.prb_tot_dl.shape[0]

    @property
    def total_power_w(self) -> F64:
        """Power of the whole network, (B,) W."""
        return self.power.sum(axis=1, dtype=np.float64) + self.site_power

    @property
    def hour(self) -> F64:
        """Hour of day at the end of the period, (B,) in [0, 24)."""
        return (self.time_s / 3600.0) % 24.0

    def rows(self, index: object) -> Kpis:
        """Select replicas."""
        return replace(self, **{name: getattr(self, name)[index] for name in ARRAYS})

    def copy(self) -> Kpis:
        """Copy every array."""
        return replace(self, **{name: getattr(self, name).copy() for name in ARRAYS})

    def put(self, rows: np.ndarray, other: Kpis) -> None:
        """Overwrite some replicas with those of ``other``."""
        for name in ARRAYS:
            getattr(self, name)[rows] = getattr(other, name)


ARRAYS = tuple(field.name for field in fields(Kpis) if field.name != "granularity_s")
PER_CELL = tuple(MEASUREMENTS)


def measure(params: Params, state: State) -> Kpis:
    """Read the sums of the period that just ended; the truth, before any telemetry fault.

    Raises:
        ValueError: if no time has passed since the period was opened.
    """
    sums, elapsed = state.arrays.cell_sum, state.arrays.elapsed_s[:, None]
    if not np.all(elapsed > 0):
        raise ValueError("nothing was measured: advance the state before measuring it")
    n, cells = state.arrays.carrier.shape
    active = sums[:, :, CellSum.ACTIVE]
    throughput = np.divide(sums[:, :, CellSum.THROUGHPUT], active, out=np.zeros((n, cells)), where=active > 0)
    rate = lambda column: (sums[:, :, column] / elapsed).astype(np.float32)  # noqa: E731
    return Kpis(
        time_s=state.arrays.step * params.scenario.timing.twin_step_s,
        granularity_s=float(elapsed.flat[0]),
        prb_tot_dl=rate(CellSum.PRB) * np.float32(100.0),
        ue_thp_dl=(throughput * KBIT).astype(np.float32),
        ue_below=rate(CellSum.BELOW),
        active_ue=rate(CellSum.ACTIVE),
        conn_mean=rate(CellSum.USERS),
        uncovered_ue=rate(CellSum.UNCOVERED),
        volume_dl=(sums[:, :, CellSum.VOLUME] * KBIT).astype(np.float32),
        blocked_dl=(sums[:, :, CellSum.BLOCKED] * KBIT).astype(np.float32),
        power=rate(CellSum.ENERGY),
        handovers=sums[:, :, CellSum.HANDOVERS].astype(np.float32),
        carrier_state=state.arrays.carrier.copy(),
        waking=state.arrays.wake_left_s > 0,
        site_power=np.full(n, params.arrays.fixed_w, np.float32),
        age_s=np.zeros((n, cells), np.float32),
        valid=np.ones((n, cells), np.bool_),
    )
