"""Worker processes end with the process that started them: killed, terminated, or interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from ranrein.agents import evidence, tuning, worth
from ranrein.agents.workers import end_with_parent, worker_pool
from ranrein.scripts.exit_codes import ExitCode

PATIENCE_S = 300.0  # for what takes seconds on an idle machine
PROGRAM = """
import sys, threading
from ranrein.agents.workers import worker_pool
from ranrein.scripts import certify
from ranrein.scripts.main import main

def toil(number):
    print("at work", flush=True)
    threading.Event().wait()  # for ever

def run(argv):
    with worker_pool(2) as pool:
        list(pool.map(toil, range(2)))

if __name__ == "__main__":
    certify.main = run
    sys.exit(main(["certify"]))
"""


@pytest.fixture
def parent(tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """A verb with two workers that never finish; all three hold the far end of one pipe."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["at work\n"] * 2
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_process_that_started_it(parent: subprocess.Popen[str], end: int) -> None:
    parent.send_signal(end)
    parent.communicate(timeout=PATIENCE_S)  # the pipe ends when nobody holds it any more
    assert parent.returncode == (ExitCode.INTERRUPTED if end == signal.SIGTERM else -signal.SIGKILL)


@pytest.mark.parametrize("module", [evidence, tuning, worth])
def test_everything_that_shares_work_uses_such_workers(module: object) -> None:
    assert module.worker_pool is worker_pool  # type: ignore[attr-defined]


def test_a_process_that_is_nobodys_worker_watches_nobody() -> None:
    end_with_parent()
