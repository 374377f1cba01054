"""`ranrein approve`: consent to a pending step, as the second person."""

from __future__ import annotations

from collections.abc import Sequence

from ranrein.agents.operator_request import Verb

from .operator_cli import converse, request_parser

PURPOSE = "Approve a pending step as the second person; `ranrein status` shows what is pending."
EXAMPLE = "ranrein approve 3f9a1c --state runs/loop --as vera"


def main(argv: Sequence[str]) -> int:
    """Send the approval of exactly this request."""
    parser = request_parser("approve", PURPOSE, EXAMPLE)
    parser.add_argument("request", metavar="REQUEST_ID", help="id that the first person was told")
    options = parser.parse_args(list(argv))
    return converse(options, Verb.APPROVE, {"request_id": options.request})
