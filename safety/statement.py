"""Signed statements: in-toto Statement v1 inside a DSSE envelope, signed with Ed25519."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from enum import StrEnum

from ..twin.canonical import canonical_bytes
from .keys import Identity, Role, Signer, TrustStore

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


class Reason(StrEnum):
    """Why a signature was refused."""

    MALFORMED = "malformed"
    PAYLOAD_TYPE = "payload_type"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    WRONG_ROLE = "wrong_role"
    BAD_SIGNATURE = "bad_signature"
    ENVIRONMENT = "environment"


class SignatureRefused(ValueError):
    """A statement nobody trusted has signed; `reason` says which check failed."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason


def statement(
    subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, object]
) -> dict[str, object]:
    """An in-toto Statement v1; `subjects` maps names to SHA-256 digests in hexadecimal."""
    subject = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())]
    return {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed (DSSE v1, PAE): type and payload, each with its length in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_statement(payload: Mapping[str, object], signer: Signer) -> dict[str, object]:
    """A DSSE envelope around the canonical bytes of a statement, with one signature."""
    body = canonical_bytes(payload)
    signature = signer.sign(pre_authentication_encoding(PAYLOAD_TYPE, body))
    entry = {"keyid": signer.identity.key_id, "sig": base64.b64encode(signature).decode("ascii")}
    return {
        "payload": base64.b64encode(body).decode("ascii"),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [entry],
    }


def verify_envelope(
    envelope: Mapping[str, object], trust: TrustStore, required_role: Role
) -> dict[str, object]:
    """The statement inside, once a trusted key of the required role has signed exactly these bytes.

    A statement whose predicate names an environment must be signed by a key of that same environment.
    Otherwise SignatureRefused with a distinct reason; with several signatures, one good one is enough.
    """
    body = _payload(envelope)
    message = pre_authentication_encoding(PAYLOAD_TYPE, body)
    refusals: list[SignatureRefused] = []
    for entry in _signatures(envelope):
        try:
            return _checked(body, _signer_of(entry, message, trust, required_role))
        except SignatureRefused as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _payload(envelope: Mapping[str, object]) -> bytes:
    payload_type = envelope.get("payloadType")
    if payload_type != PAYLOAD_TYPE:
        raise SignatureRefused(
            Reason.PAYLOAD_TYPE, f"payloadType is {payload_type!r}, expected {PAYLOAD_TYPE!r}"
        )
    return _decoded(envelope.get("payload"), "payload")


def _signatures(envelope: Mapping[str, object]) -> list[object]:
    entries = envelope.get("signatures")
    if not isinstance(entries, list) or not entries:
        raise SignatureRefused(Reason.UNSIGNED, "the envelope has no signatures; have it signed again")
    return list(entries)


def _signer_of(entry: object, message: bytes, trust: TrustStore, required_role: Role) -> Identity:
    if not isinstance(entry, dict):
        raise SignatureRefused(Reason.MALFORMED, f"a signature is {entry!r}, expected an object")
    identity = trust.find(str(entry.get("keyid")))
    if identity is None:
        raise SignatureRefused(Reason.UNKNOWN_KEY, f"key {entry.get('keyid')!r} is not in the trust store")
    if not identity.verifies(_decoded(entry.get("sig"), "sig"), message):
        raise SignatureRefused(
            Reason.BAD_SIGNATURE, f"the signature of {identity.name} does not fit the payload"
        )
    if identity.role is not required_role:
        raise SignatureRefused(
            Reason.WRONG_ROLE, f"{identity.name} signed as {identity.role}, but a {required_role} is required"
        )
    return identity


def _checked(body: bytes, identity: Identity) -> dict[str, object]:
    payload = _parsed(body)
    predicate = payload.get("predicate")
    stated = predicate.get("environment") if isinstance(predicate, dict) else None
    if stated is not None and stated != identity.environment.value:
        raise SignatureRefused(
            Reason.ENVIRONMENT,
            f"environment is {stated!r}, but {identity.name} has a {identity.environment} key",
        )
    return payload


def _parsed(body: bytes) -> dict[str, object]:
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise SignatureRefused(Reason.MALFORMED, f"the payload is not JSON: {error}") from error
    if not isinstance(payload, dict) or payload.get("_type") != STATEMENT_TYPE:
        raise SignatureRefused(
            Reason.MALFORMED, f"the payload is not an in-toto statement ({STATEMENT_TYPE})"
        )
    return payload


def _decoded(value: object, field: str) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRefused(Reason.MALFORMED, f"{field} is not base64: {error}") from error
