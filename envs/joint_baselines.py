"""The best single controllers side by side: each decides its part of the network and knows nothing of the others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..twin.params import Params
from ..twin.types import I64
from .baselines import AlwaysOn, Forecast, LoadThreshold, candidates
from .beam_baselines import AsPlanned, BeamGreedy
from .controller import Controller
from .joint_control import PARTS, counts_of
from .slice_baselines import AdmitNone, SliceReservation, slice_candidates
from .steering_baselines import LoadBalancing, NoSteering, steering_candidates
from .window import Window


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


def joint_candidates() -> dict[str, list[Controller]]:
    """List the settings that each controller is tuned over, alone, the others as planned."""
    energy = [rule for rules in candidates().values() for rule in rules]
    cautious = [
        Forecast(coverage_mbps=mbps, lead_periods=lead) for mbps in (10.0, 20.0, 30.0) for lead in (3, 6)
    ]
    beams = [BeamGreedy(floor, step_db=step) for floor in (10.0, 20.0) for step in (0.5, 1.0, 2.0, 4.0)]
    return {
        "energy": [*energy, *cautious],
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
        "energy": LoadThreshold(5.0, 21.0, 35.0, 3),
        "beams": BeamGreedy(step_db=4.0),
        "steering": LoadBalancing(least_load=30.0),
        "slices": SliceReservation(area_mbps=250.0, slots=4.0),
    }
    together: dict[str, Controller] = best | {
        "energy": AlwaysOn()
    }  # sleep breaks promises that slices were given
    alone = [SideBySide(plain | {part: rule}, f"{rule.name} alone") for part, rule in best.items()]
    return [
        SideBySide(plain, "as planned"),
        *alone,
        SideBySide(best, "side by side"),
        SideBySide(together, "tuned together"),
    ]
