"""`ranrein bench`: measure the speed of twin, environments, shield and policy on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ranrein.agents.bench.bench import bench
from ranrein.agents.bench.clock import ProcessorClock
from ranrein.agents.bench.config import BenchConfig
from ranrein.agents.bench.peer import peer_hint
from ranrein.agents.bundle import BundleError
from ranrein.agents.config import ConfigError, from_mapping

from .bench_yardsticks import Row, YardstickError, add_to, require_checkout, run_yardsticks
from .exit_codes import ExitCode
from .main import say
from .options import parse, settings
from .outputs import require_file
from .progress import progress

PURPOSE = "Measure speed on one thread in CPU time, all cases interleaved, the best of several rounds each."
EXAMPLE = "ranrein bench scenario=urban"

_WIDTH = 130  # where no terminal says how wide it is


def main(argv: Sequence[str]) -> int:
    """Measure, print the table and write the JSON."""
    options = parse("bench", PURPOSE, EXAMPLE, argv)
    try:
        config = from_mapping(BenchConfig, settings("bench", options))
        return ExitCode.OK if options.show else _run(config)
    except (ConfigError, BundleError, YardstickError) as error:
        return say(f"ranrein bench: {error}", ExitCode.USAGE)


def _run(config: BenchConfig) -> ExitCode:
    if config.yardsticks:
        require_checkout()
    require_file("out", config.out)
    with progress("bench") as report:
        found = bench(config, ProcessorClock(), lambda share: report(share, ""))
    rows = [(figure.name, figure.value, figure.unit) for figure in found.figures]
    if config.yardsticks:
        with progress("yardsticks") as report:
            measured = run_yardsticks(config.crrm_python, report)
        add_to(Path(config.out), measured)
        rows += measured
    console = Console()
    (console if console.is_terminal else Console(width=_WIDTH)).print(
        _table(rows, found.machine["cpu"], config)
    )
    hint = peer_hint()
    compare = f"to compare with mobile-env: {hint}\n" if hint else ""
    return say(f"{compare}written to {config.out}", ExitCode.OK)


def _table(rows: list[Row], cpu: str | int, config: BenchConfig) -> Table:
    rounds = f"scenario {config.scenario}, one thread, CPU time, best of {config.repeats} rounds"
    table = Table("what", "value", "unit", caption=f"{rounds}, {cpu}", caption_justify="left")
    for name, value, unit in rows:
        shown = "" if value != value else f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"
        table.add_row(name, shown, unit)
    return table
