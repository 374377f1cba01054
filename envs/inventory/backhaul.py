"""Links of an inventory: checked row by row, and the tree of transport parents as the twin's link of each site.

The twin knows one link per site and one core behind all of them. The way of a site over its parents becomes: the sum of
all delays, and the least capacity along it. What every site of a cluster passes is shared, so that its capacity is that
of the core; links that only some share limit each of these alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...twin.backhaul import Backhaul, Core
from .checks import Record
from .fields import Values
from .geodesy import middle, to_local
from .hints import capacity_hint, likely
from .rows import Problems, Row
from .sites import InventorySite

# What a link may carry in Mbit/s: 100GbE (IEEE 802.3), an E-band carrier, a satellite terminal many times over.
MOST_MBPS = {"fibre": 100_000.0, "microwave": 20_000.0, "leo": 10_000.0}
LEAST_MBPS = 1.0  # less feeds no cell: the number is in Gbit/s
LEAST_MS = 0.01  # a delay or buffer below it, but for 0, is in seconds
OF_KIND = {"backhaul_length_km": "fibre", "backhaul_hops": "microwave"}
USUAL = Backhaul()
PLACE_KM = 0.2  # by which the place of a site may be off
DETOUR, SPARE_KM = 20.0, 100.0  # a fibre longer than so many times the straight line and so much is in metres


def check_link(row: Row, values: Values, problems: Problems) -> None:
    """Note what no link of a site can be."""
    if not any(name.startswith("backhaul_") for name in row.values):
        return
    kind = str(values.get("backhaul_kind", USUAL.kind))
    if "backhaul_kind" in row.values and "backhaul_kind" not in values:
        return  # noted as unknown already
    for name, owner in OF_KIND.items():
        if float(values.get(name, 0.0)) > 0 and kind != owner:
            what, repair = f"is of {owner}, this link is {kind}", f"write backhaul_kind={owner}, or remove it"
            problems.add(row, name, what, repair)
    if kind == "microwave" and "backhaul_hops" not in row.values:
        problems.add(row, "backhaul_hops", "is missing", "a microwave chain has 1 hop or more")
    elif kind == "microwave" and values.get("backhaul_hops") == 0:
        problems.add(row, "backhaul_hops", "is no microwave chain", "write 1 or more")
    _check_capacity(row, values, kind, problems)
    _check_times(row, values, problems)


def _check_times(row: Row, values: Values, problems: Problems) -> None:
    for name in ("backhaul_buffer_ms", "backhaul_beyond_ms"):
        ms = float(values.get(name, 0.0))
        if 0 < ms < LEAST_MS:
            hint = likely([(ms * 1e3, "in seconds")], (0.0, 1e3))
            problems.add(row, name, f"is below {LEAST_MS:g} ms", f"{hint}, or 0")


def _check_capacity(row: Row, values: Values, kind: str, problems: Problems) -> None:
    mbps, most = float(values.get("backhaul_capacity_mbps", 0.0)), MOST_MBPS[kind]
    if mbps > most:
        what = f"is above the {most:g} Mbit/s of a {kind} link"
        problems.add(row, "backhaul_capacity_mbps", what, capacity_hint(mbps, most))
    elif 0 < mbps < LEAST_MBPS:
        what = f"is below the {LEAST_MBPS:g} Mbit/s that feed a cell"
        problems.add(row, "backhaul_capacity_mbps", what, capacity_hint(mbps, most))


def check_lengths(records: Sequence[Record], is_geographic: bool, problems: Problems) -> None:
    """Note fibres to a parent that are shorter than the straight line, or so long that they are in metres."""
    places = {str(values["id"]): values for _, values in records}
    for row, values in records:
        parent = places.get(str(values.get("transport_parent", "")))
        km = float(values.get("backhaul_length_km", 0.0))
        if parent is None or km == 0:
            continue
        straight = _apart_km(values, parent, is_geographic)
        if km < 0.9 * straight - PLACE_KM:
            what = (
                f"is shorter than the {straight:.3g} km to {values['transport_parent']!r} as the crow flies"
            )
            problems.add(
                row, "backhaul_length_km", what, f"write {straight:.3g} or more, or repair the places"
            )
        elif km > DETOUR * straight + SPARE_KM:
            what = f"is far beyond the {straight:.3g} km to {values['transport_parent']!r} as the crow flies"
            problems.add(row, "backhaul_length_km", what, f"write {km / 1e3:g} if this is in metres")


def _apart_km(one: Values, other: Values, is_geographic: bool) -> float:
    pair = ("latitude", "longitude") if is_geographic else ("x_m", "y_m")
    first, second = (np.array([float(values[name]) for values in (one, other)]) for name in pair)
    east, north = to_local(first, second, *middle(first, second)) if is_geographic else (first, second)
    return math.hypot(float(np.ptp(east)), float(np.ptp(north))) / 1e3


def own_link(values: Values) -> Backhaul:
    """Return the link of a checked site."""
    usual = USUAL
    if not any(name.startswith("backhaul_") for name in values):
        return usual
    return Backhaul(
        kind=str(values.get("backhaul_kind", usual.kind)),
        capacity_mbps=float(values.get("backhaul_capacity_mbps", usual.capacity_mbps)),
        length_km=float(values.get("backhaul_length_km", usual.length_km)),
        hops=int(values.get("backhaul_hops", usual.hops)),
        buffer_ms=float(values.get("backhaul_buffer_ms", usual.buffer_ms)),
        beyond_ms=float(values.get("backhaul_beyond_ms", usual.beyond_ms)),
    )


@dataclass(frozen=True)
class Links:
    """The way to the core of each site of a cluster."""

    of: Mapping[str, Backhaul]  # by site: its own link with the least capacity and all delays of its way
    shared: Backhaul | None  # the narrowest link that every site passes; None where none has a limit


def links_of(sites: Sequence[InventorySite], members: Sequence[str]) -> Links:
    """Return the links of a cluster; parents may stand in other clusters.

    Args:
        sites: of the whole inventory.
        members: ids of the cluster's sites.
    """
    here = set(members)
    alone = not any(site.transport_parent for site in sites if site.id in here)
    by_id = {site.id: site for site in sites if not alone or site.id in here}
    ways = {name: _way(name, by_id) for name in members}
    common = set.intersection(*(set(way) for way in ways.values())) if len(ways) > 1 else set[str]()
    narrow = [by_id[name].backhaul for name in sorted(common) if by_id[name].backhaul.capacity_mbps > 0]
    shared = min(narrow, key=_capacity) if narrow else None
    links = {
        name: _effective([by_id[n].backhaul for n in way], _own(way, common)) for name, way in ways.items()
    }
    return Links(links, shared)


def _way(name: str, by_id: Mapping[str, InventorySite]) -> list[str]:
    """Return the sites from one to the root, itself first."""
    way = [name]
    while by_id[way[-1]].transport_parent:
        way.append(by_id[way[-1]].transport_parent)
    return way


def _own(way: Sequence[str], common: set[str]) -> int:
    """Return how many links of a way come before those that all share, which are its last ones."""
    return next((i for i, name in enumerate(way) if name in common), len(way))


def _effective(way: Sequence[Backhaul], n_own: int) -> Backhaul:
    if len(way) == n_own == 1:
        return way[0]
    limits = [link for link in way[:n_own] if link.capacity_mbps > 0]
    narrowest = min(limits, key=_capacity) if limits else replace(way[0], capacity_mbps=0.0)
    beyond_ms = way[0].beyond_ms + sum(link.delay_ms for link in way[1:])
    return replace(
        way[0],
        capacity_mbps=narrowest.capacity_mbps,
        buffer_ms=narrowest.buffer_ms,
        beyond_ms=beyond_ms,
    )


def _capacity(link: Backhaul) -> float:
    return link.capacity_mbps


def core_of(core: Core, links: Links) -> Core:
    """Return the core with the limit of the narrowest link that all sites share, if that is below its own."""
    if links.shared is None or 0 < core.upf_mbps <= links.shared.capacity_mbps:
        return core
    return Core(links.shared.capacity_mbps, links.shared.buffer_ms)


def sharing_notes(sites: Sequence[InventorySite]) -> list[str]:
    """Return what a reader should know of links that several sites share."""
    by_id = {site.id: site for site in sites}
    inner = {name for site in sites for name in _way(site.id, by_id)[1:]}
    limited = sum(by_id[name].backhaul.capacity_mbps > 0 for name in inner)
    told = f"transport: {limited:,} links carry several sites; what only some sites of a cluster pass limits each alone"
    return [told] if limited else []
