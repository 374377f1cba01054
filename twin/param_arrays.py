"""A scenario worked out into the arrays the kernel reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .area_kinds import day_laws
from .backhaul import PACKET_MBIT
from .carrier import CarrierState
from .crowd_places import hump_numbers
from .failures import cause_places, weibull_scale_s
from .kernels.layout import BOOKED_MBIT, ParamArrays
from .level_b_map import faded_thresholds
from .link import N_PRB, cqi_thresholds, usable_bandwidth_hz
from .power_tables import MUTED_SHARE, power_row
from .radiomap import ssb_map
from .scenario import Carrier, Scenario, Site
from .sleep import Sleep
from .slicing import SECONDS_PER_HOUR, Slicing
from .ssb import DEFAULT_PERIOD_MS, burst_share_ms, identification_s
from .types import F32, F64, I16, I32

THERMAL_NOISE_DBM_HZ = -174.0
QOUT_DB = -8.0  # TR 36.839 5.1: 10 % errors of a hypothetical control channel
MUTING_LOSS_DB = 6.0  # half the power and half the array gain
SUBCARRIERS_PER_PRB = 12


def param_arrays(scenario: Scenario, carriers: list[Carrier], gain: I16, pixel_area: I32) -> ParamArrays:
    """Work out every array.

    Args:
        scenario: the network.
        carriers: of every cell, in order, (C,).
        gain: (P, W), see ``gain_map``.
        pixel_area: (P,), area of every pixel.
    """
    n_pixels = round(scenario.width_m / scenario.pixel_m)
    days = day_laws(scenario)
    tables: dict[str, Any] = _cell_tables(scenario, carriers)
    tables |= _user_law(scenario, sum(carrier.layer == "coverage" for carrier in carriers))
    tables |= days | _slice_law(scenario) | _failure_law(scenario) | _backhauls(scenario)
    return ParamArrays(
        gain=gain,
        ssb_beam=ssb_map(scenario),
        pixel_area=pixel_area,
        venue_xy=_table(scenario.surge.venues),
        humps=hump_numbers(scenario.surge),
        heading=_headings(),
        n_x=n_pixels,
        n_y=n_pixels,
        pixel_m=scenario.pixel_m,
        step_s=scenario.timing.twin_step_s,
        slot_s=86_400.0 / days["profile"].shape[1],
        muting_loss_db=MUTING_LOSS_DB,
        guaranteed_mbps=scenario.sla.guaranteed_mbps,
        coverage_dbm=scenario.sla.coverage_rsrp_dbm,
        fixed_w=sum(site.fixed_power_w for site in scenario.sites),
        **tables,
    )


def _resource_elements(carrier: Carrier) -> int:
    return N_PRB[carrier.bandwidth_mhz, carrier.scs_khz] * SUBCARRIERS_PER_PRB


def _tx_dbm(carrier: Carrier) -> float:
    return carrier.tx_power_dbm - 10 * np.log10(_resource_elements(carrier)) + carrier.beamforming_gain_db


def _noise_mw(carrier: Carrier, scenario: Scenario) -> float:
    dbm = THERMAL_NOISE_DBM_HZ + 10 * np.log10(carrier.scs_khz * 1e3)
    return float(10 ** ((dbm + scenario.noise_figure_db + scenario.noise_rise_db) / 10))


def _rates_mbps(carrier: Carrier) -> tuple[float, float]:
    """Mbit/s per bit/s/Hz, active and muted; half the transceivers carry half the layers, one at least."""
    n_prb = N_PRB[carrier.bandwidth_mhz, carrier.scs_khz]
    hertz = usable_bandwidth_hz(n_prb, carrier.scs_khz) * carrier.dl_share
    layers = (carrier.mimo_layers, max(1.0, carrier.mimo_layers * MUTED_SHARE))
    return hertz * layers[0] / 1e6, hertz * layers[1] / 1e6


def _rates_by_period(carrier: Carrier, sleep: Sleep) -> tuple[float, ...]:
    """Return ``_rates_mbps`` for every SSB period; the usable bandwidth counts a burst every 20 ms."""
    n_prb = N_PRB[carrier.bandwidth_mhz, carrier.scs_khz]
    taken_ms = burst_share_ms(n_prb, carrier.scs_khz, carrier.dl_share)
    usual = 1.0 - taken_ms / DEFAULT_PERIOD_MS
    free = [(1.0 - taken_ms / period_ms) / usual for period_ms in sleep.periods_ms]
    return tuple(rate * share for share in free for rate in _rates_mbps(carrier))


def _wake_delays(sleep: Sleep) -> tuple[float, ...]:
    """Return the time until a carrier serves again by state and SSB period, s.

    Terminals go on looking for it at the period it slept with: what finding it takes longer than at 20 ms comes on top.
    A carrier that boots begins with the usual period, and lengthens it once it serves.
    """
    searched = (CarrierState.MICRO_SLEEP, CarrierState.LIGHT_SLEEP)
    return tuple(
        delay_s + (_finding_s(period_ms) if state in searched else 0.0)
        for period_ms in sleep.periods_ms
        for state, delay_s in enumerate(sleep.wake_delay_s)
    )


def _finding_s(period_ms: float) -> float:
    return identification_s(period_ms) - identification_s(DEFAULT_PERIOD_MS)


def _table(rows: object) -> F32:
    return np.ascontiguousarray(np.array(rows, dtype=np.float32))


def first_columns(carriers: list[Carrier]) -> I32:
    """Return the column of the gain map that holds each cell's planned pattern, (C,)."""
    counts = [1 + len(carrier.patterns) for carrier in carriers]
    return (np.cumsum(counts) - counts).astype(np.int32)


def _layer_of(carriers: list[Carrier]) -> I32:
    """Index of each carrier's frequency among all, (C,)."""
    frequencies = sorted({c.fc_ghz for c in carriers})
    return np.array([frequencies.index(c.fc_ghz) for c in carriers], dtype=np.int32)


def sites_of_cells(scenario: Scenario) -> list[Site]:
    """Return the site of every cell, in their order."""
    return [site for site in scenario.sites for sector in site.sectors for _ in sector.carriers]


def first_of_site(scenario: Scenario) -> I32:
    """Return the first cell at the same site, (C,)."""
    names = [site.name for site in sites_of_cells(scenario)]
    return np.array([names.index(name) for name in names], dtype=np.int32)


def _headings() -> F32:
    """Sixteen unit vectors around the compass, (16, 2)."""
    angles = 2 * np.pi * np.arange(16) / 16
    return _table(np.round(np.stack([np.cos(angles), np.sin(angles)], axis=1), 6))


def _noise_law(scenario: Scenario) -> tuple[float, float]:
    """AR(1) coefficient and shock of log demand per step; the variance stays at ``noise_sigma`` squared."""
    keep = float(np.exp(-scenario.timing.twin_step_s / scenario.load.noise_correlation_s))
    return keep, float(np.sqrt(1 - keep**2)) * scenario.load.noise_sigma


def _user_mbps(scenario: Scenario, n_areas: int) -> float:
    """Mean traffic a resident offers at load 1: that of all areas, shared by all residents."""
    return scenario.load.full_load_mbps * scenario.load.scale * n_areas / scenario.users.resident


def _cell_tables(scenario: Scenario, carriers: list[Carrier]) -> dict[str, F32 | I32]:
    """Return what there is one row per cell of, and the link table that all share."""
    sinr, efficiency = cqi_thresholds(2)
    power = [power_row(carrier, scenario.sleep.periods_ms) for carrier in carriers]
    if scenario.fidelity == "B":
        sinr = faded_thresholds(sinr)
    return {
        "first_column": first_columns(carriers),
        "tx_dbm": _table([_tx_dbm(c) for c in carriers]),
        "noise_mw": _table([_noise_mw(c, scenario) for c in carriers]),
        "layer": _layer_of(carriers),
        "first_of_site": first_of_site(scenario),
        "offset_db": _table([c.cell_offset_db for c in carriers]),
        "min_rsrp_dbm": _table([c.min_rsrp_dbm for c in carriers]),
        "rate_mbps": _table([_rates_by_period(c, scenario.sleep) for c in carriers]),
        "idle_w": _table([row.idle_w for row in power]),
        "slope_w": _table([row.slope_w for row in power]),
        "transition_j": _table([row.transition_j for row in power]),
        "wake_delay_s": _table([_wake_delays(scenario.sleep) for _ in carriers]),
        "cqi_sinr": _table(sinr),
        "cqi_gain": _table(np.diff(efficiency, prepend=0.0)),
    }


def _user_law(scenario: Scenario, n_areas: int) -> dict[str, Any]:
    """Return how users move, hand over and ask for traffic."""
    users, handover, step_s = scenario.users, scenario.handover, scenario.timing.twin_step_s
    user_mbps, traffic = _user_mbps(scenario, n_areas), scenario.traffic
    noise_keep, noise_gain = _noise_law(scenario)
    return {
        "noise_keep": noise_keep,
        "noise_gain": noise_gain,
        "move_m": users.speed_kmh / 3.6 * step_s,
        "vehicle_m": users.vehicle_speed_kmh / 3.6 * step_s,
        "n_vehicles": users.n_vehicles,
        "a3_margin_db": handover.offset_db + handover.hysteresis_db,
        "ttt_s": handover.time_to_trigger_s,
        "wait_s": _table([handover.time_to_trigger_s + _finding_s(p) for p in scenario.sleep.periods_ms]),
        "n_findable": scenario.sleep.n_findable,
        "ping_pong_s": max(handover.ping_pong_s, step_s),
        "sample_steps": scenario.timing.steps_per_period,
        "qout": 10 ** (QOUT_DB / 10),
        "user_mbps": user_mbps,
        "service": traffic.table(step_s, user_mbps / scenario.load.scale),
        "service_mbps": traffic.mean_mbps,
        "session_steps": max(1, round(traffic.session_s / step_s)),
        "crowd_first": users.resident,
    }


def _slice_law(scenario: Scenario) -> dict[str, Any]:
    """Return what slices ask for, one row per type."""
    slicing, users = scenario.slicing, scenario.users
    types = slicing.types
    rates = [(kind.guaranteed_mbps, kind.guaranteed_mbps * kind.reduced_rate) for kind in types]
    return {
        "slice_first": users.resident + users.crowd,
        "slice_users": slicing.users_per_slot,
        "slice_size": np.array([kind.users for kind in types], dtype=np.int32),
        "slice_mbps": _table(rates).reshape(-1, 2),
        "slice_activity": _table([kind.activity for kind in types]),
        "slice_packet_mbit": _table([kind.packet_kbit / 1e3 for kind in types]),
        "slice_latency_s": _table([kind.latency_ms / 1e3 for kind in types]),
        "slice_arrival": _table(slicing.arrival_probabilities(scenario.timing.control_period_s)),
        "slice_hold_s": _table([kind.mean_hours * SECONDS_PER_HOUR for kind in types]),
        "slice_max_ratio": slicing.max_ratio,
        "slice_gbr": np.array([kind.guaranteed for kind in types], np.int8),
        "slice_buffer_mbit": _booked(slicing.buffer_s * np.array(rates, np.float64).reshape(-1, 2)),
        "slice_buffer_s": slicing.buffer_s,
        "user_buffer_mbit": float(_booked(scenario.load.buffer_s * scenario.sla.guaranteed_mbps)),
        **_policies(slicing),
        "slice_radius_m": slicing.radius_m,
    }


def _booked(mbit: ArrayLike) -> F64:
    """Round down to whole units of the books of queues."""
    return np.floor(np.asarray(mbit, np.float64) / BOOKED_MBIT) * BOOKED_MBIT


def _policies(slicing: Slicing) -> dict[str, F32]:
    """Return the ratios of every type; empty where they share one maximum."""
    types = slicing.types if slicing.has_policies else ()
    return {
        "slice_least": _table([kind.min_ratio for kind in types]),
        "slice_most": _table([kind.max_ratio for kind in types]),
        "slice_dedicated": _table([kind.dedicated_ratio for kind in types]),
    }


def _failure_law(scenario: Scenario) -> dict[str, Any]:
    """Return how likely each unit fails in a step, and how long repairs take."""
    failures = scenario.failures
    places = cause_places(failures, [site.name for site in sites_of_cells(scenario)])
    probability, (life_s, repair_s) = np.zeros(places.shape), np.zeros((2, len(places)))
    life_power, repair_power = np.ones((2, len(places)))
    for cause, law in enumerate(failures.causes):
        if law is not None:
            in_a_step = -np.expm1(-scenario.timing.twin_step_s / (law.mtbf_h * SECONDS_PER_HOUR))
            probability[cause] = np.where(places[cause] == np.arange(places.shape[1]), in_a_step, 0.0)
            life_s[cause] = weibull_scale_s(law.mtbf_h, law.failure_k)
            repair_s[cause] = weibull_scale_s(law.mttr_h, law.repair_k)
            life_power[cause], repair_power[cause] = 1.0 / law.failure_k, 1.0 / law.repair_k
    least, most = failures.detection_s
    shared = [group.kind == "transport" for group in failures.together]
    silenced = scenario.faults.lost_when_cut_off and failures.possible
    return {
        "fail_prob": probability,
        "cause_place": places,
        "life_s": life_s,
        "life_power": life_power,
        "repair_s": _table(repair_s),
        "repair_power": repair_power,
        "cuts_off": np.array([False, False, True, *shared] if silenced else [], np.bool_),
        "detect_least_s": least,
        "detect_most_s": most,
    }


def _backhauls(scenario: Scenario) -> dict[str, F32 | float]:
    """Return capacity and delays of the link behind every cell and of the core; empty where nothing matters."""
    links = [site.backhaul for site in sites_of_cells(scenario)]
    core = scenario.core
    if not (core.upf_mbps > 0 or any(link.matters for link in links)):
        links = []
    unlimited = [link.capacity_mbps == 0 for link in links]
    packet_s = [
        0.0 if free else PACKET_MBIT / one.capacity_mbps for one, free in zip(links, unlimited, strict=True)
    ]
    return {
        "backhaul_mbps": _table([link.capacity_mbps for link in links]),
        "backhaul_s": _table([link.delay_ms / 1e3 for link in links]),
        "backhaul_packet_s": _table(packet_s),
        "backhaul_buffer_s": _table([link.buffer_ms / 1e3 for link in links]),
        "core_mbps": core.upf_mbps,
        "core_packet_s": PACKET_MBIT / core.upf_mbps if core.upf_mbps > 0 else 0.0,
        "core_buffer_s": core.buffer_ms / 1e3,
    }
