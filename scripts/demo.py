"""`ranrein demo`: the whole flow in miniature, from training to rollback, with a report at the end."""

from __future__ import annotations

from collections.abc import Sequence

from ranrein.agents.config import ConfigError, from_mapping
from ranrein.agents.demo_config import DemoConfig

from .demo_show import play
from .exit_codes import ExitCode
from .main import say
from .options import parse, settings
from .outputs import require_folder

EXAMPLE = "ranrein demo\n         ranrein demo drill=no_surge base=runs/demo out=runs/drill"


def main(argv: Sequence[str]) -> int:
    """Run the demo, or one of its drills on a finished demo."""
    options = parse(
        "demo", "Train, judge, certify, operate and roll back in under five minutes.", EXAMPLE, argv
    )
    try:
        config = from_mapping(DemoConfig, settings("demo", options))
        require_folder("out", config.out)
        return ExitCode.OK if options.show else play(config)
    except ConfigError as error:
        return say(f"ranrein demo: {error}", ExitCode.USAGE)
