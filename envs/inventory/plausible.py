"""What the area type, the other rows and the map tell of a number that is in its range but in another unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from ...twin.propagation import los_probability
from ...twin.scenario import Users
from .backhaul import check_lengths
from .checks import GLOBE, PLANE, Record
from .defaults import AREA_DEFAULTS, area_key
from .fields import Values
from .hints import likely
from .neighbours import nearest_m
from .rows import Problems, Row

# Of small sites and of macro sites, assumptions: what no cabinet draws and no radio unit needs is in another unit.
FIXED_POWER_W = {True: (1.0, 2_000.0), False: (10.0, 20_000.0)}
WATTS_PER_UNIT = {True: (1e-3, 10.0), False: (0.1, 100.0)}
CLOSE = 1 / 20  # of the usual distance between sites: half of them nearer than this are in kilometres
MOST_SHARED = 0.05  # of the sites may stand where another one does: registers list a mast twice
DISTANCE_M = 100.0  # any, to ask the law of an area type whether it knows a height


def check_sites(records: Sequence[Record], problems: Problems) -> None:
    """Note what no site of its area type can be, of sites that have one."""
    for row, values in records:
        small = AREA_DEFAULTS[area_key(str(values["propagation"]))].is_small
        _check_watts(row, values, "fixed_power_w", FIXED_POWER_W[small], problems)
        _check_hall(row, values, problems)


def check_map(records: Sequence[Record], is_geographic: bool, problems: Problems) -> list[str]:
    """Note what no site of this map can be; return notes of what is odd, but possible.

    Every site needs its place and its area type.
    """
    check_lengths(records, is_geographic, problems)
    if not is_geographic:
        _check_scale(records, problems)
    return _check_shared(records, GLOBE if is_geographic else PLANE, problems)


def check_unit_power(row: Row, values: Values, area: str, problems: Problems) -> None:
    """Note watts per relative unit that no carrier of this row of ``AREA_DEFAULTS`` draws."""
    _check_watts(row, values, "watts_per_unit", WATTS_PER_UNIT[AREA_DEFAULTS[area].is_small], problems)


def _check_watts(
    row: Row, values: Values, name: str, limits: tuple[float, float], problems: Problems
) -> None:
    watts, (low, high) = float(values.get(name, 0.0)), limits
    if watts == 0 or low <= watts <= high:
        return
    hint = likely([(watts * 1e3, "in kW"), (watts / 1e3, "in mW")], limits)
    area = values.get("propagation")
    where = f" of a site in {area}" if area else " of a carrier of this area type"
    problems.add(row, name, f"is outside {low:g}..{high:g} W{where}", hint or "write W")


def _check_hall(row: Row, values: Values, problems: Problems) -> None:
    """Note antennas that are not above what stands in the hall."""
    area = str(values["propagation"])
    what, repair = _refusal_of_height(
        area, float(values.get("height_m", AREA_DEFAULTS[area_key(area)].height_m))
    )
    if what:
        problems.add(row, "height_m", what, repair)


@cache
def _refusal_of_height(area: str, height_m: float) -> tuple[str, str]:
    """Return what is wrong with antennas of this height and the repair; empty if nothing is."""
    try:
        los_probability(area, DISTANCE_M, Users.height_m, height_m)
    except ValueError as error:
        found, _, repair = str(error).partition(": ")
        return f"is {found.partition(' is ')[2]} of {area}", repair
    return "", ""


def _check_scale(records: Sequence[Record], problems: Problems) -> None:
    """Note a map on which half of the sites are nearer than any of their area types stand."""
    places = np.array([[float(values[name]) for name in PLANE] for _, values in records])
    nearest = nearest_m(places, 1e-9)
    usual = np.array([AREA_DEFAULTS[area_key(str(v["propagation"]))].distance_m for _, v in records])
    close = nearest < CLOSE * usual
    if 2 * np.count_nonzero(close) <= len(records):
        return
    row, values = records[int(np.argmax(close & (places[:, 0] != 0)))]
    typical = float(np.median(nearest[close]))
    what = f"with y_m={values['y_m']:g} is {typical:g} m from the next site, as are half of all sites or more"
    repair = f"write {float(values['x_m']) * 1e3:g} if these are kilometres"
    if (np.abs(places) <= (180.0, 90.0)).all():
        repair += ", or call the columns longitude and latitude if these are degrees"
    problems.add(row, "x_m", what, repair)


def _check_shared(records: Sequence[Record], pair: tuple[str, str], problems: Problems) -> list[str]:
    """Note sites that stand where another one does, unless they are few of many."""
    first: dict[tuple[float, ...], Row] = {}
    shared = list[tuple[Row, Row]]()
    for row, values in records:
        place = tuple(float(values[name]) for name in pair)
        if place in first:
            shared.append((row, first[place]))
        first.setdefault(place, row)
    if len(shared) <= MOST_SHARED * len(records):
        return [f"places of another site: {len(shared):,} of {len(records):,} sites"] if shared else []
    for row, other in shared:
        what = (
            f"with {pair[1]}={row.values[pair[1]]} is the place of {other.values['id']!r}, line {other.line}"
        )
        problems.add(row, pair[0], what, "give each site its own place, or list its sectors under one site")
    return []


def check_azimuths(records: Sequence[Record], problems: Problems) -> None:
    """Note sites of several sectors that all point within a few degrees of north: radians."""
    by_site: dict[str, list[Record]] = {}
    for row, values in records:
        if "site" in values and "azimuth_deg" in values:
            by_site.setdefault(str(values["site"]), []).append((row, values))
    for sectors in by_site.values():
        angles = [float(values["azimuth_deg"]) for _, values in sectors]
        if len(set(angles)) > 1 and max(angles) <= 2 * math.pi and any(angle % 1 for angle in angles):
            row, values = next(each for each in sectors if float(each[1]["azimuth_deg"]) % 1)
            what = f"and the others of site {values['site']!r} lie within {max(angles):g} degrees of north"
            degrees = math.degrees(float(values["azimuth_deg"]))
            problems.add(row, "azimuth_deg", what, f"write {degrees:.0f} if these are radians")
