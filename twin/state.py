"""``State``: what changes, with a leading replica axis; and how an episode begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .carrier import CarrierState
from .crowd_places import rim_m
from .failures import first_lives, first_outages
from .kernels.layout import N_CELL_SUMS, N_LINK_SAMPLES, N_SLOT_SUMS, N_SURGE_FIELDS, N_SURGES, StateArrays
from .kernels.maths import AREA, DAY, INDOOR, INDOOR_DEPTH, PLACE_X, PLACE_Y, SIGMA, SURGE, WEIGHT
from .kernels.services import MEMBER
from .outdoor_to_indoor import (
    INDOOR_LOSS_DB_PER_M,
    WALL_SIGMA_DB,
    car_loss_db,
    deepest_indoor_m,
    o2i_wall_loss_db,
)
from .params import Params
from .seeding import make_keys, normal, unit
from .traffic import station_mean_load
from .types import F32, I8, I64, U64, Rows

CAR_LOSS_DB, CAR_SIGMA_DB = 9.0, 5.0  # TR 38.901 7.4.3.2
NEVER_S = np.float32(1e9)  # onset of a surge that does not come


@dataclass(frozen=True)
class State:
    """Present condition of B replicas; the arrays are changed in place by ``advance``."""

    arrays: StateArrays

    @property
    def n_replicas(self) -> int:
        """Number of replicas B."""
        return self.arrays.key.shape[0]

    def copy(self) -> State:
        """Take a snapshot; advancing it later gives the same bits as advancing the original now."""
        return State(StateArrays._make(array.copy() for array in self.arrays))

    def rows(self, index: Rows) -> State:
        """Copy some replicas."""
        return State(StateArrays._make(np.ascontiguousarray(array[index]) for array in self.arrays))

    def view(self, start: int, stop: int) -> State:
        """Return replicas start..stop as a view: advancing it advances this state."""
        return State(StateArrays._make(array[start:stop] for array in self.arrays))

    def repeat(self, times: int) -> State:
        """Copy each replica ``times`` times, copies side by side."""
        return State(StateArrays._make(np.repeat(array, times, axis=0) for array in self.arrays))

    def assign(self, index: Rows, other: State) -> None:
        """Overwrite some replicas with those of ``other``."""
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[index] = theirs


def begin(params: Params, seed: I64, episode: I64) -> State:
    """Draw the first state of an episode for each (seed, episode).

    Args:
        params: the network.
        seed: (B,) non-negative int64.
        episode: (B,) int64.
    """
    key = make_keys(seed, episode)
    n, cells, users, areas = len(key), params.n_cells, params.n_users, params.n_areas
    x, y = _places(params, key)
    surge = _surges(params, key)
    state = State(
        StateArrays(
            key=key,
            step=np.zeros(n, np.int64),
            day=(unit(key, _at(0), _at(0), DAY) * params.arrays.profile.shape[0]).astype(np.int32),
            user_x=x,
            user_y=y,
            user_weight=_weights(params, key),
            user_service=_services(params, key),
            indoor_db=_indoor_loss_db(params, key),
            serving=np.full((n, users), -1, np.int32),
            ttt_s=np.zeros((n, users), np.float32),
            left=np.full((n, users), -1, np.int32),
            moved_s=np.full((n, users), -NEVER_S, np.float32),
            area_load=_area_loads(params, key),
            area_noise=normal(key[:, None], _at(0), _many(areas), SIGMA)
            * np.float32(params.scenario.load.noise_sigma),
            surge=surge,
            **{name: np.zeros((n, cells), np.int8) for name in ("carrier", "beam", "shift_db", "ssb_period")},
            wake_left_s=np.zeros((n, cells), np.float32),
            down=np.zeros((n, cells), np.int8),
            outage=_first_outages(params, key),
            life_s=first_lives(params.scenario.failures, params.arrays.cause_place, key),
            load=np.zeros((n, cells), np.float32),
            **_no_slices(params, n),
            cell_sum=np.zeros((n, cells, N_CELL_SUMS), np.float64),
            link=np.zeros((n, cells, N_LINK_SAMPLES), np.float64),
            queue=np.zeros((n, users if params.has_buffers else 0), np.float64),
            offered_mbit=np.zeros(n, np.float64),
            elapsed_s=np.zeros(n, np.float64),
        )
    )
    for slot in range(N_SURGES):
        gather_crowd(params, state, np.arange(n), slot)
    return state


def _first_outages(params: Params, key: U64) -> F32:
    boot_s = params.scenario.sleep.wake_delay_s[CarrierState.DEEP_SLEEP]
    return first_outages(params.scenario.failures, params.arrays.cause_place, boot_s, key)


def _no_slices(params: Params, n: int) -> dict[str, Any]:
    """Return a door nobody waits at, and empty slots."""
    slots, places = params.scenario.slicing.slots, params.scenario.slicing.requests
    request = np.zeros((n, places, 4), np.float32)
    request[:, :, 0] = -1.0
    return {
        "request": request,
        "answer": np.full((n, places), -1, np.int8),
        "slot_kind": np.full((n, slots), -1, np.int8),
        "slot_tier": np.zeros((n, slots), np.int8),
        "slot_left_s": np.zeros((n, slots), np.float32),
        "slot_xy": np.zeros((n, slots, 2), np.float32),
        "slot_sum": np.zeros((n, slots, N_SLOT_SUMS), np.float64),
    }


def open_period(state: State) -> None:
    """Begin a measurement period: set all sums to zero."""
    state.arrays.cell_sum[:] = 0.0
    state.arrays.link[:] = 0.0
    state.arrays.slot_sum[:] = 0.0
    state.arrays.offered_mbit[:] = 0.0
    state.arrays.elapsed_s[:] = 0.0


def gather_crowd(params: Params, state: State, rows: np.ndarray, slot: int) -> None:
    """Put the crowd users of a surge slot around its venue, for some replicas; before an event they are at the rim."""
    arrays, users = state.arrays, params.scenario.users
    first = users.resident + users.crowd * slot // N_SURGES
    last = users.resident + users.crowd * (slot + 1) // N_SURGES
    who = np.arange(first, last, dtype=np.int64)
    venue = params.arrays.venue_xy[arrays.surge[rows, slot, 4].astype(np.int64)]
    reach = np.float32(params.scenario.surge.radius_m)
    rim = rim_m(params.arrays, arrays.key[rows, None], who) if slot == 0 else np.zeros(2, np.float32)
    dx, dy = (2 * unit(arrays.key[rows, None], _at(0), who[None, :], way) - 1 for way in (PLACE_X, PLACE_Y))
    width = np.float32(params.scenario.width_m)
    for place, centre, off, k in ((arrays.user_x, venue[:, :1], dx, 0), (arrays.user_y, venue[:, 1:], dy, 1)):
        seat = np.clip(centre + reach * off, 0, width)
        place[rows[:, None], who[None, :]] = np.clip(seat + rim[..., k], 0, width)


def _at(value: int) -> I64:
    return np.full(1, value, dtype=np.int64)


def _many(count: int) -> I64:
    return np.arange(count, dtype=np.int64)[None, :]


def _places(params: Params, key: U64) -> tuple[F32, F32]:
    width = np.float32(params.scenario.width_m)
    who = _many(params.n_users)
    return width * unit(key[:, None], _at(0), who, PLACE_X), width * unit(key[:, None], _at(0), who, PLACE_Y)


def _weights(params: Params, key: U64) -> F32:
    """Draw each user's share of demand: lognormal with mean 1 (quantised, so that every CPU agrees)."""
    spread = params.scenario.users.weight_spread
    z = normal(key[:, None], _at(0), _many(params.n_users), WEIGHT).astype(np.float64)
    return (np.round(np.exp(spread * z - 0.5 * spread**2) * 1024) / 1024).astype(np.float32)


def _services(params: Params, key: U64) -> I8:
    """Draw the service of each resident, (B, residents); no columns where a scenario has no mix."""
    traffic = params.scenario.traffic
    who = _many(params.scenario.users.resident if traffic.services else 0)
    chance = unit(key[:, None], _at(0), who, MEMBER)
    number = np.searchsorted(traffic.bounds[:-1], chance, side="right")
    return number.astype(np.int8)


def _indoor_loss_db(params: Params, key: U64) -> F32:
    """Draw the building loss of each user on each frequency, (B, L, U) dB (TR 38.901 7.4.3)."""
    users = params.scenario.users
    who = _many(params.n_users)
    place = unit(key[:, None], _at(0), who, INDOOR).astype(np.float64)
    indoor = place < users.indoor_share
    high = place < users.indoor_share * users.high_loss_share
    two = [unit(key[:, None], _at(i), who, INDOOR_DEPTH) for i in (0, 1)]
    depth_m = deepest_indoor_m(site.propagation for site in params.scenario.sites) * np.minimum(*two).astype(
        np.float64
    )
    z = normal(key[:, None], _at(1), who, INDOOR).astype(np.float64)
    sigma = np.where(high, WALL_SIGMA_DB["high"], WALL_SIGMA_DB["low"])
    layers = []
    for fc_ghz in sorted({cell.carrier.fc_ghz for cell in params.cells}):
        through = [o2i_wall_loss_db(kind, fc_ghz, users.glass_release) for kind in ("high", "low")]
        wall = np.where(high, *through)
        loss = np.clip(wall + INDOOR_LOSS_DB_PER_M * depth_m + sigma * z, 0.0, users.max_indoor_loss_db)
        layers.append(np.where(indoor, np.round(loss * 64) / 64, 0.0))
        cars_db = np.maximum(car_loss_db("plain", z[:, : users.n_vehicles]), 0.0)
        layers[-1][:, : users.n_vehicles] = np.round(cars_db * 64) / 64
    return np.ascontiguousarray(np.stack(layers, axis=1), dtype=np.float32)


def _area_loads(params: Params, key: U64) -> F32:
    uniform = unit(key[:, None], _at(0), _many(params.n_areas), AREA)
    return station_mean_load(uniform, params.scenario.load.station_load_quantiles)


def _between(limits: tuple[float, float], uniform: F32) -> F32:
    return (np.float32(limits[0]) + np.float32(limits[1] - limits[0]) * uniform).astype(np.float32)


def _surges(params: Params, key: U64) -> F32:
    """Draw the surge of the law into slot 0; slot 1 stays empty."""
    law = params.scenario.surge
    u = [unit(key, _at(0), _at(i), SURGE) for i in range(6)]
    table = np.zeros((len(key), N_SURGES, N_SURGE_FIELDS), np.float32)
    table[:, :, 0] = NEVER_S
    table[:, :, 1] = 1.0
    table[:, 0, 0] = np.where(u[0] < law.probability, _between(law.hours, u[1]) * np.float32(3600), NEVER_S)
    table[:, 0, 1] = _between(law.ramp_s, u[2])
    table[:, 0, 2] = _between(law.hold_s, u[3])
    table[:, 0, 3] = _between(law.peak_mbps, u[4])
    table[:, 0, 4] = np.floor(u[5] * np.float32(len(law.venues)))
    return table
