"""Measurements of one granularity period, under the names of TS 28.552, and how they come out of a state."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from .kernels.report import N_REALS, VALID, WAKING, Readings, make_readings, measure_replicas, power_rows
from .params import Params
from .state import State
from .types import F32, F64, I8, Bool, Rows

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Measurement:
    """Name, unit and clause of one KPI."""

    name: str
    unit: str
    clause: str
    optional: bool = False  # a recorded log may lack it, and is read as if it were 0


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
    "ping_pongs": Measurement(
        "MM.HoExeInterSucc.PingPong", "count", "TR 36.839 5.1; no 3GPP counter, from histories", True
    ),
    "slice_prb": Measurement("RRU.PrbUsedDl.SNSSAI", "%", "TS 28.552 5.1.1.2.5, of all PRBs", True),
    "efficiency": Measurement(
        "CARR.WBCQIDist.MeanEfficiency", "bit/s/Hz", "TS 28.552 5.1.1.11.1, bins x TS 38.214 5.2.2.1", True
    ),
    "out_of_sync": Measurement("RRC.ReEstabAtt", "count", "TS 28.552 5.1.1.17.1", True),
    "ssb_0": Measurement("L1M.SSBBeamRelatedUeNbr.0", "users", "TS 28.552 5.1.1.28.1, active users", True),
    "ssb_1": Measurement("L1M.SSBBeamRelatedUeNbr.1", "users", "TS 28.552 5.1.1.28.1, active users", True),
    "ssb_2": Measurement("L1M.SSBBeamRelatedUeNbr.2", "users", "TS 28.552 5.1.1.28.1, active users", True),
    "ssb_3": Measurement("L1M.SSBBeamRelatedUeNbr.3", "users", "TS 28.552 5.1.1.28.1, active users", True),
    "disabled": Measurement("operationalState", "0 or 1", "TS 28.541 NRCellDU, 1 is DISABLED", True),
    "link_use": Measurement(
        "Backhaul.LinkUtilization", "%", "RFC 5136 2.3, of the site's link; no 3GPP counter", True
    ),
    "too_early": Measurement("HO.IntraSys.TooEarly", "count", "TS 28.552 5.1.1.25.1", True),
    "too_late": Measurement("HO.IntraSys.TooLate", "count", "TS 28.552 5.1.1.25.1", True),
    "wrong_cell": Measurement("HO.IntraSys.ToWrongCell", "count", "TS 28.552 5.1.1.25.1", True),
    "slice_delay": Measurement(
        "DRB.RlcSduDelayDl.SNSSAI", "0.1 ms", "TS 28.552 5.1.3.3.3, of all slices, with the air", True
    ),
    "carrier_state": Measurement("energySavingState", "CarrierState", "TS 28.541 CESManagementFunction"),
    "waking": Measurement("operationalState.waking", "bool", "TS 28.541 NRCellDU"),
}


EVERY = slice(None)


@dataclass(frozen=True)
class Kpis:
    """What was measured over the last granularity period, per replica (B) and cell (C).

    ``volume_dl`` and ``blocked_dl`` are roundings: ``read_books`` has the same traffic to the last bit.
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
    ping_pongs: F32  # (B, C), handovers back to where a user came from
    slice_prb: F32  # (B, C), %, used by slices
    efficiency: F32  # (B, C), bit/s/Hz, mean of active users; this and the following are samples at the end
    out_of_sync: F32  # (B, C), re-establishment attempts
    ssb_0: F32  # (B, C), active users per SSB beam, side by side in azimuth
    ssb_1: F32
    ssb_2: F32
    ssb_3: F32
    disabled: F32  # (B, C), 1 where the cell is known to have failed
    link_use: F32  # (B, C), %, of the capacity of the site's link; 0 where that has no limit
    too_early: F32  # (B, C), re-establishment attempts after handovers from a cell; samples at the end, as the next two
    too_late: F32
    wrong_cell: F32
    slice_delay: F32  # (B, C), 0.1 ms, mean of what slices were served, in buffer and on the air; 0 without
    carrier_state: I8  # (B, C), read back
    waking: Bool  # (B, C)
    site_power: F32  # (B,), W, fixed power of the sites
    age_s: F32  # (B, C)
    valid: Bool  # (B, C)

    readings: Readings | None = field(default=None, init=False, repr=False, compare=False)  # arrays behind it

    @staticmethod
    def of(readings: Readings, granularity_s: float) -> Kpis:
        """Wrap what the kernels wrote; the arrays are shared."""
        kpis = object.__new__(Kpis)
        kpis.__dict__.update(readings=readings, granularity_s=granularity_s)
        return kpis

    def __getstate__(self) -> dict[str, object]:
        """Pickle the arrays and not the views of them that were named."""
        own = vars(self)
        return own if self.readings is None else {name: own[name] for name in ("readings", "granularity_s")}

    def __getattr__(self, name: str) -> np.ndarray:
        """Name an array of ``readings`` when it is first asked for: few of them are."""
        if self.readings is None or name not in _WHERE:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            )
        array, row = _WHERE[name]
        found = self.readings[array] if row is None else self.readings[array][row]
        self.__dict__[name] = found
        return found

    @property
    def n_replicas(self) -> int:
        """Number of replicas B."""
        return len(self.time_s)

    @property
    def arrays(self) -> Readings:
        """The values as kernels read them; copies, unless kernels wrote them."""
        if self.readings is not None:
            return self.readings
        return Readings(
            np.array([getattr(self, name) for name in (*REALS, "age_s")], np.float32),
            np.array(self.carrier_state, np.int8, order="C"),
            np.array([self.waking, self.valid], np.bool_),
            np.array(self.time_s, np.float64, order="C"),
            np.array(self.site_power, np.float32, order="C"),
        )

    @property
    def total_power_w(self) -> F64:
        """Power of the whole network, (B,) W."""
        total = np.empty(self.n_replicas)
        power_rows(self.power, self.site_power, total)
        return total

    @property
    def hour(self) -> F64:
        """Hour of day at the end of the period, (B,) in [0, 24)."""
        return (self.time_s / 3600.0) % 24.0

    def rows(self, index: Rows) -> Kpis:
        """Copy some replicas."""
        if self.readings is None:
            return replace(self, **{name: getattr(self, name)[index] for name in ARRAYS})
        reals, states, flags, time_s, site_power = self.readings
        chosen = (reals[:, index], states[index], flags[:, index], time_s[index], site_power[index])
        return Kpis.of(Readings._make(np.array(array, order="C") for array in chosen), self.granularity_s)

    def copy(self) -> Kpis:
        """Copy every array."""
        if self.readings is None:
            return replace(self, **{name: getattr(self, name).copy() for name in ARRAYS})
        reals, states, flags, time_s, site_power = self.readings
        copies = Readings(reals.copy(), states.copy(), flags.copy(), time_s.copy(), site_power.copy())
        return Kpis.of(copies, self.granularity_s)

    def put(self, rows: Rows, other: Kpis) -> None:
        """Overwrite some replicas with those of ``other``."""
        for name in ARRAYS:
            getattr(self, name)[rows] = getattr(other, name)

    def named(self, row: int | slice = EVERY) -> dict[str, np.ndarray]:
        """Return copies of the values under their 3GPP names, (B, C) or, of one replica, (C,)."""
        if self.readings is None:
            return {m.name: getattr(self, name)[row].copy() for name, m in MEASUREMENTS.items()}
        reals, states, flags, *_ = self.readings
        values = *reals[:N_REALS, row].copy(), states[row].copy(), flags[WAKING, row].copy()
        return dict(zip(_STANDARD_NAMES, values, strict=True))


ARRAYS = tuple(f.name for f in fields(Kpis) if f.init and f.name != "granularity_s")
PER_CELL = tuple(MEASUREMENTS)
REALS = PER_CELL[:N_REALS]
_STANDARD_NAMES = tuple(measurement.name for measurement in MEASUREMENTS.values())
_WHERE: dict[str, tuple[int, int | None]] = {  # array of Readings, and row in it
    **{name: (0, row) for row, name in enumerate((*REALS, "age_s"))},
    "carrier_state": (1, None),
    "waking": (2, WAKING),
    "valid": (2, VALID),
    "time_s": (3, None),
    "site_power": (4, None),
}


def measure(params: Params, state: State) -> Kpis:
    """Read the sums of the period that just ended; the truth, before any telemetry fault.

    Raises:
        ValueError: if no time has passed since the period was opened.
    """
    if not np.all(state.arrays.elapsed_s > 0):
        raise ValueError("nothing was measured: advance the state before measuring it")
    readings = make_readings(*state.arrays.carrier.shape)
    measure_replicas(state.arrays, params.scenario.timing.twin_step_s, params.arrays.fixed_w, readings)
    return Kpis.of(readings, float(state.arrays.elapsed_s[0]))
