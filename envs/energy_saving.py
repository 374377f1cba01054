"""RAN energy saving: which capacity carriers sleep, how deep, and when they must be awake again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from gymnasium import spaces

from ..twin.carrier import N_CARRIER_STATES, CarrierState
from ..twin.command import Command
from ..twin.kernels.rules import spread_rows
from ..twin.kernels.saving import energy_rows, saving_rows
from ..twin.params import Params
from ..twin.rules import Precedent, Rules, allowed_states
from ..twin.sla import CONSTRAINTS
from ..twin.types import F64, I8, I64, Bool
from .features import (
    Feature,
    FeatureList,
    Named,
    capacity_cells,
    change,
    clock,
    dwell,
    in_state,
    level,
    limited_share,
    waking,
)
from .simulation import Outcome
from .window import Window


def _cells(params: Params) -> tuple[str, ...]:
    return tuple(cell.name for cell in params.cells)


def _capacity_names(params: Params) -> tuple[str, ...]:
    return tuple(params.cells[c].name for c in params.capacity_cells)


def _states(params: Params) -> tuple[str, ...]:
    return tuple(f"{name}={state.name}" for name in _capacity_names(params) for state in CarrierState)


def n_periods(params: Params) -> int:
    """Return how many SSB periods a capacity carrier may choose from."""
    return len(params.scenario.sleep.periods_ms)


def _choosers(params: Params) -> tuple[str, ...]:
    return _capacity_names(params) if n_periods(params) > 1 else ()


def _period_level(params: Params, window: Window) -> F64:
    """Return how far up the list of SSB periods each capacity carrier is, 0 planned to 1 longest."""
    chosen = window.precedent.command.ssb_period[:, params.capacity_cells]
    return chosen / (n_periods(params) - 1)


FEATURES: FeatureList = (
    Feature("load of", "%", 0.0, 100.0, _cells, level("prb_tot_dl")),
    Feature("light load of", "%", 0.0, 20.0, _capacity_names, level("prb_tot_dl", capacity_cells)),
    Feature("load change of", "%", -30.0, 30.0, _cells, change("prb_tot_dl")),
    Feature("user throughput of", "kbit/s", 0.0, 50_000.0, _cells, level("ue_thp_dl")),
    Feature("traffic of", "kbit", 0.0, 3e7, _cells, level("volume_dl")),
    Feature("dwell of", "periods", 0.0, 12.0, _capacity_names, dwell(capacity_cells)),
    Feature("state of", "one-hot", 0.0, 1.0, _states, in_state(N_CARRIER_STATES, capacity_cells)),
    Feature("SSB period of", "of longest", 0.0, 1.0, _choosers, _period_level),
    Feature("waking", "bool", 0.0, 1.0, _capacity_names, waking(capacity_cells)),
    Feature("share", "of limit", 0.0, 0.1, Named(("below guarantee", "uncovered", "blocked")),
            limited_share(len(CONSTRAINTS))),
    Feature("time of day", "", -1.0, 1.0, Named(("sine", "cosine")), clock()),
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
        sleeper needs longer than one control period to serve again, and crowds come unannounced. Where a scenario lists
        several SSB periods (``sleep.ssb_periods_ms``), longer ones save power between the bursts; but sleepers then
        serve later, and who has lost its cell finds none beyond 20 ms.

    Action Space:
        ``MultiDiscrete([5] * capacity carriers)``: the ``CarrierState`` of each; with N > 1 SSB periods
        ``+ [N] * capacity carriers``. What the static rules forbid is replaced by the state the carrier has
        (``action_masks`` tells beforehand); periods are free.

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
        ``weights``: weight per reward term. ``chooses_ssb_period``: False leaves all periods as planned.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.001
    features: FeatureList = FEATURES
    chooses_ssb_period: bool = True  # where the scenario lists several

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return one choice of five states per capacity carrier, and one of SSB periods where there are several."""
        cells, periods = len(params.capacity_cells), n_periods(params) if self.chooses_ssb_period else 1
        return spaces.MultiDiscrete([N_CARRIER_STATES] * cells + ([periods] * cells if periods > 1 else []))

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Ask for the chosen states and SSB periods; coverage carriers stay active and as planned."""
        cells = params.capacity_cells
        command = Command.of_cells(params.n_cells, cells, np.ascontiguousarray(actions[:, : len(cells)]))
        if actions.shape[1] == len(cells):
            return command
        periods = np.zeros(command.carrier_state.shape, np.int8)
        if not spread_rows(np.ascontiguousarray(actions[:, len(cells) :]), cells, n_periods(params), periods):
            raise ValueError(f"SSB periods are 0..{n_periods(params) - 1} of sleep.ssb_periods_ms")
        return replace(command, ssb_period=periods)

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        choices = command.carrier_state[:, params.capacity_cells].astype(np.int64)
        if len(self.action_space(params).nvec) == choices.shape[1]:
            return choices
        return np.concatenate([choices, command.ssb_period[:, params.capacity_cells]], axis=1, dtype=np.int64)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which states each capacity carrier may take, and that it may take every SSB period."""
        allowed = allowed_states(Rules.of(params), precedent)[:, params.capacity_cells]
        allowed = allowed.reshape(len(allowed), -1)
        free = int(self.action_space(params).nvec.sum()) - allowed.shape[1]
        return np.concatenate([allowed, np.ones((len(allowed), free), np.bool_)], axis=1) if free else allowed

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return ``energy``, ``service`` and ``calm``, each (B,)."""
        terms = np.empty((3, len(outcome.power_w)))
        saving_rows(
            outcome.power_w,
            params.least_power_w,
            params.full_power_w,
            outcome.verdict.cost,
            outcome.verdict.unsafe,
            _settings(params, outcome.before),
            _settings(params, outcome.command),
            len(params.capacity_cells),
            terms,
        )
        return dict(zip(("energy", "service", "calm"), terms, strict=True))


def _settings(params: Params, command: Command) -> I8:
    """Return one number per state and SSB period of every cell, (B, C)."""
    if n_periods(params) == 1:
        return command.carrier_state
    return command.carrier_state + np.int8(N_CARRIER_STATES) * command.ssb_period


def energy_term(params: Params, power_w: F64) -> F64:
    """Return the term ``energy`` of powers of any shape, W."""
    energy = np.empty(power_w.shape)
    energy_rows(power_w.ravel(), params.least_power_w, params.full_power_w, energy.reshape(-1))
    return energy
