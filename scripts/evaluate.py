"""`ranrein evaluate`: score a policy against baselines and bound, with intervals and plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.bundle import BundleError
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.comparison import compare
from ranrein.agents.config import ConfigError, EvaluateConfig, from_mapping

from .exit_codes import ExitCode
from .main import say
from .options import OWN, parse, settings, subject
from .outputs import require_folder
from .progress import progress
from .tables import print_comparison

EXAMPLE = "ranrein evaluate policy=runs/energysaving-urban-seed0 episodes=200 shielded=true"


def main(argv: Sequence[str]) -> int:
    """Compare, print the table, write files and plots."""
    options = parse("evaluate", f"Score a policy against baselines and bound. {OWN}", EXAMPLE, argv)
    try:
        config = from_mapping(EvaluateConfig, settings("evaluate", options))
        return ExitCode.OK if options.show else _run(config)
    except (ConfigError, BundleError) as error:
        return say(f"ranrein evaluate: {error}", ExitCode.USAGE)
    except CalibrationError as error:
        return say(f"ranrein evaluate: the shield is not ready, nothing was run: {error}", ExitCode.NOT_READY)


def _run(config: EvaluateConfig) -> int:
    folder = out_folder(config)
    if config.out or not (config.policy and Path(config.policy).is_file()):  # a file is no policy: told below
        require_folder("out", folder)
    say(subject(config.env, config.scenario), ExitCode.OK)
    with progress("evaluate") as report:
        table = compare(config, folder, lambda share: report(share, ""))
    print_comparison(table)
    return say(f"written to {folder}", ExitCode.OK)


def out_folder(config: EvaluateConfig) -> Path:
    """Where the results go."""
    if config.out:
        return Path(config.out)
    return Path(config.policy) / "evaluation" if config.policy else Path("runs") / "evaluation"
