"""Who may change the mode: requests wait for the people they need, and for exactly this request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ranrein.agents.authorisation import ModeKeeper, stored_mode
from ranrein.safety.guards import Facts, PolicyState
from ranrein.safety.lifecycle import MODES, TRANSITIONS, Mode

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OPERATOR, OFFICER = ("olga", "operator"), ("otto", "safety_officer")
READY = Facts(
    policy_state=PolicyState.CERTIFIED, certificate_valid=True, shield_ready=True, shadow_decisions=9,
    needed_shadow_decisions=9, fidelity_ok=True, canary_passed=True, dwell_ok=True, in_scope=True,
    twin_synchronised=True, trainer="tina", certifier="carl",
)  # fmt: skip


class Kept:
    """A mode keeper and the records it wrote."""

    def __init__(self, path: Path, mode: Mode = Mode.ADVISORY) -> None:
        self.records: list[tuple[str, str, str, dict[str, object]]] = []
        self.keeper = ModeKeeper(path / "mode.json", lambda *record: self.records.append(record), mode)

    def ask(self, who: tuple[str, str], mode: str = Mode.GUARDED, facts: Facts = READY, now: datetime = NOW):
        return self.keeper.ask(*who, mode, "because", facts, now)

    def approve(self, who: tuple[str, str], name: object, facts: Facts = READY, now: datetime = NOW):
        return self.keeper.approve(*who, str(name), facts, now)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_two_persons_open_guarded(kept: Kept) -> None:
    answer = kept.ask(OPERATOR)
    assert not answer["granted"]
    assert kept.keeper.mode is Mode.ADVISORY
    assert kept.approve(OFFICER, answer["pending"]) == {"granted": True, "mode": "GUARDED"}
    assert kept.records[-1][0] == "mode_changed"
    assert set(kept.records[-1][3]["people"]) == {"olga", "otto"}


def test_the_same_wish_of_two_people_is_one_request(kept: Kept) -> None:
    kept.ask(OPERATOR)
    assert kept.ask(OFFICER)["granted"]


@pytest.mark.parametrize("who", [OPERATOR, ("olga", "safety_officer"), ("ole", "operator"), ("tina", "safety_officer"),
                                 ("carl", "safety_officer"), ("vera", "viewer"), ("", "safety_officer")])  # fmt: skip
def test_the_wrong_second_person_does_not_open_it(kept: Kept, who: tuple[str, str]) -> None:
    pending = kept.ask(OPERATOR)["pending"]
    assert not kept.approve(who, pending)["granted"]
    assert kept.keeper.mode is Mode.ADVISORY


def test_a_consent_lapses_after_a_quarter_of_an_hour(kept: Kept) -> None:
    pending = kept.ask(OPERATOR)["pending"]
    assert not kept.approve(OFFICER, pending, now=NOW + timedelta(minutes=16))["granted"]
    assert kept.approve(OPERATOR, pending, now=NOW + timedelta(minutes=17))["granted"]


def test_a_consent_counts_for_one_request_only(kept: Kept) -> None:
    pending = kept.ask(OPERATOR)["pending"]
    assert kept.approve(OFFICER, pending)["granted"]
    kept.ask(OPERATOR, Mode.ADVISORY)
    assert not kept.approve(OFFICER, pending)["granted"]
    assert kept.ask(OPERATOR)["pending"] != pending
    assert kept.keeper.mode is Mode.ADVISORY


def test_a_request_is_void_once_the_mode_has_changed(kept: Kept) -> None:
    pending = kept.ask(OPERATOR)["pending"]
    kept.keeper.by_itself(Mode.HOLD, "trouble", READY)
    answer = kept.approve(OFFICER, pending)
    assert not answer["granted"]
    assert "no request" in answer["refusals"][0]
    assert kept.keeper.mode is Mode.HOLD


def test_guards_are_asked_again_when_the_second_person_consents(kept: Kept) -> None:
    pending = kept.ask(OPERATOR)["pending"]
    answer = kept.approve(OFFICER, pending, facts=Facts())
    assert not answer["granted"]
    assert any("certificate_valid" in text for text in answer["refusals"])
    assert not kept.approve(OFFICER, pending)["granted"]  # refused requests do not wait


@pytest.mark.parametrize("target", ["", "closed_loop", "CLOSED", "root"])
def test_an_unknown_mode_is_refused_with_the_known_ones(kept: Kept, target: str) -> None:
    answer = kept.ask(OPERATOR, target)
    assert not answer["granted"]
    assert "CLOSED_LOOP" in answer["refusals"][0]


def test_every_refusal_is_recorded_with_its_person(kept: Kept) -> None:
    kept.ask(OPERATOR, Mode.CLOSED_LOOP)
    kept.approve(OFFICER, "000000000000")
    assert [(record[0], record[1]) for record in kept.records] == [
        ("mode_refused", "olga"),
        ("mode_refused", "otto"),
    ]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in (Mode.LOCKED, Mode.FAULT)])
def test_one_operator_can_stop_from_every_mode_whatever_the_facts(tmp_path: Path, mode: Mode) -> None:
    kept = Kept(tmp_path, mode)
    assert kept.ask(OPERATOR, Mode.SAFE_STOP, Facts())["granted"]
    assert kept.keeper.mode is Mode.SAFE_STOP


def test_the_loop_alone_never_goes_up(kept: Kept) -> None:
    for mode in (Mode.GUARDED, Mode.CLOSED_LOOP):
        assert not kept.keeper.by_itself(mode, "why not", READY)
    assert kept.keeper.mode is Mode.ADVISORY
    assert kept.keeper.by_itself(Mode.FALLBACK, "trouble", Facts())


@pytest.mark.parametrize("mode", MODES)
def test_a_restart_begins_where_it_was_but_never_above_advisory(tmp_path: Path, mode: Mode) -> None:
    Kept(tmp_path, mode).keeper.save()
    found = stored_mode(tmp_path / "mode.json")
    assert found is (mode if mode.rank <= Mode.ADVISORY.rank else Mode.ADVISORY)


def test_without_a_stored_mode_a_loop_starts_locked(tmp_path: Path) -> None:
    assert stored_mode(tmp_path / "mode.json") is Mode.LOCKED


@pytest.mark.parametrize("text", ["", "{}", '{"mode":"HAPPY"}', "\x00", '{"mode":"LOCKED","mode":"CLOSED_LOOP"}',
                                  '{"mode":7}'])  # fmt: skip
def test_a_mode_that_cannot_be_read_is_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "mode.json").write_text(text)
    assert stored_mode(tmp_path / "mode.json") is Mode.FAULT


def test_only_the_steps_into_acting_and_out_of_fault_take_two() -> None:
    two = {(row.source, row.target) for row in TRANSITIONS if row.persons > 1}
    assert two == {(Mode.ADVISORY, Mode.GUARDED), (Mode.GUARDED, Mode.CLOSED_LOOP), (Mode.FAULT, Mode.LOCKED)}
