"""How often the intervals of a fitted load hold: hidden networks of `urban`, two days each, as of a log of four.

Scale, noise and correlation time are drawn, each cell has a radio offset and the map another shadowing than the twin's,
and carriers sleep under a threshold policy. From the repository root, about 5 s of one core a network:

    nice -n 19 python -m benchmarks.load_intervals --networks 80 --first 0
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import beta

from ranrein.agents.fit.load import LoadFit, believed_profile, fit_load, hour_basis
from ranrein.agents.fit.networks import with_offsets
from ranrein.agents.fit.noise import calibrated_noise
from ranrein.agents.fit.regression import Estimate
from ranrein.agents.fit.series import Series
from ranrein.envs.baselines import LoadThreshold
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.window import Window
from ranrein.twin.advance import advance
from ranrein.twin.kpis import Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent, Rules, project
from ranrein.twin.scenario import Scenario
from ranrein.twin.state import begin, open_period
from ranrein.twin.types import F64

DAYS, SECONDS_PER_DAY = 2, 86_400.0
SCALES, SIGMAS, CORRELATIONS_S = (
    (0.7, 1.5),
    (0.06, 0.24),
    (900.0, 5400.0),
)  # drawn evenly, the last two in logs
OFFSET_DB = 4.0  # of a cell, and of all cells of a network
Told = dict[str, tuple[list[Estimate], list[float]]]  # by parameter, estimates and what is true


def hidden(scenario: Scenario, number: int) -> Scenario:
    """Draw a network that differs from what is believed."""
    rng, n_cells = np.random.default_rng((17, number)), Params.of(scenario).n_cells
    law = replace(
        scenario.load,
        scale=float(rng.uniform(*SCALES)),
        noise_sigma=float(np.exp(rng.uniform(*np.log(SIGMAS)))),
        noise_correlation_s=float(np.exp(rng.uniform(*np.log(CORRELATIONS_S)))),
    )
    offsets_db = OFFSET_DB * (rng.standard_normal(n_cells) + rng.standard_normal())
    return with_offsets(replace(scenario, load=law, radio_seed=20_000 + number), offsets_db)


def calm(scenario: Scenario) -> Scenario:
    """Return the network without noise and crowds; with the same seed its users walk alike."""
    load, surge = replace(scenario.load, noise_sigma=0.0), replace(scenario.surge, probability=0.0)
    return replace(scenario, load=load, surge=surge)


def run(scenario: Scenario, seed: int) -> Series:
    """Run a network under the threshold policy."""
    plant, task, controller = Params.of(scenario), EnergySaving(), LoadThreshold()
    timing, rules = plant.scenario.timing, Rules.of(plant)
    state, precedent = (
        begin(plant, np.array([seed]), np.zeros(1, np.int64)),
        Precedent.fresh(1, plant.n_cells),
    )
    controller.begin(plant, 1)

    def lived(command: Precedent) -> Kpis:
        open_period(state)
        advance(plant, state, command.command, timing.steps_per_period)
        return measure(plant, state)

    kpis = [lived(precedent)]
    window = Window(kpis[0], kpis[0], precedent)
    for _ in range(round(DAYS * SECONDS_PER_DAY / timing.control_period_s) - 1):
        wanted = task.decode(plant, controller.actions(plant, window), window.precedent)
        precedent = window.precedent.then(project(rules, window.precedent, wanted))
        kpis.append(lived(precedent))
        window = Window(kpis[-1], window.kpis, precedent)
    return _series(kpis, timing.control_period_s)


def _series(kpis: Sequence[Kpis], period_s: float) -> Series:
    mbps = np.concatenate([k.volume_dl + k.blocked_dl for k in kpis]).astype(np.float64) / (1000.0 * period_s)
    valid, none = np.concatenate([k.valid > 0 for k in kpis]), np.zeros(mbps.shape)
    time_s = np.array([float(k.time_s[0]) for k in kpis])
    return Series((), time_s, none.astype(np.int64), valid, valid, none, mbps, mbps, none, 0)


def compare(load: LoadFit, scenario: Scenario, level_mbps: float, profile: F64, told: Told) -> None:
    """Set what was found beside what is true."""
    law = scenario.load
    pairs = [
        ("load.scale", load.scale, law.scale),
        ("load.noise_sigma", load.noise_sigma, law.noise_sigma),
        ("load.noise_correlation_s", load.noise_correlation_s, law.noise_correlation_s),
        ("traffic", load.level_mbps, level_mbps),
        *(("profile, 24 hours", e, float(x)) for e, x in zip(load.profile, profile, strict=True)),
    ]
    for name, estimate, truth in pairs:
        told[name][0].append(estimate)
        told[name][1].append(truth)


def rows(name: str, told: Told) -> list[str]:
    """Return a line for each parameter: held, upper end over estimate (median), and size of the error, both factors."""
    found = []
    for parameter, (estimates, truths) in told.items():
        n, held = len(truths), sum(e.contains(t) for e, t in zip(estimates, truths, strict=True))
        low = float(beta.ppf(0.025, held, n - held + 1)) if held else 0.0
        high = float(beta.ppf(0.975, held + 1, n - held)) if held < n else 1.0
        reach = np.median([e.high / e.value for e in estimates])
        errors = np.log([e.value / t for e, t in zip(estimates, truths, strict=True)])
        error = np.exp(np.sqrt((errors**2).mean()))
        share = f"{100 * low:.0f} to {100 * high:.0f} %"
        found.append(
            f"{name:12} {parameter:26} {held:4} of {n:4}  {share:13}  x {reach:.3f}  error x {error:.3f}"
        )
    return found


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=80)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first network; names what is drawn"
    )
    asked = parser.parse_args()
    believed = Params.of(load_scenario("urban"))
    profile = np.exp(believed_profile(believed))
    profile /= profile.mean()
    plain, calibrated = (
        defaultdict[str, tuple[list[Estimate], list[float]]](lambda: ([], [])) for _ in range(2)
    )
    for number in range(asked.first, asked.first + asked.networks):
        scenario, seed = hidden(believed.scenario, number), 40_000 + number
        series, still = (run(s, seed) for s in (scenario, calm(scenario)))
        factor = hour_basis(still.time_s, believed.scenario.timing.control_period_s, 60.0) @ profile
        level_mbps = float((still.offered_mbps.sum(axis=1) / factor).mean())
        first = fit_load(series, believed)
        compare(first, scenario, level_mbps, profile, plain)
        compare(calibrated_noise(series, believed, first), scenario, level_mbps, profile, calibrated)
    sys.stdout.write("\n".join([*rows("regression", plain), *rows("simulated", calibrated), ""]))


if __name__ == "__main__":
    main()
