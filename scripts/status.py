"""`ranrein status`: mode, authority, shield and last actions of a loop."""

from __future__ import annotations

from collections.abc import Sequence

from ranrein.agents.operator_request import Verb

from .operator_cli import converse, request_parser

PURPOSE = "Show where a loop stands; any identity may ask."
EXAMPLE = "ranrein status --state runs/loop --as ada"


def main(argv: Sequence[str]) -> int:
    """Ask and print."""
    options = request_parser("status", PURPOSE, EXAMPLE).parse_args(list(argv))
    return converse(options, Verb.STATUS, {})
