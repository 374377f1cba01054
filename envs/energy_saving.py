"""RAN energy saving: which capacity carriers sleep, how deep, and when they must be awake again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from gymnasium import spaces

from ..twin.carrier import N_CARRIER_STATES, CarrierState
from ..twin.command import Command
from ..twin.kernels.saving import energy_rows, saving_rows
from ..twin.params import Params
from ..twin.rules import Precedent, Rules, allowed_states
from ..twin.sla import CONSTRAINTS
from ..twin.types import F64, I64, Bool
from .features import (
    Feature,
    FeatureList,
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


def _cells(params: Params) -> tuple[str, ...]:
    return tuple(cell.name for cell in params.cells)


def _capacity_names(params: Params) -> tuple[str, ...]:
    return tuple(params.cells[c].name for c in params.capacity_cells)


FEATURES: FeatureList = (
    Feature("load of", "%", 0.0, 100.0, _cells, level("prb_tot_dl")),
    Feature("light load of", "%", 0.0, 20.0, _capacity_names, level("prb_tot_dl", capacity_cells)),
    Feature("load change of", "%", -30.0, 30.0, _cells, change("prb_tot_dl")),
    Feature("user throughput of", "kbit/s", 0.0, 50_000.0, _cells, level("ue_thp_dl")),
    Feature("traffic of", "kbit", 0.0, 3e7, _cells, level("volume_dl")),
    Feature("dwell of", "periods", 0.0, 12.0, _capacity_names, dwell(capacity_cells)),
    Feature("state of", "one-hot", 0.0, 1.0, lambda p: tuple(f"{n}={s.name}" for n in _capacity_names(p)
            for s in CarrierState), in_state(N_CARRIER_STATES, capacity_cells)),
    Feature("waking", "bool", 0.0, 1.0, _capacity_names, waking(capacity_cells)),
    Feature("share", "of limit", 0.0, 0.1, lambda p: ("below guarantee", "uncovered", "blocked"),
            limited_share(len(CONSTRAINTS))),
    Feature("time of day", "", -1.0, 1.0, lambda p: ("sine", "cosine"), clock()),
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
        return Command.of_cells(params.n_cells, params.capacity_cells, actions)

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        return command.carrier_state[:, params.capacity_cells].astype(np.int64)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which states each capacity carrier may take."""
        allowed = allowed_states(Rules.of(params), precedent)[:, params.capacity_cells]
        return allowed.reshape(len(allowed), -1)

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return ``energy``, ``service`` and ``calm``, each (B,)."""
        terms = np.empty((3, len(outcome.power_w)))
        saving_rows(
            outcome.power_w,
            params.least_power_w,
            params.full_power_w,
            outcome.verdict.cost,
            outcome.verdict.unsafe,
            outcome.before.carrier_state,
            outcome.command.carrier_state,
            len(params.capacity_cells),
            terms,
        )
        return dict(zip(("energy", "service", "calm"), terms, strict=True))


def energy_term(params: Params, power_w: F64) -> F64:
    """Return the term ``energy`` of powers of any shape, W."""
    energy = np.empty(power_w.shape)
    energy_rows(power_w.ravel(), params.least_power_w, params.full_power_w, energy.reshape(-1))
    return energy
