"""Multi-user MIMO in the Dense Urban drop of IMT-2020: cell and terminal spectral efficiency (TR 37.910 5.4.1).

32 transceivers (8,8,2,1,1;2,8), 4 receive antennas, 10 terminals per cell, 10 to 40 MHz at 4 GHz, full buffer. A
terminal's channel is the sum of its level B departure rays with random phases, in units of noise and interference.
It reports its two strongest directions per sub-band in the Type II manner: four DFT beams of 16, amplitudes in steps of
3 dB, phases in steps of 45 degrees. Reports are 6.5 ms old when used, while rays turn with the terminal's motion. Half
of the terminals share every resource block in turn, two layers each, by regularised zero-forcing. Which beams other
cells send is unknown when a rate is chosen: it is the one at which one block in ten fails, and these are sent twice.

Assumptions: ten terminals drawn anywhere make up a cell, as all cells are alike; one ray per cluster; arrival angles
uniform; another cell's power follows a gamma law of as many terms as it serves terminals, because both layers of one
leave in the same directions (drops of this model give 5.1 terms for 5 terminals), and its mean the pattern that drops
of this model radiate; interference of the own cell is known; no scheduling gain, no error of DM-RS; a block that fails
gets through combined with its second try. The control channel takes as many resource elements whatever the bandwidth,
for as many terminals are scheduled: two symbols of 10 MHz.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial.chebyshev import chebval

from .antenna import array_power, element_gain_db
from .codebook import C128, Panel, grid_of_beams
from .hexagons import SECTOR_AZIMUTHS_DEG
from .imt_calibration import BLOCK_UES, SETUPS, Drop, PortArray, place
from .level_b import Rays, departure_rays
from .link import n_prb
from .mu_mimo import shannon_efficiency
from .propagation import SPEED_OF_LIGHT_M_S
from .types import F64, Bool

SUB_ARRAY = PortArray(4, 1, 0.5, (102.0,))  # what one transceiver drives
SETUP = replace(SETUPS["DenseUrban-4GHz"], panel=SUB_ARRAY, walls="mixed")
PORTS = Panel(8, 2)
CELL_TERMINALS = 10
SCHEDULED = 5  # terminals on one resource block
RANK = 2  # layers of a terminal
SUB_BANDS = 2  # independent channels per drop
SPEED_M_S = {"indoor": 3.0 / 3.6, "car": 30.0 / 3.6}
REPORT_AGE_S = 0.0065  # 4 ms of delay and half of a 5 ms period
XPR_DB = 8.0  # of scattered rays, table 7.5-6
TYPE2_BEAMS = 4
TYPE2_PHASES = 8
TYPE2_STEP_DB = 3.0
TYPE2_LEVELS = 7  # 0 to -18 dB, weaker beams are left out
# Mean pattern of layers: cosines of columns 0 to 4 apart and sine of rows, of 6,000 terminals of this model
ACROSS = (1.0, 0.494, -0.152, 0.068, -0.028)
DOWN = -0.238
UPPER_TENTH = 1.2815515655446004  # deviations of a normal law
SCS_KHZ, SLOTS_PER_S = 15, 1000.0
USABLE_ELEMENTS = 135  # of 168 per resource block and slot: less DM-RS, CSI-RS and SSB
CONTROL_ELEMENTS = 24 * 52  # of PDCCH per slot
GOODPUT = 1.0 / 1.1  # one block in ten is sent twice


@dataclass(frozen=True)
class Served:
    """Rays of every terminal from its own sector."""

    azimuth: F64  # (n, r), sin(zenith) sin(azimuth)
    height: F64  # (n, r), cos(zenith)
    power: F64  # (n, r), through one transceiver, over noise and interference
    indoor: Bool  # (n,)


def elements_per_hz(bandwidth_mhz: int) -> float:
    """Return the resource elements for data per second and Hz of the channel, guard bands and overhead off.

    Raises ValueError when there is no such carrier at 15 kHz.
    """
    blocks = n_prb(bandwidth_mhz, SCS_KHZ)
    return (USABLE_ELEMENTS * blocks - CONTROL_ELEMENTS) * SLOTS_PER_S / (bandwidth_mhz * 1e6)


def spectral_efficiency(
    n_ue: int, seed: int, quantised: bool = True, age_s: float = REPORT_AGE_S, bandwidth_mhz: int = 10
) -> F64:
    """Return what every terminal gets in bit/s/Hz of the channel, shape (n_ue / 10, 10); a row's sum is a cell's.

    `quantised` False gives reports without quantisation, `age_s` 0 reports without age. Power grows with the bandwidth.
    The same seed gives the same values. Raises ValueError unless n_ue is a positive multiple of 10 and there is such a
    carrier at 15 kHz.
    """
    if not (n_ue > 0 and n_ue % CELL_TERMINALS == 0):
        raise ValueError(f"n_ue = {n_ue} does not fill cells: give a multiple of {CELL_TERMINALS}")
    rng = np.random.Generator(np.random.Philox(seed))
    blocks = [
        _block(min(BLOCK_UES, n_ue - first), quantised, age_s, rng) for first in range(0, n_ue, BLOCK_UES)
    ]
    return GOODPUT * elements_per_hz(bandwidth_mhz) * np.concatenate(blocks)


def _block(n: int, quantised: bool, age_s: float, rng: np.random.Generator) -> F64:
    placed = place(SETUP, n, rng)
    rays = departure_rays(SETUP.scenario, SETUP.fc_ghz, SETUP.h_bs_m, placed.links, rng)
    served = _served(placed, rays, n)
    bits = np.zeros((n // CELL_TERMINALS, CELL_TERMINALS))
    for _ in range(SUB_BANDS):
        reported, actual = _channels(served, age_s, rng)
        layers = _strongest(reported)
        for turn in range(0, CELL_TERMINALS, SCHEDULED):
            group = slice(turn, turn + SCHEDULED)
            bits[:, group] += _joint_efficiency(
                _by_cell(_type2(layers) if quantised else layers)[:, group], _by_cell(actual)[:, group]
            )
    return bits * SCHEDULED / CELL_TERMINALS / SUB_BANDS


def _by_cell(values: C128) -> C128:
    return values.reshape(-1, CELL_TERMINALS, *values.shape[1:])


def _served(placed: Drop, rays: Rays, n: int) -> Served:
    """Attach every terminal to the sector it hears best through one transceiver's pattern."""
    transmitted = 10.0 ** (0.1 * (SETUP.tx_power_dbm - placed.loss_db))
    heard, loaded = _gains(rays, n) * transmitted[..., None]
    site, sector = np.divmod(heard.reshape(n, -1).argmax(axis=1), heard.shape[2])
    terminal = np.arange(n)
    loaded[terminal, site, sector] = 0.0
    other_mw = exceeded_rarely(loaded.reshape(n, -1)) + SETUP.noise_mw
    link = terminal * heard.shape[1] + site
    zenith_deg, off_axis_deg = (
        rays.zenith_deg[link],
        rays.azimuth_deg[link] - SECTOR_AZIMUTHS_DEG[sector][:, None],
    )
    return Served(
        azimuth=np.sin(np.deg2rad(zenith_deg)) * np.sin(np.deg2rad(off_axis_deg)),
        height=np.cos(np.deg2rad(zenith_deg)),
        power=rays.power[link]
        * _pattern(zenith_deg, off_axis_deg)
        * (transmitted[terminal, site] / other_mw)[:, None],
        indoor=placed.links.state.reshape(n, -1)[:, 0] == 2,
    )


def _gains(rays: Rays, n: int) -> F64:
    """Gains of every sector over the rays, (2, n, 19, 3): of one transceiver, and of the layers of a loaded cell."""
    gains = []
    for bearing in SECTOR_AZIMUTHS_DEG:
        off_axis_deg = rays.azimuth_deg - bearing
        power = rays.power * _pattern(rays.zenith_deg, off_axis_deg)
        loaded = power * radiated(rays.zenith_deg, off_axis_deg)
        gains.append((power.sum(axis=1), loaded.sum(axis=1)))
    return np.stack(gains).transpose(1, 2, 0).reshape(2, n, -1, len(gains))


def _pattern(zenith_deg: F64, off_axis_deg: F64) -> F64:
    """Gain of what one transceiver drives."""
    tilt = np.cos(np.deg2rad(SUB_ARRAY.zeniths_deg[0]))
    rows = array_power(SUB_ARRAY.row_spacing * (np.cos(np.deg2rad(zenith_deg)) - tilt), SUB_ARRAY.rows)
    return 10.0 ** (0.1 * element_gain_db(zenith_deg, off_axis_deg)) * rows


def radiated(zenith_deg: F64, off_axis_deg: F64) -> F64:
    """Return the mean power of a loaded cell's layers in a direction, over that of one transceiver of equal power.

    Zero-forcing sends where terminals are: forward and below the horizon. The law is the Fourier series of the mean
    correlation between places of the panel, less the terms between places apart in both planes, all below 0.02.
    """
    across = np.pi * np.sin(np.deg2rad(zenith_deg)) * np.sin(np.deg2rad(off_axis_deg))
    down = 2.0 * np.pi * SUB_ARRAY.rows * SUB_ARRAY.row_spacing * np.cos(np.deg2rad(zenith_deg))
    return chebval(np.cos(across), ACROSS) + DOWN * np.sin(down)


def exceeded_rarely(interference: F64) -> F64:
    """Return what the sum of other cells' powers, means (n, cells), passes in one block of ten, (n,).

    A gamma law with the mean and the variance of the sum, whose quantile is that of Wilson and Hilferty (1931).
    """
    mean = interference.sum(axis=1)
    spread = np.square(interference).sum(axis=1) / (9.0 * SCHEDULED * np.square(mean))
    return mean * (1.0 - spread + UPPER_TENTH * np.sqrt(spread)) ** 3


def _channels(served: Served, age_s: float, rng: np.random.Generator) -> tuple[C128, C128]:
    """Channels (n, 4, 32) when reported and when used; ports are 2 slants of 16, antennas 2 places by 2 slants."""
    n, n_rays = served.power.shape
    cross = np.full(n_rays, 10.0 ** (-0.1 * XPR_DB))
    cross[0] = 0.0  # the straight ray keeps its polarisation
    turn = np.exp(2j * np.pi * rng.random((n, n_rays, 2, 2)))
    turn[:, 0, 1, 1] = -turn[:, 0, 0, 0]
    turn[:, :, [0, 1], [1, 0]] *= np.sqrt(cross)[:, None]
    slants = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)
    coupled = (turn @ slants) * np.sqrt(2.0 * served.power / (1.0 + cross))[..., None, None]
    toward = np.cos(
        2.0 * np.pi * rng.random((n, n_rays))
    )  # arrival against the motion and along the antennas
    speed = np.where(served.indoor, SPEED_M_S["indoor"], SPEED_M_S["car"])[:, None]
    wavelengths = speed * age_s * SETUP.fc_ghz * 1e9 / SPEED_OF_LIGHT_M_S
    steering = _steering(served.azimuth, served.height)
    place_phase = np.stack((np.ones_like(toward), np.exp(1j * np.pi * toward)), axis=-1)
    doppler = np.exp(2j * np.pi * wavelengths * toward)
    both = [
        np.einsum(
            "nrqp,nra,nrt->naqpt", coupled * phase[..., None, None], place_phase, steering, optimize=True
        )
        for phase in (np.ones_like(doppler), doppler)
    ]
    return both[0].reshape(n, 4, PORTS.n_ports), both[1].reshape(n, 4, PORTS.n_ports)


def _steering(azimuth: F64, height: F64) -> C128:
    """Phases of rays (...) at the 16 places of the panel, columns down first as the codebook counts, (..., 16)."""
    across = 0.5 * azimuth[..., None] * np.arange(PORTS.n1)
    down = SUB_ARRAY.rows * SUB_ARRAY.row_spacing * height[..., None] * np.arange(PORTS.n2)
    phase = across[..., :, None] + down[..., None, :]
    return np.exp(-2j * np.pi * phase).reshape(*height.shape, PORTS.n1 * PORTS.n2)


def _strongest(channel: C128) -> C128:
    """The two strongest directions of channels (n, 4, 32), each as long as its gain: (n, 2, 32)."""
    _, gain, direction = np.linalg.svd(channel, full_matrices=False)
    return gain[:, :RANK, None] * direction[:, :RANK]


def _orthogonal_grids() -> C128:
    """The 16 rotations of 16 orthogonal beams, (rotation, beam, port)."""
    grid = grid_of_beams(PORTS)
    o1, o2 = PORTS.oversampling
    return np.stack([grid[i::o1, j::o2].reshape(-1, grid.shape[-1]) for i in range(o1) for j in range(o2)])


def _type2(layers: C128) -> C128:
    """Reports of layers (n, 2, 32): the strongest beams of the best rotation, quantised, of the same length."""
    grids = _orthogonal_grids()
    slanted = layers.reshape(len(layers), RANK, 2, -1)
    on_beam = np.einsum("nkpt,gbt->ngkpb", slanted, grids.conj(), optimize=True)
    energy = np.square(np.abs(on_beam)).sum(axis=(2, 3))
    rotation = np.sort(energy, axis=2)[..., -TYPE2_BEAMS:].sum(axis=2).argmax(axis=1)
    terminal = np.arange(len(layers))
    kept = np.argsort(energy[terminal, rotation], axis=1)[:, -TYPE2_BEAMS:]
    coefficients = np.take_along_axis(on_beam[terminal, rotation], kept[:, None, None, :], axis=3)
    beams = grids[rotation[:, None], kept]
    report = np.einsum("nkpb,nbt->nkpt", _quantised(coefficients), beams).reshape(layers.shape)
    return (
        report * np.linalg.norm(layers, axis=2, keepdims=True) / np.linalg.norm(report, axis=2, keepdims=True)
    )


def _quantised(coefficients: C128) -> C128:
    """Amplitudes relative to the strongest of a layer in 3 dB steps, phases in eighths of a turn; (n, 2, 2, beams)."""
    flat = coefficients.reshape(*coefficients.shape[:2], -1)
    lead = np.take_along_axis(flat, np.abs(flat).argmax(axis=2)[..., None], axis=2)
    relative = flat / lead
    steps = np.rint(-20.0 * np.log10(np.maximum(np.abs(relative), 1e-12)) / TYPE2_STEP_DB)
    amplitude = np.where(steps < TYPE2_LEVELS, 10.0 ** (-TYPE2_STEP_DB * steps / 20.0), 0.0)
    turns = np.rint(np.angle(relative) * TYPE2_PHASES / (2.0 * np.pi)) / TYPE2_PHASES
    return (amplitude * np.exp(2j * np.pi * turns)).reshape(coefficients.shape)


def precoders(reports: C128) -> C128:
    """Return regularised zero-forcing of reports (c, u, 2, 32), of equal and together unit power: (c, 32, 2 u)."""
    g = reports.reshape(len(reports), -1, reports.shape[-1])
    n_layers, adjoint = g.shape[1], g.conj().swapaxes(1, 2)
    weights = adjoint @ np.linalg.inv(g @ adjoint + n_layers * np.eye(n_layers))
    return weights / (np.linalg.norm(weights, axis=1, keepdims=True) * np.sqrt(n_layers))


def _joint_efficiency(reports: C128, channels: C128) -> F64:
    """Bits per resource element of terminals sent to at once: reports (c, u, 2, 32), channels (c, u, 4, 32)."""
    users = reports.shape[1]
    n_layers = users * RANK
    weights = precoders(reports)
    heard = channels @ weights[:, None]  # (c, u, antenna, layer)
    covariance = heard @ heard.conj().swapaxes(2, 3) + np.eye(heard.shape[2])
    own = np.arange(n_layers).reshape(users, RANK)
    mine = np.take_along_axis(heard, own[None, :, None, :], axis=3)
    explained = np.einsum("cuak,cuab,cubk->cuk", mine.conj(), np.linalg.inv(covariance), mine).real
    return shannon_efficiency(explained / (1.0 - explained)).sum(axis=2)
