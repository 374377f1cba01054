"""A certificate for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ranrein.agents.certify_job import ClaimLine, claim_lines
from ranrein.safety.record import CertificateRecord

_WIDTH = 130  # where no terminal says how wide it is


def print_certificate(record: CertificateRecord) -> None:
    """Show the claims and what they rest on."""
    heads = ("claim", "limit", "mean", "bound", "episodes", "log e", "verdict")
    table = Table(*heads, caption=_caption(record), caption_justify="left")
    for line in claim_lines(record):
        table.add_row(*_cells(line))
    console = Console()
    (console if console.is_terminal else Console(width=_WIDTH)).print(table)


def _cells(line: ClaimLine) -> list[str]:
    values = [
        f"{line.relation} {_percent(line.limit)}",
        _percent(line.mean),
        f"{line.relation} {_percent(line.bound)}",
    ]
    return [line.name, *values, str(line.n), f"{line.log_e:.2f} of {line.needed:.2f}", str(line.verdict)]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _caption(record: CertificateRecord) -> str:
    confidence = f"{100 * (1 - record.alpha_granted):.3g} % for all claims together"
    reported = "".join(f"\nnot bounded: {name} {value:.3g}" for name, value in record.reported.items())
    return (
        f"certificate {record.certificate_id}: level {record.level}, environment {record.environment}, "
        f"attempt {record.attempt}\nconfidence {confidence}\n"
        f"scope {', '.join(record.scope)}; valid until {record.expires:%Y-%m-%d %H:%M} UTC{reported}"
    )
