"""Level B radio: rays around the straight line, polarisation loss and fading, for validation and beam studies.

Level A takes a station's gain toward the terminal. Level B spreads each link over the departure rays of TR 38.901
clause 7.5 (steps 5 to 8, one ray per cluster and no arrival side), so that narrow beams lose what misses them and
neighbouring sectors receive it. `blurred_gain_db` is the mean of that without chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .angular_spread import STATES, DepartureLaw, departure_law, lg_zsd, zenith_offset_deg
from .types import F64, I8, Bool

MAX_ASD_DEG, MAX_ZSD_DEG = 104.0, 52.0  # step 4 limits the spreads
RAY_OFFSETS = np.array([0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551])
"""Offsets of half of a cluster's rays for unit spread, table 7.5-3; the others are their negatives."""
CO_POLAR_SHARE = 0.5  # a slanted port seen by a vertical and a horizontal one: half of the power in each
BLUR_POINTS = 12  # per plane
FADING_POINTS, FADING_ANGLES = 512, 32


@dataclass(frozen=True)
class Links:
    """Large-scale side of links, every field flat with one entry per link."""

    state: I8  # (n,), index into `STATES`
    outdoor_los: Bool  # (n,), line of sight of the outdoor part
    d2d_m: F64  # (n,)
    h_ut_m: F64  # (n,)
    zenith_deg: F64  # (n,), straight line, seen from the station
    azimuth_deg: F64  # (n,), straight line, in the twin's sense


@dataclass(frozen=True)
class Rays:
    """Departure rays of links; `power` sums to the polarisation loss, zero where a link has fewer rays."""

    zenith_deg: F64  # (n, r), within [0, 180]
    azimuth_deg: F64  # (n, r)
    power: F64  # (n, r)


def departure_rays(
    scenario: str, fc_ghz: float, h_bs_m: float, links: Links, rng: np.random.Generator
) -> Rays:
    """Return the random rays of links, the same for the same generator. ValueError as `departure_law`."""
    laws = [departure_law(scenario, state, fc_ghz) for state in STATES]
    n_rays = 1 + max(law.n_clusters for law in laws)
    zenith, azimuth, power = (np.zeros((len(links.state), n_rays)) for _ in range(3))
    for code, law in enumerate(laws):
        rows = np.flatnonzero(links.state == code)
        lg_mean, lg_sigma = lg_zsd(
            scenario, links.outdoor_los[rows], links.d2d_m[rows], links.h_ut_m[rows], h_bs_m
        )
        lg_asd = law.lg_asd[0] + law.lg_asd[1] * rng.standard_normal(len(rows))
        asd_deg = np.minimum(10.0**lg_asd, MAX_ASD_DEG)
        zsd_deg = np.minimum(10.0 ** (lg_mean + lg_sigma * rng.standard_normal(len(rows))), MAX_ZSD_DEG)
        share, around, below = _clusters(law, asd_deg, zsd_deg, rng)
        below[:, 1:] += 0.375 * 10.0 ** lg_mean[:, None] * _within_cluster(law, len(rows), rng)
        around[:, 1:] += law.cluster_asd_deg * _within_cluster(law, len(rows), rng)
        offset = zenith_offset_deg(
            scenario, links.outdoor_los[rows], links.d2d_m[rows], links.h_ut_m[rows], fc_ghz
        )
        below[:, 1:] += offset[:, None]
        used = slice(0, share.shape[1])
        power[rows, used], azimuth[rows, used], zenith[rows, used] = share, around, below
    return Rays(_folded(links.zenith_deg[:, None] + zenith), links.azimuth_deg[:, None] + azimuth, power)


def _clusters(
    law: DepartureLaw, asd_deg: F64, zsd_deg: F64, rng: np.random.Generator
) -> tuple[F64, F64, F64]:
    """Power, azimuth and zenith offset of the straight ray and of every cluster, shapes (n, 1 + clusters)."""
    shape = (len(asd_deg), law.n_clusters)
    arrival = np.sort(rng.random(shape), axis=1)[
        :, ::-1
    ]  # exp(-delay / (r_tau DS)), the first comes earliest
    raw = arrival ** (law.delay_scaling - 1.0) * 10.0 ** (
        -0.1 * law.cluster_shadow_db * rng.standard_normal(shape)
    )
    scattered = raw / raw.sum(axis=1, keepdims=True)
    k_db = np.zeros(len(asd_deg)) if law.k_db is None else rng.normal(*law.k_db, len(asd_deg))
    direct = np.zeros(len(asd_deg)) if law.k_db is None else 1.0 / (1.0 + 10.0 ** (-0.1 * k_db))
    scattered *= 1.0 - direct[:, None]
    in_angle = scattered.copy()
    in_angle[:, 0] += direct  # the K-factor sets the angles, equation 7.5-8
    nepers = -np.log(in_angle / in_angle.max(axis=1, keepdims=True))
    phi_scaling, theta_scaling = _scalings(law, k_db)
    around = asd_deg[:, None] * (2.0 / 1.4 * np.sqrt(nepers) / phi_scaling * _sign(shape, rng))
    around += asd_deg[:, None] / 7.0 * rng.standard_normal(shape)
    below = zsd_deg[:, None] * (nepers / theta_scaling * _sign(shape, rng))
    below += zsd_deg[:, None] / 7.0 * rng.standard_normal(shape)
    if (
        law.k_db is not None
    ):  # the first cluster is turned onto the straight line, equations 7.5-12 and 7.5-17
        around, below = around - around[:, :1], below - below[:, :1]
    cross = 10.0 ** (-0.1 * (law.xpr_db[0] + law.xpr_db[1] * rng.standard_normal(shape)))
    power = CO_POLAR_SHARE * np.concatenate((direct[:, None], scattered * (1.0 + cross)), axis=1)
    straight = np.zeros((shape[0], 1))
    return power, np.concatenate((straight, around), axis=1), np.concatenate((straight, below), axis=1)


def _scalings(law: DepartureLaw, k_db: F64) -> tuple[F64, F64]:
    """C_phi and C_theta, (n, 1), equations 7.5-10 and 7.5-15."""
    ones = np.ones((len(k_db), 1))
    if law.k_db is None:
        return law.azimuth_scaling * ones, law.zenith_scaling * ones
    k = k_db[:, None]
    phi = law.azimuth_scaling * (1.1035 - 0.028 * k - 0.002 * k**2 + 0.0001 * k**3)
    return phi, law.zenith_scaling * (1.3086 + 0.0339 * k - 0.0077 * k**2 + 0.0002 * k**3)


def _sign(shape: tuple[int, int], rng: np.random.Generator) -> F64:
    return np.where(rng.random(shape) < 0.5, -1.0, 1.0)


def _within_cluster(law: DepartureLaw, n: int, rng: np.random.Generator) -> F64:
    shape = (n, law.n_clusters)
    return rng.choice(RAY_OFFSETS, shape) * _sign(shape, rng)


def _folded(zenith_deg: F64) -> F64:
    """Zenith angles of any size in [0, 180], as in equation 7.5-18."""
    return np.abs(np.mod(zenith_deg + 180.0, 360.0) - 180.0)


def blurred_gain_db(
    gain_db: Callable[[F64, F64], F64],
    zenith_deg: ArrayLike,
    azimuth_deg: ArrayLike,
    asd_deg: ArrayLike,
    zsd_deg: ArrayLike,
) -> F64:
    """Return the gain in dB of a pattern after Laplacian spreads around directions; all arrays broadcast.

    `gain_db(zenith_deg, azimuth_deg)` is the pattern, the spreads are root mean squares in degrees. Mean power over
    equally likely offsets, 12 in each plane; zero spreads give the pattern itself.
    """
    quantile = (np.arange(BLUR_POINTS) + 0.5) / BLUR_POINTS - 0.5
    offset = -np.sign(quantile) * np.log(1.0 - 2.0 * np.abs(quantile))
    offset /= np.sqrt(np.mean(offset**2))
    zenith, azimuth, asd, zsd = (
        np.asarray(a, dtype=np.float64)[..., None, None] for a in (zenith_deg, azimuth_deg, asd_deg, zsd_deg)
    )
    gain = gain_db(_folded(zenith + zsd * offset[:, None]), azimuth + asd * offset)
    return 10.0 * np.log10(np.mean(10.0 ** (gain / 10.0), axis=(-2, -1)))


def polarisation_loss_db(xpr_db: ArrayLike) -> F64:
    """Return what one port loses between a slanted and a vertical or horizontal antenna, 3.01 dB at most.

    10 lg(2 / (1 + 1/XPR)): half of the power is in the other polarisation, of which scattering turns a part back.
    Raises ValueError below 0 dB, where more would come back than went, and on NaN; a direct ray has inf.
    """
    xpr = np.asarray(xpr_db, dtype=np.float64)
    if not np.all(xpr >= 0.0):
        wrong = float(xpr[~(xpr >= 0.0)].flat[0])
        raise ValueError(f"xpr_db = {wrong:g} is no cross-polarisation ratio: give 0 dB or more")
    return -10.0 * np.log10(CO_POLAR_SHARE * (1.0 + 10.0 ** (-0.1 * xpr)))


def fading_margin_db(sinr_db: ArrayLike, k_factor_db: float) -> F64:
    """Return by how many dB the effective SINR lies below the mean one on a flat Rician channel.

    The effective SINR carries, without fading, the mean of log2(1 + SINR). K = -inf is Rayleigh fading, which
    costs 2.51 dB at high SINR; the margin vanishes with growing K and at low SINR. Raises ValueError on NaN.
    """
    if np.isnan(k_factor_db):
        raise ValueError("k_factor_db is NaN: give a K-factor in dB, -inf for Rayleigh fading")
    scattered = -np.log1p(-(np.arange(FADING_POINTS) + 0.5) / FADING_POINTS)  # exponential, by equal parts
    angle = 2.0 * np.pi * (np.arange(FADING_ANGLES) + 0.5) / FADING_ANGLES
    direct = 1.0 / (1.0 + 10.0 ** (-0.1 * k_factor_db))
    mixed = 2.0 * np.sqrt(direct * (1.0 - direct) * scattered)[:, None] * np.cos(angle)
    power = direct + (1.0 - direct) * scattered[:, None] + mixed
    sinr = 10.0 ** (0.1 * np.asarray(sinr_db, dtype=np.float64))
    mean = np.mean(np.log1p(sinr[..., None, None] * power), axis=(-2, -1))
    return 10.0 * np.log10(sinr / np.expm1(mean))
