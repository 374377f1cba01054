"""What a person may ask of a running loop: signed, named, fresh, and each request counts once."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..safety.keys import Environment, Identity, Role, Signer, TrustStore
from ..safety.statement import Reason, SignatureRefused, sign_statement, statement, verify_envelope
from ..twin.canonical import canonical_bytes, digest_of

REQUEST_TYPE = "urn:ranrein:operator-request:v1"
LIFE = timedelta(minutes=2)  # from signing to arrival
AHEAD = timedelta(seconds=5)  # both ends run on one machine; more is a wrong clock
_CLAIM, _TEXT = 64, 500  # characters kept of what a refused request says

Words = Annotated[str, StringConstraints(max_length=2000)]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Verb(StrEnum):
    """What can be asked."""

    MODE = "mode"
    APPROVE = "approve"
    ADVISE_LIST = "advise_list"
    ADVISE_ACCEPT = "advise_accept"
    ADVISE_REJECT = "advise_reject"
    STOP = "stop"
    STATUS = "status"


_OPERATOR, _ANYBODY = frozenset({Role.OPERATOR}), frozenset(Role)
VERB_ROLES: dict[Verb, frozenset[Role]] = {  # whoever is not in the row is refused
    Verb.MODE: _OPERATOR,
    Verb.APPROVE: frozenset({Role.OPERATOR, Role.SAFETY_OFFICER}),
    Verb.ADVISE_LIST: _ANYBODY,
    Verb.ADVISE_ACCEPT: _OPERATOR,
    Verb.ADVISE_REJECT: _OPERATOR,
    Verb.STOP: _OPERATOR,
    Verb.STATUS: _ANYBODY,
}
VERB_ARGUMENTS: dict[Verb, frozenset[str]] = {  # exactly these, all text
    Verb.MODE: frozenset({"mode", "reason"}),
    Verb.APPROVE: frozenset({"request_id"}),
    Verb.ADVISE_LIST: frozenset(),
    Verb.ADVISE_ACCEPT: frozenset({"recommendation_id"}),
    Verb.ADVISE_REJECT: frozenset({"recommendation_id", "reason"}),
    Verb.STOP: frozenset({"reason"}),
    Verb.STATUS: frozenset(),
}
READS = frozenset({Verb.ADVISE_LIST, Verb.STATUS})  # they change nothing


class Code(StrEnum):
    """Why a request was refused."""

    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ROLE = "wrong_role"
    WRONG_PERSON = "wrong_person"
    ENVIRONMENT = "environment"
    STALE = "stale"
    REPLAYED = "replayed"
    SUPERSEDED = "superseded"  # a stop came after it was made


class RequestRefused(ValueError):
    """A request that is not carried out; `who` begins with "unproven" unless the signature proved it."""

    def __init__(self, code: Code, text: str, who: str = "unproven: unknown", verb: str = "unknown") -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.who, self.verb = code, text[:_TEXT], who, verb


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class OperatorRequest:
    """One request by one person; the arguments are those of `VERB_ARGUMENTS`."""

    verb: Verb
    arguments: dict[str, Words]
    person: str
    role: Role
    environment: Environment
    nonce: Nonce
    utc: AwareDatetime

    def fields(self) -> dict[str, object]:
        """The request as JSON values."""
        return {**asdict(self), "utc": self.utc.isoformat()}

    def canonical(self) -> bytes:
        """The one byte string of this request."""
        return canonical_bytes(self.fields())

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes."""
        return digest_of(self.fields())


class SeenNonces:
    """Which requests have been taken, as long as they could be replayed; any thread.

    Args:
        since: start of the loop; what was signed earlier may have been taken by the loop before it.
    """

    def __init__(self, since: datetime) -> None:
        self.since = since
        self._taken: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def take(self, nonce: str, signed: datetime, now: datetime) -> bool:
        """Whether this nonce is new; from now on it is not."""
        with self._lock:
            self._taken = {key: utc for key, utc in self._taken.items() if now - utc <= 2 * LIFE}
            if nonce in self._taken:
                return False
            self._taken[nonce] = signed
            return True


_READER = TypeAdapter(OperatorRequest)
_CODES = {reason: Code(reason.value) for reason in Reason if reason.value in set(Code)}


def compose(verb: Verb, arguments: Mapping[str, str], signer: Signer, now: datetime) -> OperatorRequest:
    """A new request of the signer's owner."""
    who = signer.identity
    nonce = secrets.token_hex(16)
    return OperatorRequest(verb, dict(arguments), who.name, who.role, who.environment, nonce, now)


def sign(request: OperatorRequest, signer: Signer) -> dict[str, object]:
    """The request in a signed envelope, ready to be sent."""
    subject = {f"operator-request/{request.verb}": request.digest}
    return sign_statement(statement(subject, REQUEST_TYPE, request.fields()), signer)


def verify(
    envelope: Mapping[str, object],
    trust: TrustStore,
    now: datetime,
    seen_nonces: SeenNonces,
    environment: Environment | None = None,
) -> OperatorRequest:
    """The request inside, if a trusted person may make it now; RequestRefused with a distinct code otherwise.

    Args:
        envelope: as made by `sign`.
        trust: whose signatures count.
        now: wall time, the same clock as the signer's.
        seen_nonces: remembers the request, so that it is taken once.
        environment: only keys made for it open this loop; None where the network is a twin.
    """
    request, identity = _authentic(envelope, trust)
    _check_person(request, identity, environment)
    _check_verb(request)
    _check_time(request, now, seen_nonces)
    return request


def _authentic(envelope: Mapping[str, object], trust: TrustStore) -> tuple[OperatorRequest, Identity]:
    """The request and who signed it, both proven by the signature."""
    identity = _signer(envelope, trust)
    try:
        payload = verify_envelope(envelope, trust, identity.role)
        if payload.get("predicateType") != REQUEST_TYPE:
            raise ValueError(f"predicateType is {payload.get('predicateType')!r}, expected {REQUEST_TYPE!r}")
        return _READER.validate_json(canonical_bytes(payload.get("predicate"))), identity
    except SignatureRefused as error:
        code = _CODES.get(error.reason, Code.MALFORMED)
        raise RequestRefused(code, str(error), f"unproven: {identity.name}") from error
    except (ValueError, RecursionError) as error:
        raise RequestRefused(Code.MALFORMED, _described(error), f"unproven: {identity.name}") from error


def _signer(envelope: Mapping[str, object], trust: TrustStore) -> Identity:
    """Whose key the envelope names; nothing is proven yet."""
    entries = envelope.get("signatures")
    if not isinstance(entries, list) or not entries:
        raise RequestRefused(Code.UNSIGNED, "the request carries no signature; sign it with your key")
    if len(entries) != 1 or not isinstance(entries[0], dict):
        raise RequestRefused(Code.MALFORMED, f"{len(entries)} signatures; one person makes one request")
    key_id = str(entries[0].get("keyid"))[:_CLAIM]
    identity = trust.find(key_id)
    if identity is None:
        text = f"key {key_id!r} is not trusted here; put its public record into the loop's keys folder"
        raise RequestRefused(Code.UNKNOWN_KEY, text, f"unproven: key {key_id!r}")
    return identity


def _described(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'request'}: {first['msg']}"


def _check_person(request: OperatorRequest, identity: Identity, environment: Environment | None) -> None:
    if (request.person, request.role) != (identity.name, identity.role):
        text = f"the request says {request.person}, the key is {identity.name}'s; sign with your own key"
        raise RequestRefused(Code.WRONG_PERSON, text, identity.name, request.verb)
    if environment is not None and identity.environment is not environment:
        text = f"{identity.name} has a {identity.environment} key; this loop opens to {environment} keys only"
        raise _refused(request, Code.ENVIRONMENT, text)


def _check_verb(request: OperatorRequest) -> None:
    roles, takes = VERB_ROLES.get(request.verb, frozenset()), VERB_ARGUMENTS[request.verb]
    if request.role not in roles:
        text = f"{request.verb} needs {' or '.join(sorted(roles))}; {request.person} is {request.role}"
        raise _refused(request, Code.WRONG_ROLE, text)
    if request.arguments.keys() != takes:
        text = f"{request.verb} takes {sorted(takes)}, got {sorted(request.arguments)}"
        raise _refused(request, Code.MALFORMED, text)


def _check_time(request: OperatorRequest, now: datetime, seen_nonces: SeenNonces) -> None:
    age = now - request.utc
    if not -AHEAD <= age <= LIFE:
        text = f"signed {age.total_seconds():.0f} s ago, {LIFE.total_seconds():.0f} s at most; ask again"
        raise _refused(request, Code.STALE, text)
    if request.utc < seen_nonces.since:
        raise _refused(request, Code.STALE, "signed before this loop started; ask again")
    if not seen_nonces.take(request.nonce, request.utc, now):
        raise _refused(request, Code.REPLAYED, "this very request was taken before; ask again")


def _refused(request: OperatorRequest, code: Code, text: str) -> RequestRefused:
    return RequestRefused(code, text, request.person, request.verb)
