"""What single fields cannot tell: repeated ids, records without their parent, cycles, places that cannot be meant."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence

import numpy as np

from ...twin.types import F64, Bool
from .fields import Values
from .rows import SHOWN, Problem, Problems, Row

Record = tuple[Row, Values]

FAR = 10.0  # times the median distance from the median place: farther sites do not tell where the network is
ROOM_DEG = 0.05  # about 5 km; a network on one spot has no extent of its own
LEAST_SITES = 3  # that tell where a network is
SEPARATOR = "\0"
GLOBE, PLANE = ("latitude", "longitude"), ("x_m", "y_m")


def check_unique(records: Sequence[Record], keys: Sequence[str], problems: Problems) -> None:
    """Note every record whose key stood before; ``keys`` end with the id."""
    lines: dict[str, int] = {}
    for row, values in records:
        if not values.keys() >= set(keys):
            continue
        path = _path(values, keys)
        if path in lines:
            inside = "".join(f" in {name} {values[name]!r}" for name in keys[:-1])
            what, repair = f"repeats line {lines[path]}{inside}", "give each its own id, or remove one"
            problems.add(row, keys[-1], what, repair)
        lines.setdefault(path, row.line_of(keys[-1]))


def check_parents(
    records: Sequence[Record], parents: Iterable[str], keys: Sequence[str], problems: Problems
) -> None:
    """Note every record whose parent is not in the inventory, with the nearest name that is.

    Args:
        records: of one kind.
        parents: paths of what there is, as ``paths`` gives them.
        keys: names of the fields that make the path of the parent.
        problems: takes the notes.
    """
    known = set(parents)
    for row, values in records:
        if not values.keys() >= set(keys) or _path(values, keys) in known:
            continue
        above = _path(values, keys[:-1])
        siblings = (last for head, _, last in (path.rpartition(SEPARATOR) for path in known) if head == above)
        inside = f"of site {values[keys[0]]!r}" if above else "of this inventory"
        repair = f"{_nearest(str(values[keys[-1]]), siblings, problems)}, or add that {keys[-1]}"
        problems.add(row, keys[-1], f"is no {keys[-1]} {inside}", repair)


def check_children(
    records: Sequence[Record], listed: Iterable[str], keys: Sequence[str], problems: Problems
) -> None:
    """Note every record that has no children; ``listed`` are the paths that the children name as their parent."""
    kind, parents = "carrier" if len(keys) > 1 else "sector", set(listed)
    for row, values in records:
        if values.keys() >= set(keys) and _path(values, keys) not in parents:
            problems.add(row, keys[-1], f"has no {kind}", f"list its {kind}s, or remove it")


def paths(records: Sequence[Record], keys: Sequence[str]) -> set[str]:
    """Return the paths of all records that have these fields."""
    return {_path(values, keys) for _, values in records if values.keys() >= set(keys)}


def _path(values: Values, keys: Sequence[str]) -> str:
    return SEPARATOR.join(str(values[key]) for key in keys)


def check_transport(records: Sequence[Record], problems: Problems) -> None:
    """Note transport parents that do not exist, and each cycle once, at its first site in the file."""
    rows = {str(values["id"]): row for row, values in records if "id" in values}
    parent = {
        str(v["id"]): str(v["transport_parent"]) for _, v in records if "id" in v and "transport_parent" in v
    }
    for site, above in parent.items():
        if above not in rows:
            what = "is no site of this inventory"
            problems.add(
                rows[site], "transport_parent", what, f"{_nearest(above, rows, problems)}, or leave it blank"
            )
    done: set[str] = set()
    for site in parent:
        chain: list[str] = []
        while site in parent and site not in done:
            done.add(site)
            chain.append(site)
            site = parent[site]
        if site in chain:
            circle = [*chain[chain.index(site) :], site]
            what = f"the chain {' -> '.join(circle)} closes on itself"
            problems.add(
                rows[site], "transport_parent", what, "leave it blank at the site that reaches the core"
            )


def check_places(records: Sequence[Record], problems: Problems) -> bool:
    """Note sites without a place or with one that cannot be meant; tell whether places are latitude and longitude."""
    globe = [record for record in records if record[0].values.keys() & set(GLOBE)]
    plane = [record for record in records if record[0].values.keys() & set(PLANE)]
    if not globe and not plane:
        what, repair = "no site has a place", "give latitude and longitude in degrees, or x_m and y_m"
        problems.found.append(Problem(records[0][0].file, 1, "column", "latitude", what, repair))
        return True
    is_geographic = len(globe) >= len(plane)
    pair, other = (GLOBE, PLANE) if is_geographic else (PLANE, GLOBE)
    for row, _ in records:
        for name in (name for name in other if name in row.values):
            problems.add(
                row, name, f"other sites have {' and '.join(pair)}", "give all sites the same kind of place"
            )
        if not row.values.keys() & set(other):
            for name in (name for name in pair if name not in row.values):
                problems.add(row, name, "is missing", f"give every site its {' and '.join(pair)}")
    if is_geographic:
        _check_globe([record for record in globe if record[1].keys() >= set(pair)], problems)
    return is_geographic


def _check_globe(records: Sequence[Record], problems: Problems) -> None:
    """Note places at 0, 0 and those that lie with the others once swapped or with the other sign."""
    for row, values in records:
        if _is_nowhere(values):
            problems.add(
                row, "latitude", "with longitude=0 is the place of what is not known", "give the place"
            )
        elif _is_in_radians(values):
            lat, lon = (math.degrees(float(values[name])) for name in GLOBE)
            what = f"with longitude={values['longitude']:g} lies in the Gulf of Guinea, far from any land"
            problems.add(
                row, "latitude", what, f"write latitude={lat:.6g}, longitude={lon:.6g} if these are radians"
            )
    known = [(row, values) for row, values in records if not _is_nowhere(values)]
    if len(known) < LEAST_SITES:
        return
    places = _unwrapped(np.array([[float(v["latitude"]), float(v["longitude"])] for _, v in known]))
    inside = _in_the_network(places)
    box = places[inside].min(axis=0) - ROOM_DEG, places[inside].max(axis=0) + ROOM_DEG
    for (row, _), place in zip(known, places, strict=True):
        if not _within(box, place):
            _check_outlier(row, place, box, problems)


def _check_outlier(row: Row, place: F64, box: tuple[F64, F64], problems: Problems) -> None:
    lat, lon = (float(degrees) for degrees in place)
    what = f"with longitude={lon:g} lies among the other sites once the two are swapped"
    meant = (lon, lat)
    if not _within(box, meant):
        what = f"with longitude={lon:g} lies among the other sites with the other sign"
        meant = next((flip for flip in ((-lat, lon), (lat, -lon), (-lat, -lon)) if _within(box, flip)), None)
    if meant:
        problems.add(row, "latitude", what, f"write latitude={meant[0]:g}, longitude={meant[1]:g}")


def _is_nowhere(values: Values) -> bool:
    return values["latitude"] == 0 and values["longitude"] == 0


def _is_in_radians(values: Values) -> bool:
    """Tell whether a place is one of the open sea that all radians fall into."""
    return abs(float(values["latitude"])) <= math.pi / 2 and abs(float(values["longitude"])) <= math.pi


def _unwrapped(places: F64) -> F64:
    """Return places with longitudes that go on across 180 degrees."""
    first = places[0, 1]
    return np.stack([places[:, 0], first + (places[:, 1] - first + 180.0) % 360.0 - 180.0], axis=1)


def _in_the_network(places: F64) -> Bool:
    """Tell which places (N, 2) lie near the median place, by the median distance."""
    off = np.abs(places - np.median(places, axis=0)).max(axis=1)
    return off <= FAR * np.median(off) + ROOM_DEG


def _within(box: tuple[F64, F64], place: F64 | tuple[float, float]) -> bool:
    return bool(np.all(box[0] <= place) and np.all(place <= box[1]))


def _nearest(name: str, valid: Iterable[str], problems: Problems) -> str:
    """Return a hint, as long as it will be shown: among thousands of names each search takes a while."""
    if len(problems.found) >= SHOWN:
        return "check the spelling"
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.0)
    return f"write {near[0]!r} if that is meant" if near else "check the spelling"
