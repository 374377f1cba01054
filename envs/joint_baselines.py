"""The best single controllers side by side: each decides its part of the network and knows nothing of the others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..twin.params import Params
from ..twin.types import I64
from .baselines import AlwaysOn, Forecast
from .beam_baselines import AsPlanned, BeamGreedy
from .controller import Controller
from .joint_control import PARTS
from .slice_baselines import AdmitNone, SliceReservation
from .steering_baselines import LoadBalancing, NoSteering
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
            self.controllers[name].actions(params, window)[:, : len(part.action_space(params).nvec)]
            for name, part in PARTS.items()
        ]
        return np.concatenate(asked, axis=1, dtype=np.int64)


def joint_rules() -> list[SideBySide]:
    """Return the baselines: each controller alone, and all of them side by side."""
    best: dict[str, Controller] = {
        "energy": Forecast(),
        "beams": BeamGreedy(),
        "steering": LoadBalancing(),
        "slices": SliceReservation(),
    }
    plain: dict[str, Controller] = {
        "energy": AlwaysOn(),
        "beams": AsPlanned(),
        "steering": NoSteering(),
        "slices": AdmitNone(),
    }
    alone = [SideBySide(plain | {part: rule}, f"{rule.name} alone") for part, rule in best.items()]
    return [
        SideBySide(plain, "as planned"),
        *alone,
        SideBySide(best, "side by side"),
    ]
