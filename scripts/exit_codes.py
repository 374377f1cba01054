"""Exit codes of every verb: a script can tell a refusal from a failure without reading the text."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to its caller."""

    OK = 0
    """The verb did what was asked; for a certificate, PASS."""
    ERROR = 1
    """Something broke; the message names it."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was done."""
    INCONCLUSIVE = 3
    """Not enough evidence for either verdict within the budget."""
    REFUSED = 4
    """A guard said no: a certificate, signature, role or lifecycle does not allow it."""
    NOT_READY = 5
    """No shield is ready: its self-test failed, or the twin cannot foresee the demand."""
    FAIL = 6
    """The evidence says the claim does not hold."""
    AUDIT_BROKEN = 7
    """The audit chain does not verify."""
    UNREACHABLE = 8
    """No loop answers at this socket."""
    INTERRUPTED = 130
    """Stopped by the keyboard (128 + SIGINT); SIGTERM ends a verb in the same way."""
