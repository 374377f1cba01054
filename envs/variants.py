"""Harder versions of any scenario on the twin, by name: ``urban+telemetry`` or ``urban+reality_gap+drift``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..twin.failures import CommonCause, Failures, MeanTimes
from ..twin.reality_gap import reality_gap
from ..twin.scenario import Scenario
from .catalogue import UnknownNameError
from .randomise import Drifting, Randomised

SIGN = "+"
# about two failures a day in a network of seven cells, assumption
FAILURES = Failures(radio_unit=MeanTimes(72.0, 4.0), site_power=MeanTimes(500.0, 1.0))
# of a site's transport, or of all power, once a day for an hour, assumption
CUTS = MeanTimes(24.0, 1.0)
LOSS_PROB, FREEZE_PROB, DELAY_PERIODS = 0.05, 0.2, 1


def late_and_lost(scenario: Scenario) -> Scenario:
    """Lose one report of a cell in twenty, and hand over every report one control period late."""
    faults = scenario.faults
    late = max(faults.delay_periods, DELAY_PERIODS)
    return replace(
        scenario, faults=replace(faults, loss_prob=max(faults.loss_prob, LOSS_PROB), delay_periods=late)
    )


def frozen(scenario: Scenario) -> Scenario:
    """Let one report of a cell in five repeat the last one as if it were new."""
    faults = scenario.faults
    return replace(scenario, faults=replace(faults, freeze_prob=max(faults.freeze_prob, FREEZE_PROB)))


def failing(scenario: Scenario) -> Scenario:
    """Let radio units and the power of sites fail, far more often than in life; a law of the scenario itself stays."""
    law = scenario.failures if scenario.failures.possible else FAILURES
    return replace(scenario, failures=law)


def dark(scenario: Scenario) -> Scenario:
    """Let the power of all sites fail at once; sites that fail together by a law of the scenario itself stay."""
    everywhere = CommonCause("all sites", tuple(site.name for site in scenario.sites), CUTS)
    together = scenario.failures.together or (everywhere,)
    return replace(scenario, failures=replace(scenario.failures, together=together))


def cut_off(scenario: Scenario) -> Scenario:
    """Let the transport of sites fail, which report nothing meanwhile; a law of the scenario itself stays."""
    law = scenario.failures.site_transport or CUTS
    return replace(
        scenario,
        failures=replace(scenario.failures, site_transport=law),
        faults=replace(scenario.faults, lost_when_cut_off=True),
    )


VARIANTS: dict[str, Callable[[Scenario], Scenario]] = {
    "reality_gap": reality_gap,
    "faults": failing,
    "cut_off": cut_off,
    "blackout": dark,
    "telemetry": late_and_lost,
    "frozen": frozen,
    "drift": Drifting(),
    "randomised": Randomised(),
}
LAWS = ("drift", "randomised")  # over days


def split_variants(text: str) -> tuple[str, list[str]]:
    """Return the scenario and the variants that a name asks for.

    Behind a path only names of variants count, so that a path may hold a plus sign.

    Raises:
        UnknownNameError: for an unknown variant, naming the nearest.
        ValueError: if one is asked for twice, or a plus sign has no name beside it.
    """
    base, *names = text.split(SIGN)
    if ":" in base:
        names = []
        base = text
        while (found := base.rpartition(SIGN))[2] in VARIANTS:
            base, names = found[0], [found[2], *names]
    if names and "" in (base, *names):
        hint = f"write NAME or NAME+VARIANT. Variants: {', '.join(sorted(VARIANTS))}"
        raise ValueError(f"scenario {text!r} has a plus sign without a name beside it; {hint}")
    for name in names:
        if name not in VARIANTS:
            raise UnknownNameError("variant", name, list(VARIANTS))
    if len(set(names)) != len(names):
        raise ValueError(f"scenario {text!r} asks for the same variant twice; name each once")
    return base, names


def varied(scenario: Scenario, names: list[str]) -> Scenario:
    """Return the scenario with its variants, in the order given, which its name tells."""
    for name in names:
        scenario = VARIANTS[name](scenario)
    return replace(scenario, name=SIGN.join([scenario.name, *names]))
