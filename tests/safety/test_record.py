from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from ranrein.safety.certificate import Verdict
from ranrein.safety.keys import Environment
from ranrein.safety.record import DEFAULT_VALIDITY, MAX_VALIDITY, check

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CELLS = ("cell-1",)
DAY = timedelta(days=1)


def codes(refusals):
    return [refusal.code for refusal in refusals]


def test_a_certificate_that_fits_is_not_refused(make_record, digests):
    assert check(make_record(), digests, NOW, CELLS, (), actuator="twin") == []


@pytest.mark.parametrize(
    "name", ["shield", "backup", "twin", "scenario", "constraints", "timing", "dependencies"]
)
def test_a_changed_object_is_named(make_record, digests, name):
    refusals = check(make_record(), {**digests, name: "f" * 64}, NOW, CELLS, (), "twin")
    assert codes(refusals) == ["digest_mismatch"]
    assert refusals[0].text.startswith(f"{name}: certified")


def test_another_policy_has_its_own_code(make_record, digests):
    assert codes(check(make_record(), {**digests, "policy": "f" * 64}, NOW, CELLS, (), "twin")) == [
        "other_policy"
    ]


def test_an_object_nobody_bound_or_nobody_runs_is_refused(make_record, digests):
    fewer = {name: digest for name, digest in digests.items() if name != "twin"}
    assert codes(check(make_record(), fewer, NOW, CELLS, (), "twin")) == ["digest_mismatch"]
    assert codes(check(make_record(), {**digests, "extra": "f" * 64}, NOW, CELLS, (), "twin")) == [
        "digest_mismatch"
    ]


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW - DAY, "not_yet_valid"),
        (NOW + 30 * DAY, "expired"),
        (NOW + 365 * DAY, "expired"),
        (None, "clock_untrusted"),
    ],
)
def test_time_outside_the_validity_is_refused(make_record, digests, now, code):
    assert codes(check(make_record(), digests, now, CELLS, (), "twin")) == [code]


def test_cells_outside_the_scope_are_named(make_record, digests):
    refusals = check(make_record(), digests, NOW, ("cell-1", "cell-9"), (), "twin")
    assert codes(refusals) == ["out_of_scope"]
    assert "cell-9" in refusals[0].text
    assert codes(check(make_record(), digests, NOW, (), (), "twin")) == ["out_of_scope"]


def test_revocation_works_by_certificate_and_by_policy(make_record, digests):
    for value in ("c-1", digests["policy"]):
        assert codes(check(make_record(), digests, NOW, CELLS, {value}, "twin")) == ["revoked"]


@pytest.mark.parametrize("environment", [Environment.LAB, Environment.DEMO])
def test_a_lab_certificate_never_opens_a_network(make_record, digests, environment):
    assert codes(check(make_record(environment=environment), digests, NOW, CELLS, ())) == ["environment"]


def test_a_live_certificate_opens_a_network(make_record, digests):
    assert check(make_record(environment=Environment.LIVE), digests, NOW, CELLS, ()) == []


def test_anything_but_a_pass_is_refused(make_record, digests):
    record = make_record(verdict=Verdict.ERROR)
    assert codes(check(record, digests, NOW, CELLS, (), "twin")) == ["not_passed"]


def test_every_reason_is_reported_at_once(make_record, digests):
    refusals = check(make_record(), {**digests, "twin": "f" * 64}, NOW - DAY, ("x",), ("c-1",))
    assert codes(refusals) == ["digest_mismatch", "not_yet_valid", "out_of_scope", "revoked", "environment"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expires": NOW + MAX_VALIDITY + DAY}, "validity"),
        ({"expires": NOW}, "validity"),
        ({"claims": ()}, "add up to INCONCLUSIVE"),
        ({"digests": {"policy": "a" * 64}}, "digests has no"),
        ({"alpha_granted": 0.2}, "exceeds alpha_total"),
        ({"alpha_granted": 0.01}, "the ledger granted"),
        ({"envelope": {"load_frac": (1.0, 0.0)}}, "low must not exceed"),
        ({"reported": {"x": float("nan")}}, "finite"),
        ({"not_before": NOW.replace(tzinfo=None)}, "timezone"),
        ({"schema_version": 2}, "schema_version"),
    ],
)
def test_a_record_that_does_not_add_up_cannot_be_made(make_record, changes, message):
    with pytest.raises(ValidationError, match=message):
        make_record(**changes)


def test_a_pass_cannot_be_claimed_above_the_limit(make_record):
    claim = make_record().claims[0]
    with pytest.raises(ValidationError, match="above its limit"):
        make_record(claims=(replace(claim, upper_bound=0.5),))


def test_a_digest_must_be_a_digest(make_record, digests):
    with pytest.raises(ValidationError, match="SHA-256"):
        make_record(digests={**digests, "twin": "latest"})


def test_default_validity_is_a_month():
    assert DEFAULT_VALIDITY == timedelta(days=30)
