"""The people and keys of a loop's state directory."""

from __future__ import annotations

import secrets
from pathlib import Path

from ..safety.files import write_new
from ..safety.keys import Environment, Role, Signer, create, load_signer

PEOPLE = {
    "trainer": Role.TRAINER,
    "certifier": Role.CERTIFIER,
    "operator": Role.OPERATOR,
    "officer": Role.SAFETY_OFFICER,
    "service": Role.SERVICE,
}
KEYS, SECRET = "keys", "certify.secret"


def ensure_identities(state_dir: Path, environment: Environment) -> dict[str, Signer]:
    """Create what is missing of a full set of identities, marked with their environment, and return them all."""
    folder = state_dir / KEYS
    folder.mkdir(parents=True, exist_ok=True)
    present = {path.name.removesuffix(".key.pem") for path in folder.glob("*.key.pem")}
    return {
        name: load_signer(folder, name) if name in present else create(folder, name, role, environment)
        for name, role in PEOPLE.items()
    }


def certify_secret(state_dir: Path) -> bytes:
    """Return the secret that certification seeds are drawn with; made once, known to nobody before."""
    path = state_dir / SECRET
    if not path.exists():
        write_new(path, secrets.token_bytes(32), mode=0o600)
    return path.read_bytes()
