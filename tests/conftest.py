"""What tests share: third-party reference data, and an honest count of the tests that went without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

VARIABLE = "RANREIN_REFERENCE_DATA"
REASON = f"set {VARIABLE} to the folder with the reference data"

# The same examples in every run and no clock: how busy the machine is decides nothing.
settings.register_profile(
    "ranrein", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ranrein")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder with third-party reference values; skips the test where there is none."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip(REASON)
    path = Path(folder)
    assert path.is_dir(), f"{VARIABLE}={folder!r} is not a folder"
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many reference tests did not run, so that a green run cannot hide them."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(VARIABLE in str(report.longrepr) for report in skipped)
    hint = f"; {REASON}" if count else ""
    terminalreporter.write_line(f"reference tests skipped: {count}{hint}")
