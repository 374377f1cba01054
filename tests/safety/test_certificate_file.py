import json

import pytest

from ranrein.safety.certificate_file import CertificateFileError, save, sign, verify_file
from ranrein.safety.keys import Environment, Role
from ranrein.safety.statement import Reason, SignatureRefused, sign_statement, statement


@pytest.fixture
def saved(make_record, keys, tmp_path):
    path = tmp_path / "certificate.json"
    save(make_record(), keys[Role.CERTIFIER], path)
    return path


def test_a_saved_certificate_comes_back_equal(saved, make_record, trust):
    assert verify_file(saved, trust) == make_record()


def test_equal_records_give_equal_bytes(saved, make_record, keys, tmp_path):
    save(make_record(), keys[Role.CERTIFIER], tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == saved.read_bytes()


def test_a_key_of_another_environment_cannot_sign(make_record, keys, tmp_path):
    with pytest.raises(CertificateFileError, match="the same environment"):
        save(make_record(environment=Environment.LIVE), keys[Role.CERTIFIER], tmp_path / "c.json")


def test_a_lab_key_cannot_vouch_for_a_live_certificate(make_record, keys, trust, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(sign(make_record(environment=Environment.LIVE), keys[Role.CERTIFIER])))
    with pytest.raises(SignatureRefused) as caught:
        verify_file(path, trust)
    assert caught.value.reason is Reason.ENVIRONMENT


def test_the_trainer_cannot_certify(make_record, keys, trust, tmp_path):
    save(make_record(), keys[Role.TRAINER], tmp_path / "c.json")
    with pytest.raises(SignatureRefused, match="certifier is required"):
        verify_file(tmp_path / "c.json", trust)


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "not JSON"), (b"[]", "JSON object"), (b"{" * 2**21, "object")]
)
def test_a_file_that_is_no_envelope_is_refused(saved, trust, content, message):
    saved.write_bytes(content)
    with pytest.raises(CertificateFileError, match=message):
        verify_file(saved, trust)


def test_a_missing_file_is_named(trust, tmp_path):
    with pytest.raises(CertificateFileError, match=r"none\.json: No such file"):
        verify_file(tmp_path / "none.json", trust)


@pytest.mark.parametrize(
    "fault",
    [
        ("0" * 64, "urn:other", {"predicateType": None}),
        ("f" * 64, "urn:ranrein:certificate:v1", {}),
        ("0" * 64, "urn:ranrein:certificate:v1", {"attempt": 0}),
        ("0" * 64, "urn:ranrein:certificate:v1", {"surprise": 1}),
    ],
)
def test_signed_content_that_is_no_certificate_is_refused(saved, make_record, keys, trust, fault):
    subject, kind, change = fault
    predicate = {**make_record().model_dump(mode="json"), **change}
    saved.write_text(
        json.dumps(sign_statement(statement({"policy": subject}, kind, predicate), keys["certifier"]))
    )
    expected = next(iter(change), "subject")
    with pytest.raises(CertificateFileError, match=expected):
        verify_file(saved, trust)
