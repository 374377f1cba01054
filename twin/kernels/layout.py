"""What the kernel reads and what it changes, as flat arrays.

B replicas, C cells, U users, L carrier frequencies, G areas, P pixels, S surge slots, D profile days.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from ..types import F32, F64, I8, I16, I32, I64, U64, Bool

GAIN_STEP_DB = 1.0 / 64.0  # resolution of the gain map; coarse enough that every CPU rounds alike


class CellSum(IntEnum):
    """Columns of ``StateArrays.cell_sum``: sums over the seconds of a control period."""

    PRB = 0  # load x s
    VOLUME = 1  # Mbit served
    BLOCKED = 2  # Mbit refused
    USERS = 3  # connected users x s
    ACTIVE = 4  # users with traffic x s
    THROUGHPUT = 5  # Mbit/s x active users x s
    BELOW = 6  # active users below the guarantee x s
    UNCOVERED = 7  # users below the coverage RSRP x s
    ENERGY = 8  # J
    HANDOVERS = 9  # incoming
    PING_PONGS = 10  # incoming, from where the user just came
    SLICE_PRB = 11  # share of the PRBs that slices use x s
    LINK_USE = 12  # share of the capacity of the site's link that is used x s
    SLICE_VOLUME = 13  # Mbit served to users of slices
    SLICE_DELAY = 14  # the same x s of its delay in buffer and on the air
    OFFERED = 15  # Mbit that arrived; as VOLUME and BLOCKED, without users of slices


class LinkSample(IntEnum):
    """Columns of ``StateArrays.link``: what active users told at the end of the last whole control period."""

    EFFICIENCY = 0  # bit/s/Hz x users
    OUT_OF_SYNC = 1  # users whose SINR is below Qout
    SSB_0 = 2  # users per SSB beam of the cell, N_SSB_BEAMS columns
    SSB_1 = 3
    SSB_2 = 4
    SSB_3 = 5
    TOO_EARLY = 6  # out of sync after a handover from this cell, and a cell that was left is heard best
    TOO_LATE = 7  # out of sync in this cell, and another is heard best
    WRONG_CELL = 8  # out of sync after a handover from this cell, and a third one is heard best


class SurgeField(IntEnum):
    """Columns of ``StateArrays.surge``."""

    ONSET_S = 0
    RAMP_S = 1
    HOLD_S = 2
    PEAK_MBPS = 3
    VENUE = 4


N_CELL_SUMS = len(CellSum)
N_SLOT_SUMS = 6  # see slices.py
N_LINK_SAMPLES = len(LinkSample)
N_SSB_BEAMS = 4  # counted per cell, side by side in azimuth
N_SURGE_FIELDS = len(SurgeField)
MAX_TYPES = 16  # of slices
BOOKED_MBIT = 2.0**-16  # unit of traffic in the books of queues, about 16 bits: sums of it are exact
COUNTED_MBIT = 2.0**-27  # the same where nothing waits: finer, since nothing adds up from period to period
N_SURGES = 2  # slot 0: the scenario's law; slot 1: injected (what-if, drill)


class Settings(NamedTuple):
    """What is asked of every cell."""

    states: I8  # (B, C), CarrierState
    beam: I8  # (B, C), index of a broadcast pattern; 0 is the planned one
    offset_db: I8  # (B, C), added to the planned cell individual offset
    admit: I8  # (B, R), answer to every request for a slice: 0 refused, 1 in full, 2 at the reduced tier
    ssb_period: I8  # (B, C), which of the SSB periods; 0 is the planned one


class ParamArrays(NamedTuple):
    """What does not change while the network runs."""

    gain: I16  # (P, W), path gain with antenna and shadowing, in GAIN_STEP_DB; a column per cell and pattern
    first_column: I32  # (C,), of the cell's planned pattern; the others follow
    ssb_beam: I8  # (P, C), the SSB beam of each cell that covers a pixel
    pixel_area: I32  # (P,), area of a pixel
    tx_dbm: F32  # (C,), per resource element
    noise_mw: F32  # (C,), per resource element
    layer: I32  # (C,), index of the carrier frequency
    first_of_site: I32  # (C,), the first cell at the same site
    offset_db: F32  # (C,), cell individual offset
    min_rsrp_dbm: F32  # (C,)
    rate_mbps: F32  # (C, 2 N), Mbit/s per bit/s/Hz when active and when muted, for each of N SSB periods
    idle_w: F32  # (C, N_CARRIER_STATES N), without traffic; the states for each SSB period
    slope_w: F32  # (C, N_CARRIER_STATES N), added by full load
    transition_j: F32  # (C, N_CARRIER_STATES N), to enter and leave a state
    wake_delay_s: F32  # (C, N_CARRIER_STATES N), by the state that is left
    wait_s: F32  # (N,), how long A3 must hold towards a cell: time to trigger, and time to find it
    n_findable: int  # SSB periods, from the first, whose cells users find by themselves
    cqi_sinr: F32  # (15,), linear
    cqi_gain: F32  # (15,), efficiency added by each CQI, bit/s/Hz
    profile: F32  # (D, T), mean 1
    kind_profile: (
        F32  # (K, D, T), of each kind of area, mean 1; without kinds if all areas follow ``profile``
    )
    area_kind: I32  # (G,)
    venue_xy: F32  # (V, 2), m
    humps: F32  # (N_HUMPS,), see crowd.py; empty where a surge has one hump
    heading: F32  # (16, 2), unit vectors
    n_x: int
    n_y: int
    pixel_m: float
    step_s: float
    slot_s: float
    noise_keep: float  # AR(1) coefficient per step
    noise_gain: float
    move_m: float  # per step, on foot
    vehicle_m: float  # per step
    n_vehicles: int  # the first of the users
    a3_margin_db: float
    ttt_s: float
    ping_pong_s: float  # a return within this time is one
    sample_steps: int  # twin steps per control period
    qout: float  # linear SINR below which a user is out of sync
    muting_loss_db: float
    user_mbps: float  # mean offered per user at load 1
    service: F64  # (K, 4), see services.py; without rows every user asks for its mean
    service_mbps: float  # mean per user at full activity
    session_steps: int
    crowd_first: int  # index of the first crowd user
    slice_first: int  # index of the first user of a slice: slots side by side, slice_users each
    slice_users: int
    slice_size: I32  # (T,), users of a slice of each type
    slice_mbps: F32  # (T, 2), asked for by an active user, in full and at the reduced tier
    slice_activity: F32  # (T,), probability that a user is active in a step
    slice_packet_mbit: F32  # (T,)
    slice_latency_s: F32  # (T,), largest mean delay of its packets
    slice_arrival: F32  # (T,), probability that a place at the door holds this or an earlier type
    slice_hold_s: F32  # (T,), mean
    slice_max_ratio: float  # of a cell's PRBs, that slices may be guaranteed together
    slice_least: (
        F32  # (T,), minimum ratio of each type; this and the next two are empty where no type has a policy
    )
    slice_most: F32  # (T,), maximum
    slice_dedicated: F32  # (T,)
    slice_gbr: I8  # (T,), 1 where the rate is guaranteed, 0 where it is shared with everybody else
    slice_buffer_mbit: F64  # (T, 2), of a user in full and at the reduced tier, in units of ``BOOKED_MBIT``
    slice_buffer_s: float  # of the rate that a user asks for
    user_buffer_mbit: float  # of everybody else
    slice_radius_m: float
    guaranteed_mbps: float
    coverage_dbm: float
    fixed_w: float
    fail_prob: F64  # (causes, C), per step; 0 where a cause has no place
    cause_place: I32  # (causes, C), where a cause counts what befalls a cell, or -1
    life_s: F64  # (causes,), Weibull scale of the time to failure
    life_power: F64  # (causes,), 1 over its shape; 1 for a unit that does not age
    repair_s: F32  # (causes,), Weibull scale
    repair_power: F64  # (causes,), 1 over its shape
    cuts_off: Bool  # (causes,), whether reports are lost with it; empty where none is
    detect_least_s: float  # until a failure is noticed, uniform
    detect_most_s: float
    backhaul_mbps: F32  # (C,), of the cell's site, 0 for no limit; empty where no link matters
    backhaul_s: F32  # (C,), one-way delay without queueing
    backhaul_packet_s: F32  # (C,), to send one packet
    backhaul_buffer_s: F32  # (C,), longest queueing delay
    core_mbps: float  # of the user plane function behind all sites, 0 for no limit
    core_packet_s: float
    core_buffer_s: float


class StateArrays(NamedTuple):
    """What changes; one row per replica."""

    key: U64  # (B,), names the random streams
    step: I64  # (B,), twin steps since the episode began
    day: I32  # (B,), row of the load profile
    user_x: F32  # (B, U), m from the map's corner
    user_y: F32  # (B, U)
    user_weight: F32  # (B, U), share of demand, mean 1
    user_service: I8  # (B, residents), row of ``ParamArrays.service``; without columns if there are none
    indoor_db: F32  # (B, L, U), building loss
    serving: I32  # (B, U), cell or -1
    ttt_s: F32  # (B, U), how long A3 has held
    left: I32  # (B, U), cell that served before, or -1
    moved_s: F32  # (B, U), when, s since midnight
    area_load: F32  # (B, G), mean load of an area
    area_noise: F32  # (B, G), log demand
    surge: F32  # (B, S, N_SURGE_FIELDS)
    carrier: I8  # (B, C), CarrierState
    beam: I8  # (B, C), broadcast pattern
    shift_db: I8  # (B, C), commanded change of the cell individual offset
    ssb_period: I8  # (B, C)
    wake_left_s: F32  # (B, C), time until a woken carrier serves
    down: I8  # (B, C), 0 works, 1 has failed, 2 is also known to have failed
    outage: F32  # (B, causes, C, 2), s until repaired, s until noticed; without causes if nothing can fail
    life_s: F64  # (B, causes, C), s in working order until the next failure; without causes if nothing ages
    load: F32  # (B, C), PRB use of the last step, 0..1
    request: F32  # (B, R, 4), type or -1, centre x and y in m, holding time in s
    answer: I8  # (B, R), what became of the requests before, -1 where there was none
    slot_kind: I8  # (B, N), type of the slice in a slot, or -1
    slot_tier: I8  # (B, N), 1 in full, 2 reduced
    slot_left_s: F32  # (B, N)
    slot_xy: F32  # (B, N, 2), centre, m
    slot_sum: F64  # (B, N, N_SLOT_SUMS), over the control period
    cell_sum: F64  # (B, C, N_CELL_SUMS)
    link: F64  # (B, C, N_LINK_SAMPLES)
    queue: F64  # (B, U), Mbit that wait for each user; empty where nothing can wait
    offered_mbit: F64  # (B,), of the control period
    elapsed_s: F64  # (B,), since the control period began


class Scratch(NamedTuple):
    """Working space of one kernel call, reused for every replica and step.

    The kernels are compiled without numba's reference counting (they own nothing), so they cannot allocate.
    """

    pixel: I32  # (U,), where each user is
    column: I32  # (C,), of the gain map, for the pattern in force
    rsrp: F32  # (C, U), dBm
    power: F32  # (C, U), mW
    rank: F32  # (C, U), RSRP with offset, dBm
    best: I32  # (U,), best candidate cell or -1
    best_rank: F32  # (U,), its rank
    total: F32  # (L, U), received interference
    sinr: F32  # (U,), linear
    offered: F32  # (U,), Mbit/s, with what waits from before
    fresh: F64  # (U,), Mbit that arrived in this step; empty where nothing can wait
    rate: F32  # (U,), Mbit/s with the whole cell to oneself
    need: F32  # (C,), PRBs asked for over PRBs there are for it
    slice_need: F32  # (C,), the same by slices, over all PRBs
    slice_kind: I32  # (slots x users per slot,), type of the slice of each user, -1 without one
    type_need: F32  # (C, MAX_TYPES), PRBs asked for by the slices of a type over all PRBs
    type_given: F32  # (C, MAX_TYPES), share of the cell that they use
    server: F32  # (C, MAX_TYPES), share of the cell that they could use
    filled: F32  # (C, MAX_TYPES), load of that server
    carried: F32  # (C, MAX_TYPES), share of what they ask for that the air carries
    used: F32  # (C,), share of the cell that slices use
    held: F32  # (C,), the same with dedicated blocks that stay idle
    site_mbps: F32  # (C,), carried on air by all cells of a site, at the first of them
    passed: F32  # (C,), share of it that the link of the site carries
    spare: F32  # (C,), Mbit/s left on that link
    delay_s: F32  # (C,), one way on that link
    area_mbps: F32  # (G,), offered per user of weight 1


def make_scratch(state: StateArrays) -> Scratch:
    """Allocate the working space for states of this shape."""
    (_, n_layers, n_users), n_cells = state.indoor_db.shape, state.carrier.shape[1]
    n_types = MAX_TYPES if state.slot_kind.shape[1] > 0 else 0
    by_type = [np.zeros((n_cells, n_types), np.float32) for _ in range(5)]
    n_slice_users = n_users if n_types > 0 else 0
    cells_users = [np.empty((n_cells, n_users), np.float32) for _ in range(3)]
    users = [np.empty(n_users, np.float32) for _ in range(4)]
    return Scratch(
        pixel=np.empty(n_users, np.int32),
        column=np.empty(n_cells, np.int32),
        rsrp=cells_users[0],
        power=cells_users[1],
        rank=cells_users[2],
        best=np.empty(n_users, np.int32),
        best_rank=users[0],
        total=np.empty((n_layers, n_users), np.float32),
        sinr=users[1],
        offered=users[2],
        fresh=np.zeros(state.queue.shape[1]),
        rate=users[3],
        need=np.empty(n_cells, np.float32),
        slice_need=np.zeros(n_cells, np.float32),
        slice_kind=np.full(n_slice_users, -1, np.int32),
        type_need=by_type[0],
        type_given=by_type[1],
        server=by_type[2],
        filled=by_type[3],
        carried=by_type[4],
        used=np.zeros(n_cells, np.float32),
        held=np.zeros(n_cells, np.float32),
        site_mbps=np.zeros(n_cells, np.float32),
        passed=np.ones(n_cells, np.float32),
        spare=np.full(n_cells, np.inf, np.float32),
        delay_s=np.zeros(n_cells, np.float32),
        area_mbps=np.empty(state.area_load.shape[1], np.float32),
    )
