"""Packet traffic of the 3GPP studies: mean rate, packet sizes, and arrivals in a step.

Arrivals are functions of (key, step, entity), never of a generator, so any step of any user can be asked for by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .checks import fraction, positive
from .draws import exponential, poisson, uniform
from .seeding import bits
from .types import F64, I64, U64, Bool

_FTP, _PHASE, _TALKING, _SPELL, _DEVICE = range(50, 55)  # purposes of the random streams


@dataclass(frozen=True)
class Ftp3:
    """FTP model 3: Poisson packets of equal size at each user (TR 36.814 A.2.1.3.1, TR 38.864 annex A).

    The defaults are FTP3 of TR 38.864; instant messages are 100,000 bytes every 2 s.
    """

    packet_bytes: float = 500_000.0
    mean_gap_s: float = 0.2

    def __post_init__(self) -> None:
        positive("Ftp3.packet_bytes", self.packet_bytes)
        positive("Ftp3.mean_gap_s", self.mean_gap_s)

    @property
    def mean_mbps(self) -> float:
        """Return the mean rate of one user."""
        return 8e-6 * self.packet_bytes / self.mean_gap_s

    def arrivals(self, key: U64, step: I64, entity: I64, step_s: float) -> I64:
        """Return the packets of each user in a step; mean and variance step_s / mean_gap_s."""
        mean = np.asarray(float(positive("step_s", step_s)) / self.mean_gap_s)
        return poisson(mean, key, step, entity, _FTP)


INSTANT_MESSAGES = Ftp3(100_000.0, 2.0)


@dataclass(frozen=True)
class Periodic:
    """Equal packets at equal gaps, each user with a phase of its own; the default is URLLC, 32 bytes every 1 ms.

    TR 38.824 annex A.2.1 for factory automation and power distribution.
    """

    packet_bytes: float = 32.0
    gap_s: float = 1e-3

    def __post_init__(self) -> None:
        positive("Periodic.packet_bytes", self.packet_bytes)
        positive("Periodic.gap_s", self.gap_s)

    @property
    def mean_mbps(self) -> float:
        """Return the mean rate of one user."""
        return 8e-6 * self.packet_bytes / self.gap_s

    def arrivals(self, key: U64, step: I64, entity: I64, step_s: float) -> I64:
        """Return the packets of each user in a step: step_s / gap_s, rounded up or down by the phase."""
        phase = uniform(key, np.zeros(1, np.int64), entity, _PHASE)
        before = np.asarray(step, np.float64) * float(positive("step_s", step_s))
        return _ticks(before, before + step_s, self.gap_s, phase)


URLLC = Periodic()


@dataclass(frozen=True)
class Voip:
    """Voice over IP: talk spurts and silence with descriptors (TR 36.814 A.2.1.4, as 5G-LENA has it).

    Spurts and silences are exponential. Steps are independent of each other: right on steps much longer than a
    spurt; in shorter ones the mean is right and neighbours are less alike than in speech.
    """

    packet_bytes: float = 40.0
    frame_s: float = 0.020
    mean_spurt_s: float = 2.0
    activity: float = 0.5  # share of the time that a user talks
    silence_bytes: float = 15.0
    silence_gap_s: float = 0.160

    def __post_init__(self) -> None:
        for name in ("packet_bytes", "frame_s", "mean_spurt_s", "silence_bytes", "silence_gap_s"):
            positive(f"Voip.{name}", getattr(self, name))
        fraction("Voip.activity", self.activity)
        if self.activity in (0.0, 1.0):
            raise ValueError(f"Voip.activity = {self.activity} has no spurts: give a share between 0 and 1")

    @property
    def mean_mbps(self) -> float:
        """Return the mean rate of one user, 8.4 kbit/s by default."""
        talk = self.activity * self.packet_bytes / self.frame_s
        return 8e-6 * (talk + (1.0 - self.activity) * self.silence_bytes / self.silence_gap_s)

    @property
    def mean_silence_s(self) -> float:
        """Return the mean time between spurts."""
        return self.mean_spurt_s * (1.0 - self.activity) / self.activity

    def arrivals(self, key: U64, step: I64, entity: I64, step_s: float) -> tuple[I64, I64]:
        """Return the voice packets and the silence descriptors of each user in a step."""
        length = float(positive("step_s", step_s))
        talking = uniform(key, step, entity, _TALKING) < self.activity
        phase = uniform(key, step, entity, _PHASE)
        # each step of each user has a stream of its own for its spells
        spells = bits(np.asarray(key), np.asarray(step), np.asarray(entity), _SPELL)
        voice, silent = np.zeros(talking.shape, np.int64), np.zeros(talking.shape, np.int64)
        begin, spell = np.zeros(talking.shape), 0
        while np.any(begin < length):
            end = np.minimum(begin + self._spell_s(talking, spells, spell), length)
            voice += np.where(talking, _ticks(begin, end, self.frame_s, phase), 0)
            silent += np.where(talking, 0, _ticks(begin, end, self.silence_gap_s, phase))
            begin, talking, spell = end, ~talking, spell + 1
        return voice, silent

    def _spell_s(self, talking: Bool, key: U64, spell: int) -> F64:
        mean = np.where(talking, self.mean_spurt_s, self.mean_silence_s)
        return mean * exponential(key, np.asarray(spell), np.asarray(0), _SPELL)

    def mbit(self, voice: I64, silent: I64) -> F64:
        """Return the volume of counted packets."""
        return 8e-6 * (self.packet_bytes * voice + self.silence_bytes * silent)


@dataclass(frozen=True)
class MmtcBurst:
    """Devices that all report once after a common cause: Beta(3, 4) over 10 s (TR 37.868 clause 6.1.1, model 2).

    The size of a report is an assumption.
    """

    duration_s: float = 10.0
    packet_bytes: float = 32.0

    def __post_init__(self) -> None:
        positive("MmtcBurst.duration_s", self.duration_s)
        positive("MmtcBurst.packet_bytes", self.packet_bytes)

    @property
    def mean_mbps(self) -> float:
        """Return the mean rate of one device over the burst."""
        return 8e-6 * self.packet_bytes / self.duration_s

    def report_s(self, key: U64, burst: I64, device: I64) -> F64:
        """Return when each device reports, s after the cause: the third smallest of six uniform numbers."""
        chances = [uniform(key, burst, np.asarray(device) * 6 + draw, _DEVICE) for draw in range(6)]
        return self.duration_s * np.sort(np.stack(chances), axis=0)[2]

    def share_reported(self, since_s: F64 | float) -> F64:
        """Return the expected share of devices that reported by a time: the Beta(3, 4) distribution."""
        x = np.clip(np.asarray(since_s, np.float64) / self.duration_s, 0.0, 1.0)
        parts = [math.comb(6, count) * x**count * (1.0 - x) ** (6 - count) for count in range(3, 7)]
        return np.asarray(sum(parts))

    def arrivals(self, key: U64, burst: I64, device: I64, since_s: float, step_s: float) -> Bool:
        """Return which devices report in the step that begins `since_s` after the cause."""
        reports = self.report_s(key, burst, device)
        return (reports >= since_s) & (reports < since_s + float(positive("step_s", step_s)))


def _ticks(begin: F64, end: F64, gap_s: float, phase: F64) -> I64:
    """Return how many multiples of the gap, shifted by the phase, lie in [begin, end)."""
    return (np.ceil(end / gap_s - phase) - np.ceil(begin / gap_s - phase)).astype(np.int64)
