"""Command line of a verb that hydra configures: overrides, `--show`, `--help` with an example."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from ranrein.agents.config import EnvConfig

from .hydra_config import as_yaml, compose

OWN = "Without scenario=NAME it runs on the problem's own scenario."


def parse(verb: str, purpose: str, example: str, argv: Sequence[str]) -> argparse.Namespace:
    """Return the namespace with ``overrides`` and ``show``; leaves the process on `--help`."""
    parser = argparse.ArgumentParser(
        prog=f"ranrein {verb}",
        description=purpose,
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings to change; see --show")
    parser.add_argument("--show", action="store_true", help="print the composed configuration and stop")
    return parser.parse_args(list(argv))


def subject(env: EnvConfig, scenario: str) -> str:
    """Say which control problem runs on which scenario."""
    return f"{env.id} on scenario {scenario}"


def load_words(load_file: str | None, load_column: str | None) -> list[str]:
    """Return what a command line has to say so that another verb runs under the same load."""
    words = {"load_file": load_file, "load_column": load_column}
    return [shlex.quote(f"{name}={value}") for name, value in words.items() if value is not None]


def settings(verb: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the composed configuration; print it if asked."""
    config = compose(verb, options.overrides)
    if options.show:
        Console(soft_wrap=True).print(as_yaml(config), markup=False, highlight=False)
    return config
