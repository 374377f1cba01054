"""RAN energy saving: which capacity carriers sleep, how deep, and when they must be awake again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from gymnasium import spaces

from ..twin.carrier import N_CARRIER_STATES, CarrierState
from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.rules import Precedent, Rules, allowed_states
from ..twin.sla import costs, is_unsafe, margins, shares
from ..twin.types import F64, I64, Bool
from .features import Feature, FeatureList
from .window import Window


def _cells(params: Params) -> tuple[str, ...]:
    return tuple(cell.name for cell in params.cells)


def _capacity_names(params: Params) -> tuple[str, ...]:
    return tuple(params.cells[c].name for c in params.capacity_cells)


def _one_hot(params: Params, window: Window) -> F64:
    states = window.precedent.command.carrier_state[:, params.capacity_cells]
    return (states[:, :, None] == np.arange(N_CARRIER_STATES)).reshape(len(states), -1).astype(np.float64)


def _clock(params: Params, window: Window) -> F64:
    angle = 2.0 * np.pi * window.kpis.hour / 24.0
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


FEATURES: FeatureList = (
    Feature("load of", "%", 0.0, 100.0, _cells, lambda p, w: w.kpis.prb_tot_dl.astype(np.float64)),
    Feature("load change of", "%", -30.0, 30.0, _cells, lambda p, w: (w.kpis.prb_tot_dl - w.before.prb_tot_dl)
            .astype(np.float64)),
    Feature("user throughput of", "kbit/s", 0.0, 50_000.0, _cells, lambda p, w: w.kpis.ue_thp_dl.astype(np.float64)),
    Feature("traffic of", "kbit", 0.0, 3e7, _cells, lambda p, w: w.kpis.volume_dl.astype(np.float64)),
    Feature("dwell of", "periods", 0.0, 12.0, _capacity_names,
            lambda p, w: w.precedent.dwell[:, p.capacity_cells].astype(np.float64)),
    Feature("state of", "one-hot", 0.0, 1.0, lambda p: tuple(f"{n}={s.name}" for n in _capacity_names(p)
            for s in CarrierState), _one_hot),
    Feature("waking", "bool", 0.0, 1.0, _capacity_names,
            lambda p, w: w.kpis.waking[:, p.capacity_cells].astype(np.float64)),
    Feature("share", "of limit", 0.0, 0.1, lambda p: ("below guarantee", "uncovered", "blocked"),
            lambda p, w: shares(w.kpis)),
    Feature("time of day", "", -1.0, 1.0, lambda p: ("sine", "cosine"), _clock),
)  # fmt: skip


def default_weights() -> dict[str, float]:
    """Return the weights of the reward terms."""
    return {"energy": 1.0, "service": 2.0, "calm": 0.05}


@dataclass(frozen=True)
class EnergySaving:
    """Choose a state for every capacity carrier once per control period.

    Description:
        A coverage layer carries everybody when it must; a capacity layer carries most of the traffic and draws most
        of the energy. Capacity carriers may be active, half muted, or in micro, light or deep sleep (TR 38.864); a deep
        sleeper needs longer than one control period to serve again, and crowds come unannounced.

    Action Space:
        ``MultiDiscrete([5] * capacity carriers)``: the ``CarrierState`` of each. What the static rules forbid is
        replaced by the state the carrier has (``action_masks`` tells beforehand).

    Observation Space:
        ``Box(-1, 1)``; see ``features.table``.

    Rewards:
        Weighted mean of ``energy`` (1 when all capacity sleeps deep and nothing is sent, 0 at full power), ``service``
        (1 when every SLA constraint holds, below 0.5 when one is broken) and ``calm`` (1 when nothing changes).

    Starting State:
        Midnight, everything awake, after one control period of measurement.

    Episode End:
        Truncated after ``episode_s``; never terminated.

    Arguments:
        ``weights``: weight per reward term.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.001
    features: FeatureList = FEATURES

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return one choice of five states per capacity carrier."""
        return spaces.MultiDiscrete([N_CARRIER_STATES] * len(params.capacity_cells))

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Ask for the chosen states; coverage carriers stay active."""
        states = np.zeros(precedent.command.carrier_state.shape, np.int8)
        states[:, params.capacity_cells] = actions
        return Command(states)

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        return command.carrier_state[:, params.capacity_cells].astype(np.int64)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which states each capacity carrier may take."""
        allowed = allowed_states(Rules.of(params), precedent)[:, params.capacity_cells]
        return allowed.reshape(len(allowed), -1)

    def reward_terms(self, params: Params, truth: Kpis, before: Command, after: Command) -> dict[str, F64]:
        """Return ``energy``, ``service`` and ``calm``, each (B,)."""
        margin = margins(truth, params.scenario.sla)
        worst = costs(margin, params.scenario.sla).max(axis=1)
        changed = (before.carrier_state != after.carrier_state).sum(axis=1) / len(params.capacity_cells)
        return {
            "energy": energy_term(params, truth.total_power_w),
            "service": np.where(is_unsafe(margin), 0.5 * (1.0 - worst), 1.0),
            "calm": 1.0 - changed,
        }


def least_power_w(params: Params) -> float:
    """Return the power with all capacity in deep sleep and no traffic at all, W."""
    arrays, capacity = params.arrays, params.is_capacity
    asleep = arrays.idle_w[capacity, CarrierState.DEEP_SLEEP].sum(dtype=np.float64)
    return float(
        arrays.fixed_w + asleep + arrays.idle_w[~capacity, CarrierState.ACTIVE].sum(dtype=np.float64)
    )


def energy_term(params: Params, power_w: F64) -> F64:
    """Scale power to [0, 1]: 1 at ``least_power_w``, 0 at full power or above."""
    least = least_power_w(params)
    return np.clip((params.full_power_w - power_w) / (params.full_power_w - least), 0.0, 1.0)
