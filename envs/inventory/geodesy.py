"""Latitude and longitude in local metres: an equirectangular projection on the WGS 84 ellipsoid.

East = N cos(lat0) dlon and north = M dlat with the radii of curvature N and M at the origin (NGA.STND.0036, WGS 84).
Both neglect that meridians converge and parallels bend: at a distance d the error is about d^2 tan(lat0) / R. Against
the exact tangent plane it stays below 1 m within 2.5 km up to 45 degrees of latitude, and below 30 m within 10 km
up to 60 degrees.
"""

from __future__ import annotations

import math

import numpy as np

from ...twin.types import F64

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_SQUARED = 6.694379990141e-3


def to_local(lat_deg: F64, lon_deg: F64, lat0_deg: float, lon0_deg: float) -> tuple[F64, F64]:
    """Return metres east and north of an origin; any shape, longitudes across 180 degrees included."""
    sine = math.sin(math.radians(lat0_deg))
    flattening = 1.0 - ECCENTRICITY_SQUARED * sine * sine
    prime_vertical_m = SEMI_MAJOR_M / math.sqrt(flattening)
    meridian_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / flattening
    dlon_deg = (np.asarray(lon_deg) - lon0_deg + 180.0) % 360.0 - 180.0
    dlat_deg = np.asarray(lat_deg) - lat0_deg
    east_m = prime_vertical_m * math.cos(math.radians(lat0_deg)) * np.radians(dlon_deg)
    return east_m, meridian_m * np.radians(dlat_deg)


def middle(lat_deg: F64, lon_deg: F64) -> tuple[float, float]:
    """Return the middle of the box around some places, (latitude, longitude) in degrees."""
    dlon = (lon_deg - lon_deg[0] + 180.0) % 360.0 - 180.0
    lon = float(lon_deg[0]) + (float(dlon.min()) + float(dlon.max())) / 2
    return (float(lat_deg.min()) + float(lat_deg.max())) / 2, (lon + 180.0) % 360.0 - 180.0
