"""Beam control with continuous actions: a direction per massive-MIMO cell in place of a number of its codebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from gymnasium import spaces

from ..twin.beam_pattern import TENTHS, standard_pattern
from ..twin.command import Command
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.types import F32, F64, Bool
from .beam_control import (
    FEATURES,
    PLANNED,
    BeamControl,
    beam_cells,
    default_weights,
    may_follow,
    pattern_names,
)
from .features import FeatureList
from .simulation import Outcome


@cache
def directions(names: tuple[str, ...]) -> F64:
    """Return where patterns point, (n, 2): digital tilt and azimuth in degrees; the planned one points at (0, 0)."""
    book = [None if name == PLANNED else standard_pattern(name) for name in names]
    tenths = [(0, 0) if one is None else (one.digital_tilt, one.digital_azimuth) for one in book]
    return np.array(tenths, np.float64) / TENTHS


@cache
def offered(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return which of tilt (0) and azimuth (1) a codebook leaves open: those in which its patterns differ.

    Raises:
        ValueError: if there is none.
    """
    spread = np.ptp(directions(names), axis=0)
    if not spread.any():
        raise ValueError(
            f"no choice of tilt or azimuth among the patterns {', '.join(names)}; give the carrier some, such as "
            "patterns: [macro down 1, macro down 2]"
        )
    return tuple(np.flatnonzero(spread).tolist())


@dataclass(frozen=True)
class ContinuousBeams:
    """``BeamControl`` with a ``Box`` of directions: ``gym.make("ranrein/BeamControl-v0", continuous=True)``.

    Description:
        As ``BeamControl``, of whose codebook every action is rounded to the nearest direction. So the steps are those
        of the carriers' ``patterns``: TS 28.541 counts ``digitalTilt`` and ``digitalAzimuth`` in 0.1 degree, and
        ``macro down 2.5`` is such a pattern. `arena_tilt` has whole degrees.

    Action Space:
        ``Box(-1, 1)`` of float32, one element per cell with patterns and angle that these leave open, tilt before
        azimuth: -1 is the least angle offered (up, left), 1 the largest (down, right). A cell takes the nearest in
        degrees of the patterns that may follow the present one, the first of the codebook where several are as near.

    Observation Space:
        That of ``BeamControl``, which says what was obeyed.

    Rewards:
        Those of ``BeamControl``, whose bound is valid here too.

    Starting State:
        That of ``BeamControl``: midnight, every pattern as planned, after one control period of measurement.

    Episode End:
        Truncated after ``episode_s``; never terminated.

    Arguments:
        ``weights``: weight per reward term.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.1
    features: FeatureList = FEATURES
    scenarios: tuple[str, ...] = ("arena_tilt",)

    def action_space(self, params: Params) -> spaces.Box:
        """Return a number in [-1, 1] for every open angle of every cell with patterns."""
        size = sum(len(offered(names)) for names in _books(params).values())
        return spaces.Box(-1.0, 1.0, (size,), np.float32)

    def decode(self, params: Params, actions: F64, precedent: Precedent) -> Command:
        """Ask for the nearest patterns that may follow those in force."""
        before, column = precedent.command, 0
        beam = before.beam.copy()
        for cell, names in _books(params).items():
            angles = offered(names)
            wanted = _in_degrees(names, actions[:, column : column + len(angles)])
            apart = np.abs(directions(names)[:, angles] - wanted[:, None, :]).sum(axis=2)
            apart[~may_follow(names)[before.beam[:, cell]]] = np.inf
            beam[:, cell] = apart.argmin(axis=1)
            column += len(angles)
        return Command(np.zeros_like(before.carrier_state), beam)

    def encode(self, params: Params, command: Command) -> F32:
        """Return the directions of the patterns of ``command``, (B, A)."""
        columns = []
        for cell, names in _books(params).items():
            low, high = _range(names)
            here = directions(names)[command.beam[:, cell]][:, offered(names)]
            columns.append(2.0 * (here - low) / (high - low) - 1.0)
        return np.concatenate(columns, axis=1).astype(np.float32)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return nothing, (B, 0): every number of the box is taken."""
        return np.ones((precedent.command.beam.shape[0], 0), np.bool_)

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return the terms of ``BeamControl``, each (B,)."""
        return BeamControl().reward_terms(params, outcome)


def _books(params: Params) -> dict[int, tuple[str, ...]]:
    return {cell: pattern_names(params, cell) for cell in beam_cells(params).tolist()}


def _range(names: tuple[str, ...]) -> tuple[F64, F64]:
    """Return the least and the largest of the open angles in degrees, (n,) each."""
    open_angles = directions(names)[:, offered(names)]
    return open_angles.min(axis=0), open_angles.max(axis=0)


def _in_degrees(names: tuple[str, ...], actions: F64) -> F64:
    low, high = _range(names)
    return low + (actions + 1.0) / 2.0 * (high - low)
