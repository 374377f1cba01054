"""`ranrein mode`: show or change the loop mode."""

from __future__ import annotations

from collections.abc import Sequence

from ranrein.agents.operator_request import Verb
from ranrein.safety.lifecycle import MODES, TRANSITIONS, Trigger

from .operator_cli import add_reason, converse, request_parser

PURPOSE = "Show the loop mode, or ask for another; from GUARDED up a second person must approve."
EXAMPLE = 'ranrein mode SHADOW --reason "the twin is synchronised" --state runs/loop --as ada'


def main(argv: Sequence[str]) -> int:
    """Ask the loop for a mode; without one, for its status."""
    commanded = {row.target for row in TRANSITIONS if row.trigger is Trigger.COMMAND}
    parser = request_parser("mode", PURPOSE, EXAMPLE)
    modes = [str(mode) for mode in MODES if mode in commanded]
    parser.add_argument("mode", nargs="?", type=str.upper, choices=modes, help="wanted mode; none: show it")
    add_reason(parser, "why; needed for GUARDED, CLOSED_LOOP and to reset a stop")
    options = parser.parse_args(list(argv))
    if options.mode is None:
        return converse(options, Verb.STATUS, {})
    return converse(options, Verb.MODE, {"mode": options.mode, "reason": options.reason})
