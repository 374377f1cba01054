"""Who may ask a loop for what: every reason for which a request is refused, and that it counts once."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ranrein.agents.operator_request import (
    READS,
    VERB_ARGUMENTS,
    VERB_ROLES,
    Code,
    RequestRefused,
    SeenNonces,
    Verb,
    compose,
    sign,
    verify,
)
from ranrein.safety.keys import Environment, Role, create, trusted
from ranrein.safety.statement import PAYLOAD_TYPE, pre_authentication_encoding, sign_statement, statement

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {role: create(folder, f"{role}-1", role, Environment.LAB) for role in Role}


@pytest.fixture
def ask(signers):
    """Verify an envelope at NOW in a loop that started an hour ago, trusting one person per role."""
    trust, seen = (
        trusted(signer.identity for signer in signers.values()),
        SeenNonces(NOW - timedelta(hours=1)),
    )
    return lambda envelope, now=NOW, environment=None: verify(envelope, trust, now, seen, environment)


def arguments(verb):
    return dict.fromkeys(VERB_ARGUMENTS[verb], "something")


def a_request(signer, verb=Verb.STOP):
    return compose(verb, arguments(verb), signer, NOW)


def code_of(ask, *args, **settings):
    with pytest.raises(RequestRefused) as refused:
        ask(*args, **settings)
    return refused.value.code


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("role", Role)
def test_a_verb_is_open_to_the_roles_of_its_row_and_to_nobody_else(verb, role, signers, ask):
    request = a_request(signers[role], verb)
    if role in VERB_ROLES[verb]:
        assert ask(sign(request, signers[role])) == request
    else:
        assert code_of(ask, sign(request, signers[role])) == Code.WRONG_ROLE


def test_every_verb_has_a_row_and_nothing_that_acts_is_open_to_everybody():
    assert VERB_ROLES.keys() == VERB_ARGUMENTS.keys() == set(Verb)
    assert {verb for verb in Verb if VERB_ROLES[verb] == set(Role)} == READS
    assert VERB_ROLES[Verb.STOP] == {Role.OPERATOR}


def test_equal_requests_have_one_byte_string_and_any_change_another(signers):
    request = a_request(signers[Role.OPERATOR], Verb.MODE)
    assert request.canonical() == replace(request).canonical()
    assert replace(request, arguments={"mode": "HOLD", "reason": ""}).digest != request.digest


def test_a_request_counts_once(signers, ask):
    envelope = sign(a_request(signers[Role.OPERATOR]), signers[Role.OPERATOR])
    ask(envelope)
    assert code_of(ask, envelope) == Code.REPLAYED


@pytest.mark.parametrize(("age_s", "fresh"), [(0, True), (120, True), (121, False), (-5, True), (-6, False)])
def test_a_request_lives_two_minutes(age_s, fresh, signers, ask):
    envelope = sign(a_request(signers[Role.OPERATOR]), signers[Role.OPERATOR])
    now = NOW + timedelta(seconds=age_s)
    assert (ask(envelope, now) is not None) if fresh else code_of(ask, envelope, now) == Code.STALE


def test_a_refused_request_does_not_use_its_nonce_up(signers, ask):
    envelope = sign(a_request(signers[Role.OPERATOR]), signers[Role.OPERATOR])
    assert code_of(ask, envelope, NOW - timedelta(minutes=1)) == Code.STALE
    assert ask(envelope).verb is Verb.STOP


def test_a_restarted_loop_takes_nothing_that_the_one_before_may_have_taken(signers):
    envelope = sign(a_request(signers[Role.OPERATOR]), signers[Role.OPERATOR])
    trust, seen = trusted([signers[Role.OPERATOR].identity]), SeenNonces(NOW + timedelta(seconds=1))
    with pytest.raises(RequestRefused, match="before this loop started"):
        verify(envelope, trust, NOW + timedelta(seconds=2), seen)


def test_nonces_are_remembered_for_as_long_as_a_replay_could_be_fresh():
    seen = SeenNonces(NOW)
    assert seen.take("a", NOW, NOW)
    assert not seen.take("a", NOW, NOW + timedelta(minutes=2))
    assert not seen.take("a", NOW, NOW + timedelta(minutes=4))


def test_an_unsigned_request_is_refused(signers, ask):
    envelope = sign(a_request(signers[Role.OPERATOR]), signers[Role.OPERATOR])
    assert code_of(ask, {**envelope, "signatures": []}) == Code.UNSIGNED
    assert code_of(ask, {}) == Code.UNSIGNED


def test_a_stranger_is_refused_and_not_named_as_if_proven(tmp_path, ask):
    stranger = create(tmp_path, "operator-1", Role.OPERATOR, Environment.LAB)
    with pytest.raises(RequestRefused) as refused:
        ask(sign(a_request(stranger), stranger))
    assert refused.value.code == Code.UNKNOWN_KEY
    assert refused.value.who.startswith("unproven: ")


def test_a_changed_request_is_refused(signers, ask):
    operator = signers[Role.OPERATOR]
    envelope = sign(a_request(operator), operator)
    other = sign(compose(Verb.MODE, arguments(Verb.MODE), operator, NOW), operator)
    with pytest.raises(RequestRefused) as refused:
        ask({**envelope, "payload": other["payload"]})
    assert refused.value.code == Code.BAD_SIGNATURE
    assert refused.value.who == "unproven: operator-1"


def test_nobody_signs_in_the_name_of_another(signers, ask):
    operator, trainer = signers[Role.OPERATOR], signers[Role.TRAINER]
    assert code_of(ask, sign(a_request(operator), trainer)) == Code.WRONG_PERSON
    claimed = replace(a_request(trainer), role=Role.OPERATOR)
    assert code_of(ask, sign(claimed, trainer)) == Code.WRONG_PERSON


def test_a_key_of_another_environment_opens_nothing(signers, ask):
    operator = signers[Role.OPERATOR]
    request = a_request(operator)
    assert code_of(ask, sign(request, operator), environment=Environment.LIVE) == Code.ENVIRONMENT
    pretended = replace(request, environment=Environment.LIVE)
    assert code_of(ask, sign(pretended, operator), environment=Environment.LIVE) == Code.ENVIRONMENT
    assert ask(sign(request, operator), environment=Environment.LAB) == request


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "format_disk"},
        {"arguments": {"reason": 1}},
        {"arguments": {}},
        {"arguments": {"reason": "", "mode": "LOCKED"}},
        {"arguments": {"reason": "x" * 2001}},
        {"nonce": "short"},
        {"utc": "yesterday"},
        {"utc": "2026-03-01T12:00:00"},
        {"extra": 1},
        {"person": None},
    ],
)
def test_a_request_of_another_form_is_malformed(change, signers, ask):
    operator = signers[Role.OPERATOR]
    fields = {**a_request(operator).fields(), **change}
    envelope = sign_statement(statement({}, "urn:ranrein:operator-request:v1", fields), operator)
    assert code_of(ask, envelope) == Code.MALFORMED


def test_another_signed_statement_is_no_request(signers, ask):
    operator = signers[Role.OPERATOR]
    fields = a_request(operator).fields()
    envelope = sign_statement(statement({}, "urn:ranrein:audit-checkpoint:v1", fields), operator)
    assert code_of(ask, envelope) == Code.MALFORMED


@pytest.mark.parametrize("body", [b"[" * 20000, b"\xff\xfe", b"7", b'{"predicate":NaN}'])
def test_a_signed_payload_that_is_no_statement_is_malformed(body, signers, ask):
    operator = signers[Role.OPERATOR]
    signature = operator.sign(pre_authentication_encoding(PAYLOAD_TYPE, body))
    entry = {"keyid": operator.identity.key_id, "sig": base64.b64encode(signature).decode()}
    payload = base64.b64encode(body).decode()
    envelope = {"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": [entry]}
    assert code_of(ask, envelope) == Code.MALFORMED


def test_two_signatures_are_not_one_person(signers, ask):
    operator, officer = signers[Role.OPERATOR], signers[Role.SAFETY_OFFICER]
    request = a_request(operator)
    both = [*sign(request, operator)["signatures"], *sign(request, officer)["signatures"]]
    assert code_of(ask, {**sign(request, operator), "signatures": both}) == Code.MALFORMED


def test_an_envelope_survives_the_wire(signers, ask):
    request = a_request(signers[Role.OPERATOR])
    assert ask(json.loads(json.dumps(sign(request, signers[Role.OPERATOR])))) == request
