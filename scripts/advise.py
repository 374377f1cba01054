"""`ranrein advise`: list, accept or reject what the policy proposes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ranrein.agents.operator_request import Verb

from .operator_cli import add_reason, converse, request_parser

PURPOSE = "List what the policy recommends, accept it (the shield checks again) or reject it."
EXAMPLE = "ranrein advise accept 17 --state runs/loop --as ada"


def main(argv: Sequence[str]) -> int:
    """Ask for the list, or send the person's judgement of one recommendation."""
    options = _options(argv)
    if options.action == "list":
        return converse(options, Verb.ADVISE_LIST, {})
    chosen = {"recommendation_id": options.recommendation}
    if options.action == "accept":
        return converse(options, Verb.ADVISE_ACCEPT, chosen)
    return converse(options, Verb.ADVISE_REJECT, {**chosen, "reason": options.reason})


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = request_parser("advise", PURPOSE, EXAMPLE)
    parser.add_argument("action", choices=["list", "accept", "reject"])
    parser.add_argument(
        "recommendation", nargs="?", metavar="ID", help="recommendation, for accept and reject"
    )
    add_reason(parser, "why; needed for reject")
    options = parser.parse_args(list(argv))
    if (options.recommendation is None) != (options.action == "list"):
        parser.error("accept and reject take one ID, list takes none")
    if options.action == "reject" and not options.reason.strip():
        parser.error("reject needs --reason TEXT, so that the next person knows")
    return options
