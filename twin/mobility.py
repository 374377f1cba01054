"""How users move: speed classes, random waypoint, Gauss-Markov, and routes.

Positions come from the past of one user alone and numbers named by (key, step, entity): the same in any batch. The
map is a rectangle from (0, 0); distances in m, times in s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import fraction, positive, within
from .draws import exp, gaussian, uniform
from .types import F64, I64, U64

SPEED_KMH = {"pedestrian": 3.0, "vehicular": 30.0, "high_speed": 120.0}  # TR 36.839 clause 5.2, TR 38.913
KMH_TO_MPS = 1.0 / 3.6
_TO_X, _TO_Y, _FIRST_X, _FIRST_Y, _SPEED, _TURN_X, _TURN_Y = range(70, 77)  # purposes of the random streams


@dataclass(frozen=True)
class RandomWaypoint:
    """Straight legs at constant speed between points uniform on the map, with a pause at each.

    Speeds are uniform in a range that excludes 0, or users would in time all stand still (Yoon, Liu and Noble,
    INFOCOM 2003).
    """

    width_m: float
    height_m: float
    speed_kmh: tuple[float, float] = (3.0, 3.0)
    pause_s: float = 0.0

    def __post_init__(self) -> None:
        positive("RandomWaypoint.width_m", self.width_m)
        positive("RandomWaypoint.height_m", self.height_m)
        within("RandomWaypoint.pause_s", self.pause_s, 0.0)
        slowest, fastest = self.speed_kmh
        if not (0.0 < slowest <= fastest < math.inf):
            raise ValueError(
                f"RandomWaypoint.speed_kmh = {self.speed_kmh}: give 0 < slowest <= fastest, such as (3, 30)"
            )

    def positions(self, key: U64, entity: I64, time_s: ArrayLike) -> tuple[F64, F64]:
        """Return x and y at ascending times, each (T, N) for keys that broadcast with (N,) entities.

        Raises ValueError on times that are negative or not ascending.
        """
        times = np.atleast_1d(within("time_s", time_s, 0.0))
        if np.any(np.diff(times) < 0.0):
            raise ValueError("time_s is not ascending: sort the times")
        shape = np.broadcast_shapes(np.shape(key), np.shape(entity))
        x, y = np.empty((len(times), *shape)), np.empty((len(times), *shape))
        leg, begin = np.zeros(shape, np.int64), np.zeros(shape)
        for row, time in enumerate(times):
            length = self._leg_s(key, entity, leg)
            while np.any(ended := begin + length <= time):
                begin = np.where(ended, begin + length, begin)
                leg = leg + ended
                length = self._leg_s(key, entity, leg)
            walk = length - self.pause_s
            done = np.clip(np.divide(time - begin, walk, out=np.ones(shape), where=walk > 0.0), 0.0, 1.0)
            (from_x, from_y), (to_x, to_y) = self._point(key, entity, leg), self._point(key, entity, leg + 1)
            x[row], y[row] = from_x + done * (to_x - from_x), from_y + done * (to_y - from_y)
        return x, y

    def _point(self, key: U64, entity: I64, leg: I64) -> tuple[F64, F64]:
        return (
            self.width_m * uniform(key, leg, entity, _TO_X),
            self.height_m * uniform(key, leg, entity, _TO_Y),
        )

    def _leg_s(self, key: U64, entity: I64, leg: I64) -> F64:
        (from_x, from_y), (to_x, to_y) = self._point(key, entity, leg), self._point(key, entity, leg + 1)
        slowest, fastest = self.speed_kmh
        speed = KMH_TO_MPS * (slowest + (fastest - slowest) * uniform(key, leg, entity, _SPEED))
        walked = np.sqrt((to_x - from_x) ** 2 + (to_y - from_y) ** 2)
        return walked / speed + self.pause_s


@dataclass(frozen=True)
class GaussMarkov:
    """Velocity that remembers: each component is v' = a v + s sqrt(1 - a^2) w (Liang and Haas, INFOCOM 1999).

    Without a drift; a = exp(-step / memory), s the mean speed times sqrt(2 / pi), so that the speed, a Rayleigh
    number, has the stated mean. Users are mirrored at the edges of the map.
    """

    width_m: float
    height_m: float
    mean_speed_kmh: float = 3.0
    memory_s: float = 30.0

    def __post_init__(self) -> None:
        for name in ("width_m", "height_m", "mean_speed_kmh", "memory_s"):
            positive(f"GaussMarkov.{name}", getattr(self, name))

    @property
    def sigma_mps(self) -> float:
        """Return the standard deviation of each velocity component in m/s."""
        return KMH_TO_MPS * self.mean_speed_kmh * math.sqrt(2.0 / math.pi)

    def begin(self, key: U64, entity: I64) -> F64:
        """Return x, y, vx, vy of users in the steady state, (4, ...)."""
        zero = np.zeros(1, np.int64)
        return np.stack(
            [
                self.width_m * uniform(key, zero, entity, _FIRST_X),
                self.height_m * uniform(key, zero, entity, _FIRST_Y),
                self.sigma_mps * gaussian(key, zero, entity, _TURN_X),
                self.sigma_mps * gaussian(key, zero, entity, _TURN_Y),
            ]
        )

    def move(self, moving: F64, key: U64, step: I64, entity: I64, step_s: float) -> F64:
        """Return x, y, vx, vy one step later; `step` counts from 1, (4, ...)."""
        memory = float(exp(np.asarray(-float(positive("step_s", step_s)) / self.memory_s)))
        jolt = self.sigma_mps * math.sqrt(1.0 - memory * memory)
        vx = memory * moving[2] + jolt * gaussian(key, step, entity, _TURN_X)
        vy = memory * moving[3] + jolt * gaussian(key, step, entity, _TURN_Y)
        x, vx = _mirror(moving[0] + step_s * vx, vx, self.width_m)
        y, vy = _mirror(moving[1] + step_s * vy, vy, self.height_m)
        return np.stack([x, y, vx, vy])


def _mirror(place: F64, velocity: F64, length: float) -> tuple[F64, F64]:
    around = np.mod(place, 2.0 * length)
    beyond = around > length
    return np.where(beyond, 2.0 * length - around, around), np.where(beyond, -velocity, velocity)


def along_route(route_m: ArrayLike, distance_m: ArrayLike, loop: bool = False) -> tuple[F64, F64]:
    """Return x and y after a distance along a polyline, such as a road or a railway.

    Args:
        route_m: (P, 2) corners, at least two, no two neighbours alike.
        distance_m: any shape, 0 or more; beyond the end users stay there, or with `loop` begin again.
        loop: whether the last corner leads back to the first.

    Raises:
        ValueError: on a route of another shape or with a leg of no length.
    """
    corners = np.asarray(route_m, dtype=np.float64)
    if not (corners.ndim == 2 and corners.shape[1:] == (2,) and len(corners) >= 2):
        raise ValueError(f"route_m has shape {corners.shape}: give at least two corners as (x, y), (P, 2)")
    if loop:
        corners = np.concatenate([corners, corners[:1]])
    legs = np.sqrt((np.diff(corners, axis=0) ** 2).sum(axis=1))
    if not np.all(legs > 0.0):
        raise ValueError(
            f"route_m has a leg of no length after corner {int(np.argmin(legs))}: remove a corner"
        )
    mileage = np.concatenate([[0.0], np.cumsum(legs)])
    distance = within("distance_m", distance_m, 0.0)
    if loop:
        distance = np.mod(distance, mileage[-1])
    return np.interp(distance, mileage, corners[:, 0]), np.interp(distance, mileage, corners[:, 1])


def speeds_kmh(key: U64, entity: I64, shares: tuple[float, float, float]) -> F64:
    """Return a speed class in km/h for each user: pedestrian, vehicular and high speed in the given shares.

    Raises ValueError unless the shares are fractions that add up to 1.
    """
    parts = fraction("shares", shares)
    if not math.isclose(float(parts.sum()), 1.0, abs_tol=1e-9):
        raise ValueError(f"shares = {shares} add up to {float(parts.sum()):g}: make them 1")
    chance = uniform(key, np.zeros(1, np.int64), entity, _SPEED)
    number = np.searchsorted(np.cumsum(parts)[:-1], chance, side="right")
    return np.array(list(SPEED_KMH.values()))[number]
