"""`ranrein nationwide`: run a rule on a network of thousands of cells, cluster by cluster, and add up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.config import ConfigError, from_mapping
from ranrein.agents.executors import WorkerLostError
from ranrein.agents.nationwide import SUMMARY, Summary, run_nationwide
from ranrein.agents.nationwide_config import NationwideConfig
from ranrein.agents.results import text

from .exit_codes import ExitCode
from .main import say
from .options import parse, settings
from .outputs import require_folder
from .progress import progress

PURPOSE = "Run a rule on every cluster of a large network; run again, an interrupted run goes on."
EXAMPLE = "ranrein nationwide rule=load_threshold clusters=8 periods=24 workers=2 out=runs/nationwide"


def main(argv: Sequence[str]) -> int:
    """Run what is not done yet, print the sums."""
    options = parse("nationwide", PURPOSE, EXAMPLE, argv)
    try:
        config = from_mapping(NationwideConfig, settings("nationwide", options))
        return ExitCode.OK if options.show else _run(config)
    except ConfigError as error:
        return say(f"ranrein nationwide: {error}", ExitCode.USAGE)
    except WorkerLostError as error:
        return say(f"ranrein nationwide: {error}; what is done is kept", ExitCode.ERROR)


def _run(config: NationwideConfig) -> ExitCode:
    require_folder("out", config.out)
    with progress("nationwide") as report:
        summary = run_nationwide(config, report)
    return say("\n".join([*_lines(summary), f"written to {Path(config.out) / SUMMARY}"]), ExitCode.OK)


def _lines(found: Summary) -> list[str]:
    size = (
        f"{found.sites:,} sites, {found.cells:,} cells, {found.users:,} users in {found.clusters:,} clusters"
    )
    energy = f"{found.energy_kwh:,.1f} kWh, always on {found.always_on_kwh:,.1f} kWh"
    broken, awake = (text(s, 1, 100.0) for s in (found.violated_share, found.always_on_violated_share))
    periods, awake_periods = (f"{100 * share:.2f}" for share in (found.cost, found.always_on_cost))
    return [
        f"{size}, {found.episodes} episode(s) each",
        f"{found.rule}: {energy}, saving {text(found.saving, 1, 100.0)} %",
        f"control periods with a broken promise: {periods} %, always on {awake_periods} %",
        f"episodes of clusters that broke a promise: {broken} %, always on {awake} %",
        *(
            f"  {worst.name}: {worst.violated} of {worst.episodes}, {worst.cells} cells"
            for worst in found.worst
        ),
    ]
