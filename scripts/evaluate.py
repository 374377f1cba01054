"""`ranrein evaluate`: score a policy against baselines and bound, with intervals and plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.bundle import BundleError, bundle_folder, require_outside
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.comparison import compare
from ranrein.agents.config import ConfigError, EvaluateConfig, from_mapping

from .exit_codes import ExitCode
from .main import say
from .options import OWN, parse, settings, subject
from .outputs import require_folder
from .progress import progress
from .tables import print_comparison

PURPOSE = (
    f"Score a policy against baselines and bound. {OWN}\n"
    "Tables and plots go to out=FOLDER; without it to the folder evaluation beside the policy, or to runs/evaluation."
)
EXAMPLE = "ranrein evaluate policy=runs/energysaving-urban-seed0 episodes=200 shielded=true"


def main(argv: Sequence[str]) -> int:
    """Compare, print the table, write files and plots."""
    options = parse("evaluate", PURPOSE, EXAMPLE, argv)
    try:
        config = from_mapping(EvaluateConfig, settings("evaluate", options))
        return ExitCode.OK if options.show else _run(config)
    except (ConfigError, BundleError) as error:
        return say(f"ranrein evaluate: {error}", ExitCode.USAGE)
    except CalibrationError as error:
        return say(f"ranrein evaluate: the shield is not ready, nothing was run: {error}", ExitCode.NOT_READY)


def _run(config: EvaluateConfig) -> int:
    folder = out_folder(config)
    require_folder("out", folder)
    say(subject(config.env, config.scenario), ExitCode.OK)
    with progress("evaluate") as report:
        table = compare(config, folder, lambda share: report(share, ""))
    print_comparison(table)
    return say(f"written to {folder}", ExitCode.OK)


def out_folder(config: EvaluateConfig) -> Path:
    """Return where the results go: never into a bundle, which they would change.

    Raises:
        ConfigError: if they would.
        BundleError: if there is no policy where one is named.
    """
    if not config.policy:
        return Path(config.out or Path("runs") / "evaluation")
    bundle = bundle_folder(Path(config.policy))
    out = Path(config.out or bundle.parent / "evaluation")
    require_outside(bundle, out)
    return out
