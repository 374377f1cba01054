"""Signing identities: Ed25519 keys with a name, a role and the environment they were made for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ..twin.canonical import canonical_bytes, sha256_hex
from .files import write_new

PRIVATE_SUFFIX, PUBLIC_SUFFIX = ".key.pem", ".public.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Role(StrEnum):
    """Who may sign what; a person may hold several keys, one per role."""

    TRAINER = "trainer"
    CERTIFIER = "certifier"
    OPERATOR = "operator"
    SAFETY_OFFICER = "safety_officer"
    SERVICE = "service"


class Environment(StrEnum):
    """What a key can open: demo and lab keys never open a network that is not a twin."""

    DEMO = "demo"
    LAB = "lab"
    LIVE = "live"


class KeyProblem(ValueError):
    """A key file that is missing, damaged, unsafe or in the way."""


class Identity(BaseModel):
    """The public half of a key; `key_id` is the SHA-256 of the raw public key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Role
    environment: Environment
    key_id: str
    public_key: str  # base64 of the 32 raw bytes

    @model_validator(mode="after")
    def _key_names_itself(self) -> Identity:
        if sha256_hex(self.raw()) != self.key_id:
            raise ValueError(f"key_id {self.key_id!r} is not the SHA-256 of public_key; the file was changed")
        return self

    def raw(self) -> bytes:
        """The 32 bytes of the public key; ValueError when they are not there."""
        try:
            raw = base64.b64decode(self.public_key, validate=True)
        except binascii.Error as error:
            raise ValueError(f"public_key is not base64: {error}") from error
        if len(raw) != 32:
            raise ValueError(f"public_key has {len(raw)} bytes, an Ed25519 key has 32")
        return raw

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the holder of this identity signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw()).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """An identity with its private key."""

    identity: Identity
    private_key: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self.private_key.sign(message)


@dataclass(frozen=True)
class TrustStore:
    """The identities whose signatures count."""

    identities: tuple[Identity, ...] = ()

    def find(self, key_id: str) -> Identity | None:
        """The trusted identity with this key id, if any."""
        return next((identity for identity in self.identities if identity.key_id == key_id), None)


def create(folder: Path, name: str, role: Role, environment: Environment) -> Signer:
    """Make a key pair in `folder`: NAME.key.pem (mode 0600) and NAME.public.json; never overwrites."""
    if not _NAME.fullmatch(name):
        raise KeyProblem(f"key name {name!r}: use 1 to 64 letters, digits, '.', '_' and '-'")
    folder.mkdir(parents=True, exist_ok=True)
    private_path, public_path = folder / (name + PRIVATE_SUFFIX), folder / (name + PUBLIC_SUFFIX)
    for path in (private_path, public_path):
        if path.exists():
            raise KeyProblem(
                f"{path} exists; choose another name, or move the old key away if it is not needed"
            )
    private_key = Ed25519PrivateKey.generate()
    identity = _identity(private_key, name, Role(role), Environment(environment))
    write_new(private_path, _pem(private_key), mode=0o600)
    write_new(public_path, canonical_bytes(identity.model_dump(mode="json")) + b"\n")
    return Signer(identity, private_key)


def load_signer(folder: Path, name: str) -> Signer:
    """The key pair NAME of `folder`; KeyProblem when missing, readable by others or no pair."""
    path = folder / (name + PRIVATE_SUFFIX)
    if not path.is_file():
        raise KeyProblem(f"{path} does not exist; make it with: ranrein keys create {name}")
    if path.stat().st_mode & 0o077:
        raise KeyProblem(
            f"{path} has mode {path.stat().st_mode & 0o777:04o}; others may read it: chmod 600 {path}"
        )
    private_key = _read_private(path)
    identity = read_identity(folder / (name + PUBLIC_SUFFIX))
    if identity.raw() != _raw_public(private_key):
        raise KeyProblem(
            f"{path} and {name + PUBLIC_SUFFIX} are not one pair; restore the file that was exchanged"
        )
    return Signer(identity, private_key)


def load_trusted(folder: Path) -> TrustStore:
    """Every NAME.public.json of `folder`, sorted by name; KeyProblem naming the first that cannot be read."""
    if not folder.is_dir():
        raise KeyProblem(f"{folder} is no folder; put the public records of the trusted keys into one")
    return trusted(read_identity(path) for path in sorted(folder.glob("*" + PUBLIC_SUFFIX)))


def trusted(identities: Iterable[Identity]) -> TrustStore:
    """A trust store; KeyProblem when one key appears twice, as it would then have two roles."""
    store = TrustStore(tuple(identities))
    ids = [identity.key_id for identity in store.identities]
    for key_id in ids:
        if ids.count(key_id) > 1:
            raise KeyProblem(f"key {key_id} is listed {ids.count(key_id)} times; keep one record per key")
    return store


def read_identity(path: Path) -> Identity:
    """One public record; KeyProblem naming the file and what is wrong with it."""
    try:
        return Identity.model_validate_json(path.read_bytes())
    except OSError as error:
        raise KeyProblem(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise KeyProblem(f"{path}: {'.'.join(map(str, first['loc'])) or 'record'}: {first['msg']}") from error


def _identity(private_key: Ed25519PrivateKey, name: str, role: Role, environment: Environment) -> Identity:
    raw = _raw_public(private_key)
    public_key = base64.b64encode(raw).decode("ascii")
    return Identity(
        name=name, role=role, environment=environment, key_id=sha256_hex(raw), public_key=public_key
    )


def _raw_public(private_key: Ed25519PrivateKey) -> bytes:
    return private_key.public_key().public_bytes_raw()


def _pem(private_key: Ed25519PrivateKey) -> bytes:
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read_private(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyProblem(f"{path} is no unencrypted PEM private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyProblem(f"{path} holds a {type(key).__name__}; only Ed25519 keys are used")
    return key
