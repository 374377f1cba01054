"""The range of every number of a scenario, by dataclass and field.

Wide enough for any network of TS 38.104 and TR 38.901, narrow enough that nothing overflows: whatever stands here is
tried at both ends of its range (``tests/envs/test_any_scenario.py``).
"""

from __future__ import annotations

from .radio_scenario import BS_HEIGHT_RANGE_M, FC_RANGE_GHZ, UT_HEIGHT_RANGE_M
from .ranges import Limits, Range

DAY_S = 86_400.0
MOST_M = 2e5  # side of a map; distances stay within the 1,000 km of ``radio_scenario``
SHARE = Range(0.0, 1.0, note="a share, not percent")
SOME_SHARE = SHARE._replace(above=True)
BELOW_ONE = SHARE._replace(below=True)
PLACE_M = Range(-MOST_M, 2.0 * MOST_M, note="metres on the map")
LENGTH_M = Range(0.0, MOST_M)
RATE_MBPS = Range(1e-6, 1e6)
LINK_MBPS = Range(1e-3, 1e7, zero=True, note="0 is no limit")
SPAN_S = Range(1e-3, 1e7)
RSRP_DBM = Range(-200.0, 0.0)
SPEED_KMH = Range(0.0, 1000.0)
BUFFER_MS = Range(0.0, 1e5)
MANY = 100_000

RANGES: dict[str, Limits] = {
    "Timing": {
        "twin_step_s": Range(0.1, DAY_S),
        "control_period_s": Range(0.1, 1e6),
        "episode_s": Range(0.1, 1e9),
    },
    "Carrier": {
        "fc_ghz": Range(*FC_RANGE_GHZ),
        "tx_power_dbm": Range(-50.0, 80.0, note="total over the carrier"),
        "n_elements": Range(0, 128, whole=True, note="0 is omnidirectional"),
        "tilt_deg": Range(0.0, 180.0, note="zenith angle, 90 is the horizon"),
        "beamforming_gain_db": Range(-20.0, 60.0),
        "mimo_layers": Range(1.0, 64.0),
        "dl_share": Range(0.01, 1.0, note="a share, not percent"),
        "watts_per_unit": Range(1e-6, 1e4),
        "cell_offset_db": Range(-60.0, 60.0),
        "min_rsrp_dbm": RSRP_DBM,
    },
    "Site": {
        "x_m": PLACE_M,
        "y_m": PLACE_M,
        "height_m": Range(*BS_HEIGHT_RANGE_M),
        "fixed_power_w": Range(0.0, 1e6),
    },
    "Sector": {"azimuth_deg": Range(-360.0, 360.0, note="counter-clockwise from east")},
    "Users": {
        "resident": Range(1, MANY, whole=True),
        "crowd": Range(0, MANY, whole=True),
        "height_m": Range(*UT_HEIGHT_RANGE_M),
        "speed_kmh": SPEED_KMH,
        "indoor_share": SHARE,
        "high_loss_share": SHARE,
        "max_indoor_loss_db": Range(0.0, 200.0),
        "weight_spread": Range(0.0, 3.0, note="of the logarithm"),
        "vehicle_share": SHARE,
        "vehicle_speed_kmh": SPEED_KMH,
    },
    "Load": {
        "full_load_mbps": RATE_MBPS,
        "station_load_quantiles": Range(1e-6, 10.0, note="a PRB load, not percent"),
        "profile": Range(0.0, 1e6),
        "noise_sigma": Range(0.0, 3.0, note="of the logarithm"),
        "noise_correlation_s": Range(1.0, 1e7),
        "scale": Range(1e-6, 1e3),
        "buffer_s": Range(0.0, 1e6),
    },
    "Surge": {
        "probability": SHARE,
        "peak_mbps": Range(0.0, 1e6),
        "ramp_s": Range(1.0, 1e6),
        "hold_s": Range(0.0, 1e6),
        "hours": Range(0.0, 24.0, note="hour of day"),
        "venues": PLACE_M,
        "radius_m": LENGTH_M,
    },
    "Humps": {
        "play_frac": Range(1e-3, 100.0),
        "egress_frac": Range(1e-3, 100.0),
        "seated_s": Range(1.0, 1e6),
        "egress_s": Range(1.0, 1e6),
        "decay_s": Range(1.0, 1e6),
        "walk_mps": Range(0.01, 20.0),
        "rim_m": LENGTH_M,
    },
    "Sla": {
        "guaranteed_mbps": RATE_MBPS,
        "max_below_frac": BELOW_ONE,
        "coverage_rsrp_dbm": RSRP_DBM,
        "max_uncovered_frac": BELOW_ONE,
        "max_blocked_frac": BELOW_ONE,
    },
    "Handover": {
        "offset_db": Range(-100.0, 100.0),
        "hysteresis_db": Range(0.0, 100.0),
        "time_to_trigger_s": Range(0.0, 3600.0),
        "ping_pong_s": Range(0.0, DAY_S),
    },
    "Sleep": {"wake_delay_s": Range(0.0, DAY_S)},
    "Faults": {
        "loss_prob": SHARE,
        "freeze_prob": SHARE,
        "delay_periods": Range(0, 1000, whole=True),
    },
    "Slicing": {
        "slots": Range(0, 10_000, whole=True),
        "requests": Range(0, 1000, whole=True),
        "max_ratio": SOME_SHARE._replace(below=True),
        "radius_m": LENGTH_M,
        "buffer_s": Range(0.0, 1e6),
        "max_broken_frac": BELOW_ONE,
    },
    "SliceType": {
        "sst": Range(1, 255, whole=True),
        "users": Range(1, 10_000, whole=True),
        "guaranteed_mbps": RATE_MBPS,
        "latency_ms": Range(1e-3, 1e6, zero=True, note="0 is that of five_qi"),
        "packet_kbit": Range(1e-6, 1e6),
        "activity": SOME_SHARE,
        "requests_per_hour": Range(1e-9, 1e6),
        "mean_hours": Range(1e-6, 1e6),
        "revenue_per_hour": Range(0.0, 1e9),
        "penalty_per_hour": Range(0.0, 1e9),
        "availability": SOME_SHARE,
        "reduced_rate": SOME_SHARE,
        "reduced_revenue": SOME_SHARE,
        "five_qi": Range(0, 255, whole=True),
        "core_delay_ms": Range(0.0, 1e6),
        "min_ratio": SHARE,
        "max_ratio": SOME_SHARE,
        "dedicated_ratio": SHARE,
    },
    "MeanTimes": {"mtbf_h": Range(1e-9, 1e12), "mttr_h": Range(1e-9, 1e12)},
    "Backhaul": {
        "capacity_mbps": LINK_MBPS,
        "length_km": Range(0.0, 4e4),
        "hops": Range(0, 1000, whole=True),
        "buffer_ms": BUFFER_MS,
        "beyond_ms": BUFFER_MS,
    },
    "Core": {"upf_mbps": LINK_MBPS, "buffer_ms": BUFFER_MS},
    "Traffic": {"session_s": SPAN_S},
    "Service": {"share": SOME_SHARE, "terminals": Range(1, 1_000_000, whole=True)},
    "Scenario": {
        "width_m": Range(1.0, MOST_M),
        "pixel_m": Range(0.1, 1e4),
        "radio_seed": Range(0, 2**32 - 1, whole=True),
        "noise_figure_db": Range(0.0, 40.0),
        "noise_rise_db": Range(0.0, 60.0),
    },
}
