"""`ranrein stop`: stop a loop, through its socket or, when that is dead, through a file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from ranrein.agents.control_socket import LoopUnreachable, leave_stop
from ranrein.agents.operator_request import Verb

from .exit_codes import ExitCode
from .main import say
from .operator_cli import add_reason, ask, request_parser, show

PURPOSE = """Stop a loop and restore the last known good configuration. One operator is enough.
Without an answer, or without a usable key, the file STOP in the state directory does the same:
whoever may write there may stop."""
PATIENCE_S = 5.0  # then the file; stopping twice does no harm
EXAMPLE = 'ranrein stop --reason "complaints from the stadium" --state runs/loop --as ada'


def main(argv: Sequence[str]) -> int:
    """Stop through the socket; leave the stop file where nothing takes the request."""
    parser = request_parser("stop", PURPOSE, EXAMPLE)
    add_reason(parser, "why, for the record")
    options = parser.parse_args(list(argv))
    try:
        answer = ask(options, Verb.STOP, {"reason": options.reason}, PATIENCE_S)
    except (LoopUnreachable, ValueError, OSError) as problem:
        return _by_file(options, str(problem))
    return show(options, answer)


def _by_file(options: argparse.Namespace, problem: str) -> int:
    if not options.state.is_dir():
        text = (
            f"--state {options.state} is no folder, nothing was stopped; name the state directory of a loop"
        )
        return say(f"ranrein stop: {text}", ExitCode.USAGE)
    person = options.name or f"user {os.getuid()}"
    try:
        path = leave_stop(options.state, person, options.reason)
    except OSError as error:
        text = f"ranrein stop: {problem}; the stop file cannot be written either: {error}"
        return say(text, ExitCode.UNREACHABLE)
    if options.json:
        return show(options, {"stop_file": str(path), "because": problem})
    return say(f"{problem}\nstop file written: {path}; the loop stops when it next looks there", ExitCode.OK)
