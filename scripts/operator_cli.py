"""What the operator verbs share: who asks which loop, and how its answer is shown."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ranrein.agents.control_socket import Answer, LoopUnreachable, send, words
from ranrein.agents.operator_request import Verb, compose, sign
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import PRIVATE_SUFFIX, KeyProblem, Signer, load_signer

from .exit_codes import ExitCode
from .main import say

STATE = Path("runs") / "loop"
_WIDTH = 130  # where no terminal says how wide it is


def plain_parser(verb: str, purpose: str, example: str) -> argparse.ArgumentParser:
    """Parser of a verb that has a state directory: `--state`, `--keys`, `--json`, an example in its help."""
    parser = argparse.ArgumentParser(
        prog=f"ranrein {verb}",
        description=purpose,
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--state", type=Path, default=STATE, metavar="DIR", help=f"state directory of the loop ({STATE})")
    add("--keys", type=Path, metavar="DIR", help="folder of the signing identities (STATE/keys)")
    add("--json", action="store_true", help="print the answer as JSON")
    return parser


def request_parser(verb: str, purpose: str, example: str) -> argparse.ArgumentParser:
    """Parser of a verb that asks a running loop: also `--as`."""
    parser = plain_parser(verb, purpose, example)
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="your identity; needed if there are several"
    )
    return parser


def add_reason(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add `--reason`."""
    parser.add_argument("--reason", type=words, default="", metavar="TEXT", help=purpose)


def keys_folder(options: argparse.Namespace) -> Path:
    """Where the identities are."""
    return options.keys or options.state / "keys"


def signer_of(options: argparse.Namespace) -> Signer:
    """The identity named by `--as`, or the only one there is; KeyProblem otherwise."""
    folder = keys_folder(options)
    if not folder.is_dir() and not options.state.is_dir():
        raise KeyProblem(f"--state {options.state} is no folder; name the state directory of a loop")
    names = sorted(path.name.removesuffix(PRIVATE_SUFFIX) for path in folder.glob("*" + PRIVATE_SUFFIX))
    if options.name is None and len(names) != 1:
        found = f"{folder} has {', '.join(names)}" if names else f"there is none in {folder}"
        raise KeyProblem(f"say who you are with --as NAME; {found}")
    return load_signer(folder, options.name or names[0])


def ask(
    options: argparse.Namespace, verb: Verb, arguments: Mapping[str, str], timeout_s: float = 10.0
) -> Answer:
    """The loop's answer to a signed request; LoopUnreachable, KeyProblem, ValueError or OSError."""
    signer = signer_of(options)
    signed = sign(compose(verb, arguments, signer, SystemClock().utc()), signer)
    return send(options.state, signed, timeout_s)


def converse(options: argparse.Namespace, verb: Verb, arguments: Mapping[str, str]) -> int:
    """Ask, show the answer and return the exit code."""
    try:
        return show(options, ask(options, verb, arguments))
    except LoopUnreachable as error:
        return say(f"ranrein: {error}", ExitCode.UNREACHABLE)
    except (ValueError, OSError) as error:
        return say(f"ranrein: {error}", ExitCode.USAGE)


def show(options: argparse.Namespace, answer: Answer) -> int:
    """Print an answer; REFUSED when the loop said no, and not when it waits for a second person."""
    refused = answer.get("granted") is False and not answer.get("pending")
    if options.json:
        Console(soft_wrap=True).print(json.dumps(answer), markup=False, highlight=False)
    elif refused:
        say(f"refused: {'; '.join(refusals_of(answer))}", ExitCode.REFUSED)
    else:
        console = Console()
        (console if console.is_terminal else Console(width=_WIDTH)).print(render(answer))
    return ExitCode.REFUSED if refused else ExitCode.OK


def refusals_of(answer: Answer) -> list[str]:
    """Why the loop said no."""
    refusals = answer.get("refusals")
    return (
        [str(text) for text in refusals] if isinstance(refusals, list) and refusals else ["no reason given"]
    )


def render(value: object) -> RenderableType:
    """JSON for people: objects as two columns, lists of objects as tables, other lists line by line."""
    if isinstance(value, Mapping):
        grid = Table.grid(padding=(0, 2))
        for key, item in value.items():
            grid.add_row(Text(str(key), style="bold"), render(item))
        return grid
    if isinstance(value, list):
        return _table(value) if value and all(isinstance(row, Mapping) for row in value) else _lines(value)
    return Text("none" if value is None else str(value))


def _table(rows: list[Mapping[str, object]]) -> Table:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*(escape(str(column)) for column in columns))
    for row in rows:
        table.add_row(*(render(row.get(column, "")) for column in columns))
    return table


def _lines(values: list[object]) -> RenderableType:
    return Group(*(render(value) for value in values)) if values else Text("none")
