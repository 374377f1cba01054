import base64
import json

import pytest

from ranrein.safety.keys import Environment, Role, TrustStore, create
from ranrein.safety.statement import (
    PAYLOAD_TYPE,
    Reason,
    SignatureRefused,
    pre_authentication_encoding,
    sign_statement,
    statement,
    verify_envelope,
)

PAYLOAD = statement({"policy": "a" * 64}, "urn:example", {"environment": "lab", "n": 1})


def refused(envelope, trust, role=Role.CERTIFIER):
    with pytest.raises(SignatureRefused) as caught:
        verify_envelope(envelope, trust, role)
    return caught.value.reason


@pytest.fixture
def envelope(keys):
    return sign_statement(PAYLOAD, keys[Role.CERTIFIER])


def test_pre_authentication_encoding_follows_the_dsse_example():
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_signed_statement_comes_back_whole(envelope, trust):
    assert verify_envelope(json.loads(json.dumps(envelope)), trust, Role.CERTIFIER) == PAYLOAD


def test_the_statement_has_the_in_toto_form():
    assert PAYLOAD["_type"] == "https://in-toto.io/Statement/v1"
    assert PAYLOAD["subject"] == [{"name": "policy", "digest": {"sha256": "a" * 64}}]


def test_each_fault_has_its_own_reason(envelope, trust, keys):
    changed = base64.b64encode(json.dumps({**PAYLOAD, "predicate": {}}).encode()).decode()
    assert refused({**envelope, "signatures": []}, trust) is Reason.UNSIGNED
    assert refused({**envelope, "payload": changed}, trust) is Reason.BAD_SIGNATURE
    assert refused({**envelope, "payload": "?"}, trust) is Reason.MALFORMED
    assert refused({**envelope, "payloadType": "text/plain"}, trust) is Reason.PAYLOAD_TYPE
    assert refused({**envelope, "signatures": ["x"]}, trust) is Reason.MALFORMED
    assert refused(envelope, TrustStore()) is Reason.UNKNOWN_KEY
    assert refused(sign_statement(PAYLOAD, keys[Role.TRAINER]), trust) is Reason.WRONG_ROLE
    assert refused(sign_statement({"a": 1}, keys[Role.CERTIFIER]), trust) is Reason.MALFORMED


def test_a_demo_key_cannot_sign_for_another_environment(tmp_path):
    demo = create(tmp_path, "demo", Role.CERTIFIER, Environment.DEMO)
    assert refused(sign_statement(PAYLOAD, demo), TrustStore((demo.identity,))) is Reason.ENVIRONMENT


def test_the_signature_covers_the_payload_type(envelope, keys, trust):
    raw = base64.b64decode(envelope["payload"])
    bare = base64.b64encode(keys[Role.CERTIFIER].sign(raw)).decode()
    forged = {**envelope, "signatures": [{**envelope["signatures"][0], "sig": bare}]}
    assert refused(forged, trust) is Reason.BAD_SIGNATURE
    assert envelope["payloadType"] == PAYLOAD_TYPE


def test_one_good_signature_among_foreign_ones_is_enough(envelope, keys, trust):
    foreign = sign_statement(PAYLOAD, keys[Role.TRAINER])["signatures"]
    both = {**envelope, "signatures": [*foreign, *envelope["signatures"]]}
    assert verify_envelope(both, trust, Role.CERTIFIER) == PAYLOAD
