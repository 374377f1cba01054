"""`ranrein keys`: create and list signing identities."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ranrein.safety.keys import Environment, KeyProblem, Role, create, load_trusted

from .exit_codes import ExitCode
from .main import say
from .operator_cli import keys_folder, plain_parser, show

PURPOSE = "Create a signing identity (the private half gets mode 0600), or list those that a loop trusts."
EXAMPLE = "ranrein keys create ada --role operator --environment lab --state runs/loop"


def main(argv: Sequence[str]) -> int:
    """Make a key pair or show the public records."""
    options = _options(argv)
    try:
        return _create(options) if options.action == "create" else _list(options)
    except (KeyProblem, OSError) as error:
        return say(f"ranrein keys: {error}", ExitCode.USAGE)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = plain_parser("keys", PURPOSE, EXAMPLE)
    parser.add_argument("action", choices=["create", "list"])
    parser.add_argument("name", nargs="?", metavar="NAME", help="name of the person or service")
    parser.add_argument("--role", choices=[str(role) for role in Role], help="what the key may sign")
    kinds = [str(kind) for kind in Environment]
    parser.add_argument("--environment", choices=kinds, default="lab", help="what it may open (lab)")
    options = parser.parse_args(list(argv))
    if options.action == "create" and not (options.name and options.role):
        parser.error("create needs a NAME and --role ROLE")
    return options


def _create(options: argparse.Namespace) -> int:
    role, environment = Role(options.role), Environment(options.environment)
    made = create(keys_folder(options), options.name, role, environment)
    return show(options, {"created": str(keys_folder(options)), **made.identity.model_dump(mode="json")})


def _list(options: argparse.Namespace) -> int:
    rows = [identity.model_dump(mode="json") for identity in load_trusted(keys_folder(options)).identities]
    return show(options, {"identities": [{**row, "key_id": row["key_id"][:16]} for row in rows]})
