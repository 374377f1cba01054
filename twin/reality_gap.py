"""How a simulated network differs from the twin that is believed in: the gap that safety has to survive."""

from __future__ import annotations

import math
from dataclasses import replace

from .scenario import Scenario


def reality_gap(
    scenario: Scenario,
    *,
    radio_seed: int = 77,
    load_scale: float = 1.1,
    noise_sigma_scale: float = 1.0,
    wake_delay_scale: float = 1.2,
) -> Scenario:
    """Return the scenario of a hidden plant.

    Args:
        scenario: what the twin believes.
        radio_seed: another draw of the shadowing.
        load_scale: offered traffic over the believed.
        noise_sigma_scale: spread of the demand over the believed.
        wake_delay_scale: time to wake over the believed; the result is rounded up to whole twin steps.
    """
    step_s = scenario.timing.twin_step_s
    delays_s = tuple(_round_up(delay * wake_delay_scale, step_s) for delay in scenario.sleep.wake_delay_s)
    load = replace(
        scenario.load,
        scale=scenario.load.scale * load_scale,
        noise_sigma=scenario.load.noise_sigma * noise_sigma_scale,
    )
    sleep = replace(scenario.sleep, wake_delay_s=delays_s)
    return replace(scenario, radio_seed=radio_seed, load=load, sleep=sleep)


def _round_up(seconds: float, step_s: float) -> float:
    return math.ceil(round(seconds / step_s, 9)) * step_s
