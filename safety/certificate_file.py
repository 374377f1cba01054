"""Signed certificate files: one DSSE envelope as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from ..twin.canonical import canonical_bytes
from .files import replace
from .keys import Role, Signer, TrustStore
from .record import CertificateRecord
from .statement import sign_statement, statement, verify_envelope

PREDICATE_TYPE = "urn:ranrein:certificate:v1"
MAX_BYTES = 1 << 20


class CertificateFileError(ValueError):
    """A certificate file that cannot be read; the text names file, field and repair."""


def sign(record: CertificateRecord, signer: Signer) -> dict[str, object]:
    """The signed envelope; the subject of the statement is the policy digest."""
    predicate = record.model_dump(mode="json")
    payload = statement({"policy": record.digests["policy"]}, PREDICATE_TYPE, predicate)
    return sign_statement(payload, signer)


def save(record: CertificateRecord, signer: Signer, path: Path) -> None:
    """Sign a certificate and write it in one step."""
    if signer.identity.environment is not record.environment:
        made_for = signer.identity.environment
        raise CertificateFileError(
            f"environment is {record.environment}, but the key of {signer.identity.name} is for {made_for}; "
            "use a key of the same environment"
        )
    replace(Path(path), canonical_bytes(sign(record, signer)) + b"\n")


def load(path: Path) -> dict[str, object]:
    """The envelope in a file, unverified; CertificateFileError when it is not one JSON object."""
    try:
        data = Path(path).read_bytes()
        envelope = json.loads(data) if len(data) <= MAX_BYTES else None
    except OSError as error:
        raise CertificateFileError(f"{path}: {error.strerror}; name an existing certificate") from error
    except ValueError as error:
        raise CertificateFileError(f"{path} is not JSON: {error}; copy the certificate again") from error
    if not isinstance(envelope, dict):
        raise CertificateFileError(
            f"{path} ({len(data)} bytes) is not one JSON object of at most {MAX_BYTES} bytes"
        )
    return envelope


def verify_file(path: Path, trust: TrustStore) -> CertificateRecord:
    """The record in a file that a trusted certifier signed; whether it applies here is for `record.check`.

    SignatureRefused when the signature does not hold, CertificateFileError when it is no certificate.
    """
    payload = verify_envelope(load(path), trust, Role.CERTIFIER)
    if payload.get("predicateType") != PREDICATE_TYPE:
        found = payload.get("predicateType")
        raise CertificateFileError(f"{path}: predicateType is {found!r}, expected {PREDICATE_TYPE!r}")
    record = _record(path, payload.get("predicate"))
    subject = statement({"policy": record.digests["policy"]}, PREDICATE_TYPE, {})["subject"]
    if payload.get("subject") != subject:
        raise CertificateFileError(f"{path}: subject is not the policy digest {record.digests['policy']}")
    return record


def _record(path: Path, predicate: object) -> CertificateRecord:
    try:
        return CertificateRecord.model_validate_json(canonical_bytes(predicate))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "predicate"
        raise CertificateFileError(f"{path}: {field}: {first['msg']}; certify again") from error
