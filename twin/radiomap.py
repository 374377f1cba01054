"""The gain map: path loss, line of sight, shadowing and antennas of TR 38.901, once per scenario and seed.

Users then only look their pixel up. Fidelity A has the large-scale channel alone, B also angular spread.
"""

from __future__ import annotations

import zlib
from functools import partial

import numpy as np

from .antenna import sector_gain_db
from .beam_pattern import pattern_gain_db, standard_pattern
from .fields import gaussian_field, uniform_field
from .kernels.layout import GAIN_STEP_DB, N_SSB_BEAMS
from .level_b_map import Aim, Antenna, spread_gain_db
from .propagation import los_probability, path_loss_db, shadow_sigma_db
from .radio_scenario import shadowing
from .scenario import Carrier, Scenario, Sector, Site
from .types import F64, I8, I16, I32, Bool

SECTOR_DEG = 120.0  # of azimuth, of three sectors
OMNIDIRECTIONAL_GAIN_DBI = 5.0  # TR 38.901 table 7.3-1, indoor element
MIN_DISTANCE_M = 10.0  # outdoors, TR 38.901 table 7.4.1-1; indoors it is 1 m in space, kept by the path loss


def pixel_centres(scenario: Scenario) -> tuple[F64, F64]:
    """Return x and y in metres of every pixel centre, each (P,), row by row from the lower left corner."""
    n = round(scenario.width_m / scenario.pixel_m)
    axis = (np.arange(n, dtype=np.float64) + 0.5) * scenario.pixel_m
    x, y = np.meshgrid(axis, axis)
    return x.ravel(), y.ravel()


def _field_seed(scenario: Scenario, site: Site, what: str) -> int:
    """Name the field by content, so that adding a site leaves the others as they are."""
    return zlib.crc32(f"{site.name}/{what}".encode()) + (scenario.radio_seed << 32)


def _least_distance_m(site: Site) -> float:
    """Return how near a user may come in the plane: a law without outdoor-to-indoor links is that of a room."""
    return 0.0 if shadowing(site.propagation).o2i is None else MIN_DISTANCE_M


def _los_map(scenario: Scenario, site: Site, d2d_m: F64) -> Bool:
    if not scenario.shadowing:
        return np.ones(d2d_m.shape, dtype=np.bool_)
    n = round(scenario.width_m / scenario.pixel_m)
    correlation_m = shadowing(site.propagation).los_state_d_cor_m
    uniform = uniform_field(n, n, scenario.pixel_m, correlation_m, _field_seed(scenario, site, "los")).ravel()
    return uniform < los_probability(site.propagation, d2d_m, scenario.users.height_m, site.height_m)


def _shadow_map(scenario: Scenario, site: Site, los: Bool) -> F64:
    """Return shadowing in deviations (P,): separate fields for line of sight and not (TR 38.901 7.4.4)."""
    if not scenario.shadowing:
        return np.zeros(los.shape)
    n = round(scenario.width_m / scenario.pixel_m)
    law = shadowing(site.propagation)
    maps = []
    for name, spread in (("los", law.los), ("nlos", law.nlos)):
        seed = _field_seed(scenario, site, f"shadow-{name}")
        maps.append(gaussian_field(n, n, scenario.pixel_m, spread.d_cor_m, seed).ravel())
    return np.where(los, maps[0], maps[1])


def _off_axis_deg(sector: Sector, azimuth_deg: F64) -> F64:
    return (azimuth_deg - sector.azimuth_deg + 180.0) % 360.0 - 180.0


def _antennas(sector: Sector, carrier: Carrier) -> list[Antenna]:
    """Return the planned pattern, then those to choose from, in dBi over zenith and azimuth in degrees."""
    if carrier.n_elements == 0:
        return [
            lambda zenith, azimuth: np.full(np.broadcast(zenith, azimuth).shape, OMNIDIRECTIONAL_GAIN_DBI)
        ]

    def planned(zenith_deg: F64, azimuth_deg: F64) -> F64:
        off_axis = _off_axis_deg(sector, azimuth_deg)
        return sector_gain_db(zenith_deg, off_axis, carrier.tilt_deg, carrier.n_elements)

    def chosen(name: str, zenith_deg: F64, azimuth_deg: F64) -> F64:
        # Patterns are relative to the antenna, which is tilted as planned.
        below = zenith_deg - (carrier.tilt_deg - 90.0)
        return pattern_gain_db(standard_pattern(name), _off_axis_deg(sector, azimuth_deg), below)

    return [planned, *(partial(chosen, name) for name in carrier.patterns)]


def ssb_map(scenario: Scenario) -> I8:
    """Return the SSB beam of every cell that covers a pixel, (P, C): equal shares of the sector's azimuth.

    ``N_SSB_BEAMS`` beams sweep a sector of 120 degrees side by side, or the quadrants of an omnidirectional cell.
    """
    x, y = pixel_centres(scenario)
    columns = []
    for site in scenario.sites:
        azimuth = np.degrees(np.arctan2(y - site.y_m, x - site.x_m))
        for sector in site.sectors:
            off_axis = _off_axis_deg(sector, azimuth)
            for carrier in (scenario.carriers[name] for name in sector.carriers):
                width = 360.0 if carrier.n_elements == 0 else SECTOR_DEG
                beam = np.floor((off_axis / width + 0.5) * N_SSB_BEAMS)
                columns.append(np.clip(beam, 0, N_SSB_BEAMS - 1).astype(np.int8))
    return np.ascontiguousarray(np.stack(columns, axis=1))


def gain_map(scenario: Scenario) -> I16:
    """Return the path gain of every cell and pattern at every pixel, (P, W), in ``GAIN_STEP_DB``.

    Cells come in the order site, sector, carrier, each with its planned pattern first. Co-sited sectors share line
    of sight and the shadowing field; in RMa its deviation depends on the carrier's breakpoint. At fidelity B antennas
    are blurred by the spread of departure angles and lose what the other polarisation takes (``level_b_map.py``).

    Raises:
        ValueError: if a site's law, height or carrier frequency is outside TR 38.901 or, at fidelity B, has no angular
            spread there; or in InF-SH and InF-DH the heights of user, clutter and site do not ascend.
    """
    x, y = pixel_centres(scenario)
    columns = []
    ut_m = scenario.users.height_m
    for site in scenario.sites:
        law, bs_m = site.propagation, site.height_m
        d2d_m = np.maximum(np.hypot(x - site.x_m, y - site.y_m), _least_distance_m(site))
        los = _los_map(scenario, site, d2d_m)
        shadow = _shadow_map(scenario, site, los)
        theta = 90.0 + np.degrees(np.arctan2(bs_m - ut_m, np.maximum(d2d_m, 1.0)))
        azimuth = np.degrees(np.arctan2(y - site.y_m, x - site.x_m))
        aim = Aim(law, bs_m, ut_m, los, d2d_m, theta, azimuth)
        for sector in site.sectors:
            offsets_db = sector.calibration_db or (0.0,) * len(sector.carriers)
            for name, offset_db in zip(sector.carriers, offsets_db, strict=True):
                carrier = scenario.carriers[name]
                loss_db = path_loss_db(law, los, carrier.fc_ghz, d2d_m, bs_m, ut_m)
                shadow_db = shadow_sigma_db(law, los, carrier.fc_ghz, d2d_m, bs_m, ut_m) * shadow
                for antenna in _antennas(sector, carrier):
                    antenna_db = (
                        antenna(theta, azimuth)
                        if scenario.fidelity == "A"
                        else spread_gain_db(antenna, aim, carrier.fc_ghz)
                    )
                    columns.append(antenna_db - loss_db - shadow_db + offset_db)
    gain = np.stack(columns, axis=1)
    return np.ascontiguousarray(np.round(gain / GAIN_STEP_DB).astype(np.int16))


def area_map(gain: I16, coverage_cells: I32) -> I32:
    """Return the area of every pixel (P,): the index of the coverage cell that is heard best there."""
    return np.argmax(gain[:, coverage_cells], axis=1).astype(np.int32)
