"""The best single controllers side by side: each decides its part of the network and knows nothing of the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ..twin.carrier import CarrierState
from ..twin.params import Params
from ..twin.types import I64
from .baselines import AlwaysOn, Forecast, candidates
from .beam_baselines import AsPlanned, BeamGreedy
from .controller import Controller
from .joint_control import PARTS, counts_of
from .slice_baselines import AdmitNone, SliceDensity, SliceReservation, slice_candidates
from .steering_baselines import LoadBalancing, NoSteering, steering_candidates
from .window import Window

SLEEPERS = (
    "macro-0-n78",
    "macro-1-n78",
    "macro-2-n78",
    "plaza-0-n78s",
)  # capacity carriers of the scenario `joint`


@dataclass
class SideBySide:
    """One controller per part; what each asks for is put beside what the others ask for.

    Args:
        controllers: by the names of ``joint_control.PARTS``, each with the actions of that part's own problem.
        name: for tables.
    """

    controllers: dict[str, Controller] = field(repr=False)
    name: str

    def begin(self, params: Params, n: int) -> None:
        """Let every controller forget."""
        for controller in self.controllers.values():
            controller.begin(params, n)

    def actions(self, params: Params, window: Window) -> I64:
        """Put the choices of all parts side by side, (B, A); what a part leaves as planned is dropped."""
        asked = [
            self.controllers[name].actions(params, window)[:, :count]
            for name, count in zip(PARTS, counts_of(params), strict=True)
        ]
        return np.concatenate(asked, axis=1, dtype=np.int64)


@dataclass
class FixedSleep:
    """The same carriers sleep deeply all day: what a planner switches off where nobody misses it.

    Args:
        asleep: names of capacity carriers; on a network without them nobody sleeps.
    """

    asleep: tuple[str, ...]
    name: str = "fixed sleep"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Ask for the same as ever."""
        states = [
            CarrierState.DEEP_SLEEP if params.cells[cell].name in self.asleep else CarrierState.ACTIVE
            for cell in params.capacity_cells.tolist()
        ]
        return np.tile(np.array(states, np.int64), (window.kpis.n_replicas, 1))


def joint_candidates() -> dict[str, list[Controller]]:
    """List the settings that each controller is tuned over, alone, the others as planned."""
    energy = [rule for rules in candidates().values() for rule in rules]
    cautious = [
        Forecast(coverage_mbps=mbps, lead_periods=lead) for mbps in (10.0, 20.0, 30.0) for lead in (3, 6)
    ]
    beams = [BeamGreedy(floor, step_db=step) for floor in (10.0, 20.0) for step in (0.5, 1.0, 2.0, 4.0)]
    fixed = [FixedSleep(asleep) for n in (1, 2) for asleep in combinations(SLEEPERS, n)]
    return {
        "energy": [*energy, *cautious, *fixed],
        "beams": [*beams],
        "steering": [*steering_candidates()],
        "slices": [rule for rules in slice_candidates().values() for rule in rules],
    }


def joint_rules() -> list[SideBySide]:
    """Return the baselines: each controller alone, all of them side by side, and the same tuned together.

    Settings are those of the largest return on selection days of ``joint`` among those that keep the budget: of
    ``joint_candidates`` for each controller alone, then for each in turn with the others in place.
    """
    plain: dict[str, Controller] = {
        "energy": AlwaysOn(),
        "beams": AsPlanned(),
        "steering": NoSteering(),
        "slices": AdmitNone(),
    }
    best: dict[str, Controller] = {
        "energy": FixedSleep(SLEEPERS[-2:]),
        "beams": BeamGreedy(step_db=4.0),
        "steering": LoadBalancing(least_load=30.0),
        "slices": SliceReservation(area_mbps=250.0, slots=4.0),
    }
    together: dict[str, Controller] = best | {
        "energy": FixedSleep(SLEEPERS[-1:]),  # more sleep breaks promises that slices were given
        "slices": SliceDensity(price=0.1, area_mbps=150.0, slot_price=2.5),
    }
    alone = [SideBySide(plain | {part: rule}, f"{rule.name} alone") for part, rule in best.items()]
    return [
        SideBySide(plain, "as planned"),
        *alone,
        SideBySide(best, "side by side"),
        SideBySide(together, "tuned together"),
    ]
