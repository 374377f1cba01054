"""`ranrein operate`: run the loop on a simulated network; people open it from another terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ranrein.agents.bundle import BundleError
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.config import ConfigError, from_mapping
from ranrein.agents.control import ControlProblem
from ranrein.agents.operate_config import OperateConfig
from ranrein.agents.operate_job import opened, shield_of
from ranrein.safety.audit import AuditUnavailable
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import KeyProblem

from .exit_codes import ExitCode
from .interrupt import ended_by_signal
from .main import say
from .operate_panel import introduction, panel
from .options import parse, settings
from .outputs import require_folder
from .progress import progress

PURPOSE = "Run the loop on a simulated network. It starts no higher than ADVISORY; Ctrl-C ends the process."
EXAMPLE = "ranrein operate policy=runs/NAME certificate=runs/NAME/certificate.json scenario=urban pace=600"


def main(argv: Sequence[str]) -> int:
    """Open the loop, say how people reach it, and run."""
    options = parse("operate", PURPOSE, EXAMPLE, argv)
    try:
        config = from_mapping(OperateConfig, settings("operate", options))
        return ExitCode.OK if options.show else _run(config)
    except (ConfigError, BundleError, KeyProblem) as error:
        return say(f"ranrein operate: {error}", ExitCode.USAGE)
    except CalibrationError as error:
        return say(f"ranrein operate: the shield is not ready, nothing was run: {error}", ExitCode.NOT_READY)
    except (AuditUnavailable, ControlProblem, OSError) as error:
        return say(f"ranrein operate: {error}", ExitCode.ERROR)


def _run(config: OperateConfig) -> ExitCode:
    require_folder("state", config.state)
    with progress("calibrate the shield") as report:
        shield = shield_of(config, lambda share: report(share, ""))
    with ended_by_signal() as leave, opened(config, shield, SystemClock()) as operation:
        say(introduction(config, operation), ExitCode.OK)
        with panel(operation) as watch:
            periods = operation.run(config.periods, leave, watch)
    mode, log = operation.loop.mode, operation.telemetry_path
    say(
        f"{periods} periods, left in mode {mode}; a restart is never above ADVISORY\ntelemetry: {log}",
        ExitCode.OK,
    )
    return ExitCode.INTERRUPTED if leave.is_set() else ExitCode.OK
