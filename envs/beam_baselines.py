"""Controllers of broadcast patterns that a RAN engineer would respect."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..twin.beam_pattern import REFERENCE_BEAM, peak_gain_dbi, standard_pattern
from ..twin.params import Params
from ..twin.types import F64, I64
from .beam_control import N_SSB, PLANNED, beam_cells, may_follow, pattern_names
from .beam_search import best_patterns, crowd_at, first_states, usual_users
from .window import Window

SECTOR_DEG = 120.0  # that the SSB beams sweep
TENTHS = 10.0


def towards(params: Params, window: Window, wanted: I64) -> I64:
    """Return the choices (B, A) that lead to the wanted ones: over the planned pattern where there is no direct way."""
    before, steps = window.precedent.command.beam, wanted.copy()
    for column, cell in enumerate(beam_cells(params).tolist()):
        allowed = may_follow(pattern_names(params, cell))[before[:, cell], wanted[:, column]]
        steps[:, column] = np.where(allowed, wanted[:, column], 0)
    return steps


def beam_counters(params: Params, window: Window) -> F64:
    """Return the active users of every SSB beam, (B, C, N_SSB), the rightmost first."""
    return np.stack([getattr(window.kpis, f"ssb_{k}") for k in range(N_SSB)], axis=2).astype(np.float64)


@dataclass
class AsPlanned:
    """Every cell keeps its planned pattern."""

    name: str = "as planned"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Ask for the planned patterns."""
        return np.zeros((window.kpis.n_replicas, len(beam_cells(params))), np.int64)


@dataclass
class TunedPlan:
    """One joint choice for all days: the best of a coordinate search over the selection seeds."""

    choices: tuple[int, ...]
    name: str = "tuned plan"

    @staticmethod
    def of(params: Params, seeds: I64) -> TunedPlan:
        """Search on whole days of ``seeds``, which nothing is ever judged on."""
        return TunedPlan(best_patterns(params, first_states(params, seeds), whole_day=True))

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Ask for the tuned patterns."""
        wanted = np.tile(np.array(self.choices, np.int64), (window.kpis.n_replicas, 1))
        return towards(params, window, wanted)


@dataclass
class BeamGreedy:
    """Follow the reported beam counters: the pattern whose mean gain over the counted users is largest.

    The gain towards an SSB beam is that of the pattern in its middle; it counts no less than ``floor_db`` below the
    pattern's largest, for whom a pattern misses others serve. Counters tell nothing of elevation: users are taken to
    be ``spread_deg`` above or below the pattern's tilt. A pattern gives way to one that is better by ``step_db``.
    """

    floor_db: float = 20.0
    spread_deg: float = 5.0
    step_db: float = 1.0
    name: str = "beam counters"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Compare the patterns of every cell."""
        counted, before = beam_counters(params, window), window.precedent.command.beam
        wanted = []
        for cell in beam_cells(params).tolist():
            gain = counted[:, cell] @ self._gains(params, cell).T
            gain /= np.maximum(counted[:, cell].sum(axis=1, keepdims=True), 1.0)
            now = np.take_along_axis(gain, before[:, [cell]].astype(np.int64), axis=1)[:, 0]
            wanted.append(
                np.where(gain.max(axis=1) > now + self.step_db, gain.argmax(axis=1), before[:, cell])
            )
        return towards(params, window, np.stack(wanted, axis=1).astype(np.int64))

    def _gains(self, params: Params, cell: int) -> F64:
        """Return the gain in dBi of every pattern of a cell towards the middle of every SSB beam, (n, N_SSB)."""
        middle = (np.arange(N_SSB) + 0.5) / N_SSB * SECTOR_DEG - SECTOR_DEG / 2
        beams = [
            REFERENCE_BEAM if name == PLANNED else standard_pattern(name).envelope
            for name in pattern_names(params, cell)
        ]
        return np.stack(
            [
                peak_gain_dbi(beam)
                - 12.0 * (TENTHS * self.spread_deg / beam.beam_vert_width) ** 2
                - np.minimum(
                    12.0 * ((TENTHS * middle + beam.beam_azimuth) / beam.beam_horiz_width) ** 2, self.floor_db
                )
                for beam in beams
            ]
        )


@dataclass
class TwinSearch:
    """Patterns found in the twin by coordinate search: one joint choice for no crowd and for one at each venue.

    The twin also says how many users each SSB beam serves with a crowd there and each of these choices in force. The
    crowd whose picture is nearest to the report is believed in, once ``reports`` of them agree, one or two.
    """

    n_members: int = 8
    reports: int = 2
    name: str = "search in the twin"
    _book: I64 = field(default_factory=lambda: np.zeros((0, 0), np.int64), repr=False, compare=False)
    _pictures: F64 = field(default_factory=lambda: np.zeros((0, 0, 0)), repr=False, compare=False)
    _last: I64 = field(default_factory=lambda: np.zeros(0, np.int64), repr=False, compare=False)
    _taken: I64 = field(default_factory=lambda: np.zeros(0, np.int64), repr=False, compare=False)

    def begin(self, params: Params, n: int) -> None:
        """Search, the first time on this network; forget what was reported."""
        venues = [None, *range(len(params.scenario.surge.venues))]
        if len(self._book) != len(venues):
            states = [crowd_at(params, venue, self.n_members) for venue in venues]
            book = [best_patterns(params, state) for state in states]
            self._book = np.array(book, np.int64)
            self._pictures = np.array([[usual_users(params, s, b) for s in states] for b in book])
        self._last, self._taken = np.zeros((2, n), np.int64)

    def actions(self, params: Params, window: Window) -> I64:
        """Recognise where the crowd is, and ask for the patterns found for it."""
        seen = beam_counters(params, window).reshape(window.kpis.n_replicas, -1)
        apart = np.abs(seen[:, None, :] - self._pictures[self._taken]).sum(axis=2)
        nearest = apart.argmin(axis=1)
        believed = (nearest == self._last) | (self.reports == 1)
        self._taken = np.where(believed, nearest, self._taken)
        self._last = nearest
        return towards(params, window, self._book[self._taken])
