"""`ranrein calibrate`: fit the twin to measured KPIs, with intervals, residuals and the margins of the shield."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from ranrein.agents.config import ConfigError, EnvConfig, from_mapping
from ranrein.agents.fit.config import CalibrateConfig
from ranrein.agents.fit.file_fit import Kept, keep, worth_rows
from ranrein.agents.fit.fit import FitError
from ranrein.agents.fit.job import PAGE, Calibrated, make_sample, run_calibration
from ranrein.agents.fit.load_file import fit_load_file
from ranrein.agents.fit.power_file import power_fit
from ranrein.agents.fit.report import error_rows, gap_row, is_better, parameter_rows, rows_of
from ranrein.agents.problem import problem_of
from ranrein.network.telemetry import GranularityError, TelemetryError

from .calibrate_tables import show_power, show_rows
from .exit_codes import ExitCode
from .main import say
from .options import settings
from .outputs import require_file, require_folder
from .progress import progress

PURPOSE = "Fit the twin to measured KPIs: exit 0 better than before on days not fitted, 3 not clearly better."
EXAMPLE = (
    "example: ranrein calibrate --make-sample sample.jsonl scenario=urban\n"
    "         ranrein calibrate log=sample.jsonl scenario=urban out=runs/fit\n"
    "         ranrein calibrate load_file=traffic.csv load_column=dl_mbps scenario=urban out=runs/days\n"
    "         ranrein calibrate power_file=power.csv carrier=n78 scenario=fit:runs/days out=runs/power\n"
    "         ranrein evaluate scenario=fit:runs/fit episodes=8 bound=false"
)


def main(argv: Sequence[str]) -> int:
    """Fit and write the fit, or write a sample log."""
    options = _options(argv)
    try:
        config = from_mapping(CalibrateConfig, settings("calibrate", options))
        return ExitCode.OK if options.show else _run(config, options.make_sample)
    except (ConfigError, TelemetryError, FitError) as error:
        return say(f"ranrein calibrate: {error}", ExitCode.USAGE)
    except GranularityError as error:
        return say(f"ranrein calibrate: refused: {error}", ExitCode.REFUSED)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("ranrein calibrate", None, PURPOSE, EXAMPLE, formatter_class=style)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings to change; see --show")
    parser.add_argument("--show", action="store_true", help="print the composed configuration and stop")
    parser.add_argument("--make-sample", type=Path, metavar="PATH", help="write a log to try, and stop")
    return parser.parse_intermixed_args(list(argv))


def _run(config: CalibrateConfig, sample: Path | None) -> int:
    given = [name for name in ("log", "load_file", "power_file") if getattr(config, name) is not None]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} are given; fit one, and the next with scenario=fit:PATH")
    if sample is None:
        require_folder("out", config.out or "runs")
    else:
        require_file("--make-sample", sample)
    if config.load_file is not None:
        params = problem_of(EnvConfig(), config.scenario)[1]
        return _told_file(keep(fit_load_file(config, params), params, config.out))
    if config.power_file is not None:
        return _power(config)
    with progress("calibrate") as report:
        share = lambda done: report(done, "")  # noqa: E731
        if sample is not None:
            return say(f"{make_sample(config, sample, share)} records written to {sample}", ExitCode.OK)
        found = run_calibration(config, share)
    return _told(found)


def _power(config: CalibrateConfig) -> int:
    params = problem_of(EnvConfig(), config.scenario)[1]
    found = power_fit(config, params)
    show_power(found.units)
    if found.fit is not None:
        return _told_file(keep(found.fit, params, config.out))
    names = ", ".join(unit.group for unit in found.units)
    return say(
        f"no fit is kept: say with power_group=NAME which group the scenario takes ({names})", ExitCode.OK
    )


def _told(found: Calibrated) -> int:
    fit = found.fit
    show_rows(parameter_rows(fit))
    _say(found, [gap_row(found.series), *error_rows(fit)], f"{fit.growth_margin:.3f}")
    return ExitCode.OK if is_better(fit) else ExitCode.INCONCLUSIVE


def _told_file(found: Kept) -> int:
    show_rows(rows_of(found.fit.parameters))
    for note in found.fit.notes:
        say(note, ExitCode.OK)
    _say(found, worth_rows(found.fit), found.fit.margin_text)
    return ExitCode.OK if found.fit.is_better else ExitCode.INCONCLUSIVE


def _say(found: Calibrated | Kept, rows: Iterable[tuple[str, str]], margin: str) -> None:
    lines = [f"{name}: {value}" for name, value in rows]
    lines += [f"growth margin of the shield: {margin}", f"fit: {found.digest}"]
    lines += [f"report: {found.folder / PAGE}", f"use it: scenario=fit:{found.folder}"]
    say("\n".join(lines), ExitCode.OK)
