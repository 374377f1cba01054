"""Distances between many places, and the cut of a large network into small ones."""

from __future__ import annotations

import math

import numpy as np

from ...twin.types import F64, I64

REACH_M = 1_000.0  # farther neighbours are not looked for
CHUNK = 256


def nearest_m(places_m: F64, apart_m: float) -> F64:
    """Return each place's distance to the nearest other one in metres, (N,); infinite beyond ``REACH_M``.

    Args:
        places_m: (N, 2), east and north.
        apart_m: places nearer than this are the same place and do not count.
    """
    order = np.argsort(places_m[:, 1], kind="stable")
    sorted_m = places_m[order]
    nearest = np.full(len(places_m), np.inf)
    for start in range(0, len(order), CHUNK):
        some = sorted_m[start : start + CHUNK]
        first, last = np.searchsorted(sorted_m[:, 1], [some[0, 1] - REACH_M, some[-1, 1] + REACH_M])
        others = sorted_m[first:last]
        distance = np.hypot(*(some[:, None, axis] - others[:, axis] for axis in (0, 1)))
        distance[distance < apart_m] = np.inf
        nearest[order[start : start + CHUNK]] = distance.min(axis=1)
    return np.where(nearest <= REACH_M, nearest, np.inf)


def cut(places_m: F64, weights: I64, most: int, widest_m: float) -> list[I64]:
    """Cut places into groups of near ones, box by box: the same places give the same groups.

    A box with too much weight is cut in two across its longer side, each side as heavy as its share of groups; one
    that is too wide is cut at its widest gap. A place heavier than ``most`` is a group of its own.

    Args:
        places_m: (N, 2), east and north.
        weights: (N,), such as cells per site.
        most: weight that a group may have.
        widest_m: length that the longer side of a group's box may have.

    Returns:
        Ascending indices of each group; groups in the order of the boxes.
    """
    todo, groups = [np.arange(len(places_m), dtype=np.int64)], list[I64]()
    while todo:
        group = todo.pop()
        extent_m = np.ptp(places_m[group], axis=0)
        is_wide = extent_m.max() > widest_m
        if len(group) == 1 or (weights[group].sum() <= most and not is_wide):
            groups.append(np.sort(group))
            continue
        longer = int(np.argmax(extent_m))
        along, across = places_m[group, longer], places_m[group, 1 - longer]
        ordered = np.lexsort((across, along))
        gap = int(np.argmax(np.diff(along[ordered]))) + 1
        at = gap if is_wide and weights[group].sum() <= most else _fair(weights[group[ordered]], most)
        todo += [group[ordered[at:]], group[ordered[:at]]]
    return groups


def _fair(weights: I64, most: int) -> int:
    """Return how many of the first places to part from the rest, so that both sides fill whole groups alike."""
    total = np.cumsum(weights)
    parts = max(2, math.ceil(total[-1] / most))
    at = int(np.argmin(np.abs(parts * total - parts // 2 * total[-1]))) + 1
    return min(at, len(weights) - 1)
