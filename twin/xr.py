"""Extended reality traffic of TR 38.838: video frames of changing size that arrive with jitter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .checks import positive, row_of, within
from .draws import truncated_gaussian, uniform
from .types import F64, I64, U64

_SIZE, _JITTER, _PHASE = 60, 61, 62  # purposes of the random streams


@dataclass(frozen=True)
class XrVideo:
    """One video stream (clause 5.1.1); ValueError on a value that is not positive or a bound that is too narrow."""

    mean_mbps: float
    pdb_ms: float  # delay budget of a frame on the air interface
    fps: float = 60.0
    size_std_frac: float = 0.105  # of the mean frame
    size_bound_frac: float = 0.5  # frames between 50 and 150 % of the mean
    jitter_std_ms: float = 2.0
    jitter_bound_ms: float = 4.0

    def __post_init__(self) -> None:
        for name in ("mean_mbps", "pdb_ms", "fps", "size_std_frac", "size_bound_frac", "jitter_std_ms"):
            positive(f"XrVideo.{name}", getattr(self, name))
        within("XrVideo.size_bound_frac", self.size_bound_frac, 0.0, 1.0)
        within("XrVideo.jitter_bound_ms", self.jitter_bound_ms, 0.5 * self.jitter_std_ms, 500.0 / self.fps)

    @property
    def mean_frame_bytes(self) -> float:
        """Return the mean size of a frame, 62,500 bytes at 30 Mbit/s and 60 frames/s."""
        return 1e6 * self.mean_mbps / (8.0 * self.fps)

    def frame_bytes(self, key: U64, frame: I64, entity: I64) -> F64:
        """Return the size of frames: truncated Gaussian, the bounds not reached once in a million."""
        deviation = truncated_gaussian(self.size_bound_frac / self.size_std_frac, key, frame, entity, _SIZE)
        return self.mean_frame_bytes * (1.0 + self.size_std_frac * deviation)

    def arrival_s(self, key: U64, frame: I64, entity: I64) -> F64:
        """Return when frames arrive: phase + n / fps + truncated Gaussian jitter, in order."""
        phase = uniform(key, np.zeros(1, np.int64), entity, _PHASE)
        bound = self.jitter_bound_ms / self.jitter_std_ms
        jitter_ms = self.jitter_std_ms * truncated_gaussian(bound, key, frame, entity, _JITTER)
        return (np.asarray(frame) + phase) / self.fps + 1e-3 * jitter_ms

    def arrivals(self, key: U64, step: I64, entity: I64, step_s: float) -> I64:
        """Return the frames of each user that arrive in a step.

        Jitter moves a frame by less than half a gap, so only the frames at both ends of the step are in doubt.
        """
        length = float(positive("step_s", step_s))
        begin = np.asarray(step, np.float64) * length
        return self._before(key, entity, begin + length) - self._before(key, entity, begin)

    def _before(self, key: U64, entity: I64, time_s: F64) -> I64:
        near = np.floor(np.asarray(time_s) * self.fps).astype(np.int64)
        counted = near - 1  # frames up to this number arrived long before
        for frame in (near - 1, near, near + 1):
            arrived = (frame >= 0) & (self.arrival_s(key, np.maximum(frame, 0), entity) < time_s)
            counted = counted + arrived
        return np.maximum(counted, 0)


XR_VIDEO = {
    "VR-30": XrVideo(30.0, 10.0),
    "VR-45": XrVideo(45.0, 10.0),
    "AR-30": XrVideo(30.0, 10.0),
    "AR-45": XrVideo(45.0, 10.0),
    "CG-8": XrVideo(8.0, 15.0),
    "CG-30": XrVideo(30.0, 15.0),
}
"""Virtual and augmented reality and cloud gaming; TR 38.838 tables 5.1.1-1 to 5.1.1.3-1."""

POSE_BYTES, POSE_GAP_S = 100.0, 4e-3  # uplink pose and control of VR and CG
SATISFIED_SHARE = 0.99  # of the packets within the budget make a satisfied user


def xr_video(name: str) -> XrVideo:
    """Return a stream of the study; ValueError naming the nearest one on an unknown name."""
    return row_of("XR stream", name, XR_VIDEO)


def satisfied(late_share: F64, share: float = SATISFIED_SHARE) -> np.ndarray:
    """Return which users are satisfied: at least `share` of their packets in time; NaN is not."""
    limit = 1.0 - float(within("share", share, 0.0, 1.0))
    late = np.asarray(late_share)
    return late <= limit + math.ulp(1.0)
