"""Traffic steering: offsets between cells that move users where there is room, without throwing them to and fro."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from gymnasium import spaces

from ..twin.command import Command
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.sla import CONSTRAINTS
from ..twin.types import F64, I64, Bool
from .beam_control import user_mbps
from .features import Feature, FeatureList, Named, clock, level, limited_share
from .simulation import Outcome
from .window import Window

OFFSETS_DB = np.array([-6, -3, 0, 3, 6], dtype=np.int8)
LARGEST_STEP = 1  # choices that an offset moves at once


def _cells(params: Params) -> tuple[str, ...]:
    return tuple(cell.name for cell in params.cells)


def _in_force(params: Params, window: Window) -> F64:
    return window.precedent.command.offset_db.astype(np.float64)


FEATURES: FeatureList = (
    Feature("load of", "%", 0.0, 100.0, _cells, level("prb_tot_dl")),
    Feature("user throughput of", "kbit/s", 0.0, 200_000.0, _cells, level("ue_thp_dl")),
    Feature("active users of", "users", 0.0, 80.0, _cells, level("active_ue")),
    Feature("handovers to", "count", 0.0, 50.0, _cells, level("handovers")),
    Feature("ping-pongs to", "count", 0.0, 20.0, _cells, level("ping_pongs")),
    Feature("offset of", "dB", -6.0, 6.0, _cells, _in_force),
    Feature("limited share", "of limit", 0.0, 0.2, Named(("below guarantee", "uncovered", "blocked")),
            limited_share(len(CONSTRAINTS))),
    Feature("time of day", "", -1.0, 1.0, Named(("sine", "cosine")), clock()),
)  # fmt: skip


def default_weights() -> dict[str, float]:
    """Return the weights of the reward terms."""
    return {"throughput": 1.0, "balance": 1.0, "loyalty": 0.1}


@dataclass(frozen=True)
class TrafficSteering:
    """Choose an individual offset for every cell once per control period.

    Description:
        Event A3 compares cells after adding their individual offsets (TS 38.331 5.5.4.4, Ocn): a higher one draws users
        to a cell, a lower one sends them away. Crowds fill one carrier and leave another empty; offsets that change too
        often make users who drive come and go.

    Action Space:
        ``MultiDiscrete([5] * cells)``: -6, -3, 0, 3 or 6 dB on top of the planned offset. An offset moves one choice at
        a time; more leaves it where it is (``action_masks`` tells beforehand).

    Observation Space:
        ``Box(-1, 1)``; see ``features.table``.

    Rewards:
        Weighted mean of ``throughput`` (mean user throughput T as T / (T + ``half_mbps``)), ``balance`` (1 less the PRB
        load of the fullest cell) and ``loyalty`` (1 less ping-pongs per connected user, at least 0).

    Starting State:
        Midnight, offsets as planned, after one control period of measurement.

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
    scenarios: tuple[str, ...] = ("steering",)
    half_mbps: float = 25.0  # throughput that counts half

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return one choice of five offsets per cell."""
        return spaces.MultiDiscrete([len(OFFSETS_DB)] * params.n_cells)

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Ask for the chosen offsets; one too far from the present one leaves that in force."""
        now = self.encode(params, precedent.command)
        chosen = np.where(np.abs(actions - now) <= LARGEST_STEP, actions, now)
        return Command(np.zeros(now.shape, np.int8), offset_db=OFFSETS_DB[chosen])

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        return np.searchsorted(OFFSETS_DB, command.offset_db).astype(np.int64)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which offsets are near enough to those in force."""
        now = self.encode(params, precedent.command)[:, :, None]
        near = np.abs(np.arange(len(OFFSETS_DB)) - now) <= LARGEST_STEP
        return near.reshape(len(near), -1)

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return ``throughput``, ``balance`` and ``loyalty``, each (B,)."""
        truth = outcome.truth
        returns, users = (each.sum(axis=1, dtype=np.float64) for each in (truth.ping_pongs, truth.conn_mean))
        bounced = returns / np.maximum(users, 1e-9)
        served = self.quality(user_mbps(truth), truth.prb_tot_dl.max(axis=1).astype(np.float64) / 100.0)
        return served | {"loyalty": np.clip(1.0 - bounced, 0.0, 1.0)}

    def quality(self, mbps: F64, fullest: F64) -> dict[str, F64]:
        """Return the terms of what users get, from arrays of one shape: Mbit/s, load of the fullest cell in 0..1."""
        return {"throughput": mbps / (mbps + self.half_mbps), "balance": np.clip(1.0 - fullest, 0.0, 1.0)}
