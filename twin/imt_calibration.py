"""Level B drops of the IMT-2020 calibration RP-180524 (TR 37.910 annex A, channel model A): coupling gain and geometry.

Attachment is over multipath: the gain of a link is the sum over its departure rays (`level_b`), each weighted by the
pattern of the transmitting port, averaged over two terminal ports. Where sectors steer analog beams, terminals attach
to the best one and every other sector interferes through a beam of its set drawn at random. 10 MHz at full load.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from .antenna import array_power, element_gain_db
from .calibration import FLOOR_HEIGHT_M, FLOORS, OUTDOOR_HEIGHT_M, THERMAL_NOISE_DBM_HZ
from .hexagons import SECTOR_AZIMUTHS_DEG, offsets_m, stratified, uniform_positions_m
from .level_b import Links, Rays, departure_rays
from .outdoor_to_indoor import INDOOR_LOSS_DB_PER_M, LEGACY_WALL_DB, building_loss_db, car_loss_db
from .propagation import los_probability, path_loss_db, shadow_sigma_db
from .radio_scenario import shadowing
from .types import F64, I8, Bool

BANDWIDTH_HZ = 10e6
NOISE_FIGURE_DB = 7.0
MIN_DISTANCE_M = 10.0
HIGH_LOSS_FRAC = {"low": 0.0, "mixed": 0.2}  # of the indoor terminals
BLOCK_UES = 500  # terminals evaluated together, bounds the memory


@dataclass(frozen=True)
class PortArray:
    """What drives one port: `rows` by `columns` elements and the beams they are steered to."""

    rows: int
    columns: int
    row_spacing: float  # wavelengths; columns stand half a wavelength apart
    zeniths_deg: tuple[float, ...]
    azimuths_deg: tuple[float, ...] = (0.0,)

    @property
    def beams(self) -> tuple[tuple[float, float], ...]:
        """Return zenith and azimuth of every beam."""
        return tuple((zenith, azimuth) for zenith in self.zeniths_deg for azimuth in self.azimuths_deg)


@dataclass(frozen=True)
class Setup:
    """One configuration of RP-180524."""

    scenario: str
    fc_ghz: float
    isd_m: float
    h_bs_m: float
    tx_power_dbm: float
    panel: PortArray
    indoor_frac: float
    car_frac: float  # of the terminals outdoors
    walls: str  # "legacy" of TR 36.873, "low" or "mixed" of 7.4.3, the latter with 20 % high-loss buildings
    max_indoor_m: float
    upstairs: bool  # indoor terminals on floors 1 to 4-8, else all at 1.5 m

    @property
    def noise_mw(self) -> float:
        """Return the noise power of a terminal over the whole bandwidth."""
        return 10.0 ** (0.1 * (THERMAL_NOISE_DBM_HZ + NOISE_FIGURE_DB)) * BANDWIDTH_HZ


_ANALOG = PortArray(4, 8, 0.8, (112.5, 157.5), (-56.25, -33.75, -11.25, 11.25, 33.75, 56.25))
SETUPS = {
    "DenseUrban-4GHz": Setup(
        scenario="UMa",
        fc_ghz=4.0,
        isd_m=200.0,
        h_bs_m=25.0,
        tx_power_dbm=41.0,
        panel=_ANALOG,
        indoor_frac=0.8,
        car_frac=1.0,
        walls="legacy",
        max_indoor_m=25.0,
        upstairs=True,
    ),
    "UMa-URLLC-4GHz": Setup(
        scenario="UMa",
        fc_ghz=4.0,
        isd_m=500.0,
        h_bs_m=25.0,
        tx_power_dbm=46.0,
        panel=PortArray(8, 1, 0.8, (99.0,)),
        indoor_frac=0.2,
        car_frac=0.0,
        walls="legacy",
        max_indoor_m=25.0,
        upstairs=False,
    ),
    "Rural-700MHz": Setup(
        scenario="RMa",
        fc_ghz=0.7,
        isd_m=1732.0,
        h_bs_m=35.0,
        tx_power_dbm=46.0,
        panel=PortArray(8, 1, 0.8, (100.0,)),
        indoor_frac=0.5,
        car_frac=1.0,
        walls="low",
        max_indoor_m=10.0,
        upstairs=False,
    ),
}


@dataclass(frozen=True)
class Drop:
    """Terminals of a drop and their links to the 19 sites, as level A sees them."""

    links: Links  # n x 19 links, terminal by terminal
    loss_db: F64  # (n, 19), path, shadowing, walls and cars


def drop(name: str, n_ue: int, seed: int) -> tuple[F64, F64]:
    """Drop `n_ue` terminals and return coupling_gain_db and sinr_db, each of shape (n_ue,).

    `name` is a key of `SETUPS`, such as "UMa-URLLC-4GHz". The same seed gives the same values. Raises ValueError on
    an unknown name or a count below 1.
    """
    setup = setup_of(name)
    if not (n_ue >= 1):
        raise ValueError(f"n_ue = {n_ue}: drop at least 1 terminal")
    rng = np.random.Generator(np.random.Philox(seed))
    blocks = [_drop_block(setup, min(BLOCK_UES, n_ue - first), rng) for first in range(0, n_ue, BLOCK_UES)]
    coupling, sinr = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return coupling, sinr


def setup_of(name: str) -> Setup:
    """Return a configuration; ValueError naming the nearest one on an unknown name."""
    if name not in SETUPS:
        nearest = difflib.get_close_matches(name, SETUPS, n=1, cutoff=0.0)[0]
        raise ValueError(f'no calibration "{name}": did you mean "{nearest}"? Known: {", ".join(SETUPS)}')
    return SETUPS[name]


def _drop_block(setup: Setup, n: int, rng: np.random.Generator) -> tuple[F64, F64]:
    placed = place(setup, n, rng)
    rays = departure_rays(setup.scenario, setup.fc_ghz, setup.h_bs_m, placed.links, rng)
    gain_db = _port_gains_db(setup.panel, rays, n) - placed.loss_db[:, :, None, None]
    gain_db = gain_db.reshape(n, -1, gain_db.shape[-1])  # terminal, sector, beam
    best_db = gain_db.max(axis=2)
    beam = rng.integers(0, gain_db.shape[2], best_db.shape)
    serving = np.arange(best_db.shape[1]) == best_db.argmax(axis=1)[:, None]
    heard_db = np.where(serving, best_db, np.take_along_axis(gain_db, beam[..., None], axis=2)[..., 0])
    received_mw = 10.0 ** (0.1 * (setup.tx_power_dbm + heard_db))
    wanted_mw = received_mw[serving]
    sinr = wanted_mw / (received_mw.sum(axis=1) - wanted_mw + setup.noise_mw)
    return best_db[serving], 10.0 * np.log10(sinr)


def place(setup: Setup, n: int, rng: np.random.Generator) -> Drop:
    """Return terminals at random places with the large-scale side of their links."""
    offsets = offsets_m(setup.isd_m, uniform_positions_m(setup.isd_m, MIN_DISTANCE_M, n, rng))
    distance_m = np.hypot(offsets[..., 0], offsets[..., 1])
    indoor = stratified(n, rng) < setup.indoor_frac
    floor = rng.integers(1, rng.integers(FLOORS[0], FLOORS[1] + 1, n) + 1) if setup.upstairs else np.ones(n)
    ut_m = (OUTDOOR_HEIGHT_M + np.where(indoor, FLOOR_HEIGHT_M * (floor - 1), 0.0))[:, None]
    depth_m, inside_db = _inside(setup, indoor, distance_m.shape, rng)
    los = rng.random(distance_m.shape) < los_probability(
        setup.scenario, np.maximum(distance_m - depth_m, 0.0), ut_m
    )
    link = (setup.scenario, los, setup.fc_ghz, distance_m, setup.h_bs_m, ut_m)
    o2i = shadowing(setup.scenario).o2i
    sigma_db = (
        shadow_sigma_db(*link)
        if o2i is None
        else np.where(indoor[:, None], o2i.sigma_db, shadow_sigma_db(*link))
    )
    loss_db = path_loss_db(*link) + sigma_db * rng.standard_normal(distance_m.shape) + inside_db
    zenith_deg = 90.0 + np.rad2deg(np.arctan2(setup.h_bs_m - ut_m, distance_m))
    links = Links(
        state=_states(indoor, los).ravel(),
        outdoor_los=los.ravel(),
        d2d_m=distance_m.ravel(),
        h_ut_m=np.broadcast_to(ut_m, distance_m.shape).ravel(),
        zenith_deg=zenith_deg.ravel(),
        azimuth_deg=np.rad2deg(np.arctan2(offsets[..., 1], offsets[..., 0])).ravel(),
    )
    return Drop(links, loss_db)


def _states(indoor: Bool, los: Bool) -> I8:
    return np.where(indoor[:, None], 2, np.where(los, 0, 1)).astype(np.int8)


def _inside(setup: Setup, indoor: Bool, shape: tuple[int, int], rng: np.random.Generator) -> tuple[F64, F64]:
    """Indoor distance and what buildings and cars add to the loss, (n, 19).

    The legacy wall counts a depth of its own for every link, uniform up to 25 m (TR 38.901 table 7.4.3-3); the
    other walls one per terminal, the lesser of two.
    """
    n = shape[0]
    of_link_m = rng.uniform(0.0, setup.max_indoor_m, shape)
    of_terminal_m = rng.uniform(0.0, setup.max_indoor_m, (n, 2)).min(axis=1)[:, None]
    depth_m = np.where(indoor[:, None], of_link_m if setup.walls == "legacy" else of_terminal_m, 0.0)
    normal = rng.standard_normal(n)[:, None]
    in_car = stratified(n, rng)[:, None] < setup.car_frac
    if setup.walls == "legacy":
        building_db = LEGACY_WALL_DB + INDOOR_LOSS_DB_PER_M * depth_m
    else:
        high = stratified(n, rng)[:, None] < HIGH_LOSS_FRAC[setup.walls]
        low_db, high_db = (building_loss_db(kind, setup.fc_ghz, depth_m, normal) for kind in ("low", "high"))
        building_db = np.where(high, high_db, low_db)
    outside_db = np.where(in_car, car_loss_db("plain", normal), 0.0)
    return depth_m, np.where(indoor[:, None], building_db, outside_db)


def _port_gains_db(panel: PortArray, rays: Rays, n: int) -> F64:
    """Gain of every sector's port in every beam over the rays, (n, 19, 3, beams)."""
    gains = [
        sum_over_rays(panel, rays.zenith_deg, rays.azimuth_deg - bearing, rays.power)
        for bearing in SECTOR_AZIMUTHS_DEG
    ]
    return 10.0 * np.log10(np.stack(gains, axis=1).reshape(n, -1, len(gains), len(panel.beams)))


def sum_over_rays(panel: PortArray, zenith_deg: F64, off_axis_deg: F64, power: F64) -> F64:
    """Return the linear gain of every beam of a panel over rays (n, r), shape (n, beams)."""
    element = power * 10.0 ** (0.1 * element_gain_db(zenith_deg, off_axis_deg))
    down = np.cos(np.deg2rad(zenith_deg))
    across = np.sin(np.deg2rad(zenith_deg)) * np.sin(np.deg2rad(off_axis_deg))
    gains = np.empty((len(zenith_deg), len(panel.beams)))
    for i, (zenith, azimuth) in enumerate(np.deg2rad(panel.beams)):
        rows = array_power(panel.row_spacing * (down - np.cos(zenith)), panel.rows)
        columns = array_power(0.5 * (across - np.sin(zenith) * np.sin(azimuth)), panel.columns)
        gains[:, i] = (element * rows * columns).sum(axis=1)
    return np.maximum(gains, 1e-12)
