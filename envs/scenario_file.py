"""What a scenario file may hold: a scenario, and laws over its days."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from ..twin.scenario import Scenario
from .randomise import Drifting, Randomised

Rows = tuple[tuple[float, ...], ...]  # (days, slots), as ``Load.profile``
LAWS = ("randomised", "drifting")  # in the order in which they act


class ScenarioFileError(ValueError):
    """A scenario file that cannot be used; the message names the file, the key and what is wrong with its value."""


@dataclass(frozen=True)
class ScenarioFile(Scenario):
    """A scenario with sections for laws over days; where there are both, the days are randomised first, then drift."""

    randomised: Randomised | None = None
    drifting: Drifting | None = None

    def scenario(self, days: Rows | None = None) -> Scenario:
        """Return the scenario whose days, or those measured in their place, the laws have made many."""
        plain = Scenario(**{each.name: getattr(self, each.name) for each in fields(Scenario)})
        found = on_days(plain, days)
        for section in LAWS:
            law = getattr(self, section)
            try:
                found = found if law is None else law(found)
            except ValueError as error:
                raise ValueError(f"scenario.{section}: {error}") from error
        return found


def on_days(scenario: Scenario, days: Rows | None) -> Scenario:
    """Return the scenario with measured days in place of its own; None leaves them."""
    return scenario if days is None else replace(scenario, load=replace(scenario.load, profile=days))
