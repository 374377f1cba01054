"""What a scenario file may hold: a scenario, and laws over its days."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..twin.scenario import Scenario
from .randomise import Drifting, Randomised


class ScenarioFileError(ValueError):
    """A scenario file that cannot be used; the message names the file, the key and what is wrong with its value."""


@dataclass(frozen=True)
class ScenarioFile(Scenario):
    """A scenario with sections for laws over days; where there are both, the days are randomised first, then drift."""

    randomised: Randomised | None = None
    drifting: Drifting | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario whose days the laws have made many."""
        found = Scenario(**{each.name: getattr(self, each.name) for each in fields(Scenario)})
        for law in (self.randomised, self.drifting):
            found = found if law is None else law(found)
        return found
