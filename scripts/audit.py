"""`ranrein audit`: verify an audit log against itself and its signed checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ranrein.safety.audit_verify import VerifyReport, verify_log
from ranrein.safety.keys import KeyProblem, load_trusted

from .exit_codes import ExitCode
from .main import say
from .operator_cli import keys_folder, plain_parser, show

PURPOSE = "Check every record, the chain and every signed checkpoint of an audit log."
EXAMPLE = "ranrein audit verify runs/loop/audit.jsonl --keys runs/loop/keys"


def main(argv: Sequence[str]) -> int:
    """Verify and say how far the log can be trusted."""
    parser = plain_parser("audit", PURPOSE, EXAMPLE)
    parser.add_argument("action", choices=["verify"])
    parser.add_argument("path", nargs="?", type=Path, help="the log (STATE/audit.jsonl)")
    parser.add_argument("--checkpoints", type=Path, help="an exported copy; shows a log cut with its own")
    options = parser.parse_args(list(argv))
    path = options.path or options.state / "audit.jsonl"
    if not path.is_file():
        hint = "name the log, or with --state DIR the loop that wrote it"
        return say(f"ranrein audit: {path} is no file; {hint}", ExitCode.USAGE)
    try:
        report = verify_log(path, load_trusted(keys_folder(options)), options.checkpoints)
    except (KeyProblem, OSError) as error:
        return say(f"ranrein audit: {error}", ExitCode.ERROR)
    if options.json:
        show(options, asdict(report))
    else:
        say(_described(path, report), ExitCode.OK if report.ok else ExitCode.AUDIT_BROKEN)
    return ExitCode.OK if report.ok else ExitCode.AUDIT_BROKEN


def _described(path: Path, report: VerifyReport) -> str:
    if report.ok:
        return f"ok: {path}, {report.records} records, all vouched for by chain and checkpoints"
    return f"broken: {path}, first bad record {report.first_bad} of {report.records}: {report.reason}"
