"""`ranrein shadow`: report what a policy would have done on recorded telemetry; nobody acts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.bundle import BundleError
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.config import ConfigError, from_mapping
from ranrein.agents.shadow.config import ShadowConfig
from ranrein.agents.shadow.job import make_sample, run_shadow
from ranrein.agents.shadow.tables import key_rows
from ranrein.network.telemetry import GranularityError, TelemetryError

from .exit_codes import ExitCode
from .main import say
from .options import OWN, settings, subject
from .outputs import require_file, require_folder
from .progress import progress

PURPOSE = f"Report what a policy would have done on recorded telemetry: agreement, effect, fidelity. {OWN}"
EXAMPLE = (
    "example: ranrein shadow --make-sample sample.jsonl scenario=urban\n"
    "         ranrein shadow policy=baseline:forecast_rule log=sample.jsonl scenario=urban out=runs/shadow"
)


def main(argv: Sequence[str]) -> int:
    """Run in shadow and write the report, or write a sample log."""
    options = _options(argv)
    try:
        config = from_mapping(ShadowConfig, settings("shadow", options))
        return ExitCode.OK if options.show else _run(config, options.make_sample)
    except (ConfigError, BundleError, TelemetryError) as error:
        return say(f"ranrein shadow: {error}", ExitCode.USAGE)
    except CalibrationError as error:
        return say(f"ranrein shadow: the shield is not ready, nothing was run: {error}", ExitCode.NOT_READY)
    except GranularityError as error:
        return say(f"ranrein shadow: refused: {error}", ExitCode.REFUSED)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("ranrein shadow", None, PURPOSE, EXAMPLE, formatter_class=style)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings to change; see --show")
    parser.add_argument("--show", action="store_true", help="print the composed configuration and stop")
    parser.add_argument("--make-sample", type=Path, metavar="PATH", help="write a log to try, and stop")
    return parser.parse_intermixed_args(list(argv))


def _run(config: ShadowConfig, sample: Path | None) -> int:
    if sample is None:
        require_folder("out", config.out)
    else:
        require_file("--make-sample", sample)
    say(subject(config.env, config.scenario), ExitCode.OK)
    with progress("shadow") as report:
        share = lambda done: report(done, "")  # noqa: E731
        if sample is not None:
            return say(f"{make_sample(config, sample, share)} records written to {sample}", ExitCode.OK)
        found = run_shadow(config, share)
    lines = [f"{name}: {value}" for name, value in key_rows(found)]
    return say("\n".join([*lines, f"report: {Path(config.out) / 'shadow.html'}"]), ExitCode.OK)
