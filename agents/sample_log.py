"""A telemetry log to try shadow runs on: a simulated network under a baseline rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ..envs.baselines import LoadThreshold
from ..envs.controller import Controller
from ..envs.energy_saving import EnergySaving
from ..envs.window import Window
from ..network.plant import SimulatedNetwork
from ..network.protocol import CARRIER_STATE, Change, Network, Patch
from ..network.telemetry import TelemetryWriter
from ..safety.clock import SimulatedClock
from ..twin.command import Command
from ..twin.params import Params
from ..twin.reality_gap import reality_gap
from ..twin.rules import Precedent, Rules, project
from .config import ConfigError
from .episodes import Progress, no_progress

START = datetime(2026, 3, 2, tzinfo=UTC)  # midnight of the log's first day


def write_sample_of(
    path: Path, believed: Params, days: float, seed: int, progress: Progress = no_progress
) -> int:
    """Write the telemetry of a network that differs from its twin, under the load threshold rule.

    Returns the number of records.

    Raises:
        ConfigError: if the file exists, or for less than one control period.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = Params.of(reality_gap(believed.scenario))
    try:
        return write_sample_log(path, hidden, days, seed, LoadThreshold(), progress)
    except FileExistsError as error:
        raise ConfigError(f"{path} exists and a log is never overwritten; choose another name") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error


def write_sample_log(
    path: Path,
    plant: Params,
    days: float,
    seed: int,
    controller: Controller,
    progress: Progress = no_progress,
) -> int:
    """Run a network under a rule and write what it reports; return the number of records.

    Args:
        path: a file that does not exist yet.
        plant: the network; ``reality_gap`` makes it differ from what the twin believes.
        days: how long, at least one control period.
        seed: names the plant's random streams.
        controller: decides every control period; what the static rules forbid is left as it is.
        progress: called with the share done.

    Raises:
        FileExistsError: a log is never overwritten.
        ValueError: if ``days`` is shorter than one control period.
    """
    timing, task, rules = plant.scenario.timing, EnergySaving(), Rules.of(plant)
    periods = round(days * 86_400 / timing.control_period_s)
    if periods < 1:
        raise ValueError(f"days={days:g} is shorter than a control period of {timing.control_period_s:g} s")
    clock = SimulatedClock(START)
    with TelemetryWriter(path, plant) as writer:
        network = SimulatedNetwork(plant, seed, clock)
        kpis, precedent = network.observe(), Precedent.fresh(1, plant.n_cells)
        writer.write(kpis, clock.utc(), precedent.command, 1.0)
        controller.begin(plant, 1)
        window = Window(kpis, kpis, precedent)
        for period in range(periods):
            wanted = task.decode(plant, controller.actions(plant, window), window.precedent)
            command = project(rules, window.precedent, wanted)
            _apply(network, network.cells, command, f"period-{period}")
            network.wait(timing.control_period_s)
            window = Window(network.observe(), window.kpis, window.precedent.then(command))
            writer.write(window.kpis, clock.utc(), command, 1.0)
            progress((period + 1) / periods)
    return periods + 1


def _apply(network: Network, cells: tuple[str, ...], command: Command, key: str) -> None:
    found, wanted = network.read(cells), dict(zip(cells, command.carrier_state[0].tolist(), strict=True))
    changes = tuple(
        Change(name, CARRIER_STATE, value, found[name].version)
        for name, value in wanted.items()
        if value != found[name].value
    )
    if changes:
        network.apply(Patch(changes), key)
