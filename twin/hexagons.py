"""The hexagonal network of 3GPP calibrations: 19 sites of 3 sectors, wrapped around, and places in it."""

from __future__ import annotations

import numpy as np

from .types import F64

SECTOR_AZIMUTHS_DEG = np.array([30.0, 150.0, 270.0])


def stratified(n: int, rng: np.random.Generator) -> F64:
    """Return uniform numbers, one in each n-th part of [0, 1), in random order: shares come out exact."""
    return (rng.permutation(n) + rng.random(n)) / n


def uniform_positions_m(isd_m: float, min_distance_m: float, n: int, rng: np.random.Generator) -> F64:
    """Return uniform positions (n, 2) in one rhombus of the site lattice; by symmetry it stands for all.

    No position is nearer to a site than `min_distance_m`.
    """
    points = np.empty((0, 2))
    while len(points) < n:
        candidates = np.stack((stratified(n, rng), stratified(n, rng)), axis=1) @ _lattice_basis_m(isd_m)
        nearest_m = np.linalg.norm(offsets_m(isd_m, candidates), axis=2).min(axis=1)
        points = np.concatenate((points, candidates[nearest_m >= min_distance_m]))
    return points[:n]


def offsets_m(isd_m: float, position_m: F64) -> F64:
    """Return the vector from the nearest copy of every site to every position (n, 2), shape (n, 19, 2)."""
    images = _sites_m(isd_m)[None, :, :] + _copies_m(isd_m)[:, None, :]
    offsets = position_m[:, None, None, :] - images[None]
    nearest = np.square(offsets).sum(axis=3).argmin(axis=1)
    return np.take_along_axis(offsets, nearest[:, None, :, None], axis=1)[:, 0]


def _lattice_basis_m(isd_m: float) -> F64:
    """Two neighbours of the site at the origin, at 30 and 90 degrees: sectors look at sites."""
    return isd_m * np.array([[np.sqrt(0.75), 0.5], [0.0, 1.0]])


def _sites_m(isd_m: float) -> F64:
    """The 19 sites within two rings of the origin, shape (19, 2)."""
    steps = np.array(
        [(i, j) for i in range(-2, 3) for j in range(-2, 3) if abs(i + j) <= 2], dtype=np.float64
    )
    return steps @ _lattice_basis_m(isd_m)


def _copies_m(isd_m: float) -> F64:
    """Displacements of the seven wrap-around copies of the 19-site cluster, shape (7, 2)."""
    steps = np.array([(0, 0), (3, 2), (-2, 5), (-5, 3), (-3, -2), (2, -5), (5, -3)], dtype=np.float64)
    return steps @ _lattice_basis_m(isd_m)
