"""The command `ranrein`: finds the verb and loads only its module."""

from __future__ import annotations

import difflib
import errno
import importlib
import multiprocessing
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version

from rich.console import Console

from .exit_codes import ExitCode
from .verbs import VERBS

OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)
EXTRAS = {
    "minari": "offline",
    "h5py": "offline",
    "pettingzoo": "multiagent",
    "ray": "ray",
}  # the others: train
EXAMPLE = "ranrein train env=energy_saving agent=ppo scenario=urban"


def usage() -> str:
    """Text of `ranrein --help`."""
    verbs = "".join(f"  {verb:<12}{purpose}\n" for verb, purpose in VERBS.items())
    return f"usage: ranrein VERB [options]\n\n{verbs}\nexample: {EXAMPLE}\nmore:    ranrein VERB --help"


def unknown(verb: str) -> str:
    """One line for a verb that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(verb, VERBS, n=1)
    return f"unknown verb {verb!r}; " + (f"did you mean {near[0]!r}?" if near else "see `ranrein --help`")


def main(argv: list[str] | None = None) -> int:
    """Run one verb and return its exit code (`ExitCode`)."""
    verb, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if verb in ("--help", "-h", "--version"):
        return say(usage() if verb != "--version" else f"ranrein {version('ranrein')}", ExitCode.OK)
    if verb not in VERBS:
        return say(f"ranrein: {unknown(verb)}", ExitCode.USAGE)
    try:
        with termination_as_interrupt():
            return importlib.import_module(f"ranrein.scripts.{verb}").main(rest)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("ranrein"):
            raise
        extra = EXTRAS.get(str(error.name).split(".")[0], "train")
        return say(f"ranrein {verb}: {error}; pip install 'ranrein[{extra}]'", ExitCode.ERROR)
    except OSError as error:
        if error.errno not in OUT_OF_SPACE:
            raise
        place = f"{error.filename}: " if error.filename else ""
        hint = "what was complete is kept; make room and run it again (a training run: resume=RUN)"
        return say(f"ranrein {verb}: {place}{error.strerror}; {hint}", ExitCode.ERROR)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


@contextmanager
def termination_as_interrupt() -> Generator[None]:
    """Let SIGTERM end a verb as Ctrl-C does, which a terminal sends to its workers too. Main thread only."""

    def end(_signal: int, _frame: object) -> None:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def say(text: str, code: ExitCode) -> ExitCode:
    """Print `text`, to standard error unless all is well, and hand back the code."""
    Console(stderr=code != ExitCode.OK, soft_wrap=True).print(text, markup=False, highlight=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
