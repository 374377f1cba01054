from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from ranrein.safety.guards import GUARDS, Approval, Facts, PolicyState, binding_approvals
from ranrein.safety.keys import Role
from ranrein.safety.lifecycle import (
    FINAL_STATES,
    LADDER,
    MODES,
    POLICY_STATES,
    POLICY_TRANSITIONS,
    TRANSITIONS,
    Mode,
    Trigger,
    mode_at_start,
    next_mode,
    next_policy_state,
)

ALL = Facts(
    policy_state="CERTIFIED", certificate_valid=True, shield_ready=True, shadow_decisions=500,
    needed_shadow_decisions=100, fidelity_ok=True, canary_passed=True, dwell_ok=True, in_scope=True,
    twin_synchronised=True, rollback_verified=True, reason="night test", trainer="tom", certifier="cleo",
    qualification_passed=True, stress_suite_passed=True, certification_passed=True, cause_closed=True,
    digests_unchanged=True,
)  # fmt: skip
OLGA, SAM = Approval("olga", "operator"), Approval("sam", "safety_officer")
CLEO = Approval("cleo", "certifier")
CROWDS = [
    (), (OLGA,), (SAM,), (OLGA, SAM), (CLEO,), (Approval("vic", "viewer"),), (Approval("ada", "admin"),),
    (OLGA, Approval("otto", "operator")), (OLGA, Approval("olga", "safety_officer")),
    (Approval("tom", "operator"), SAM), (OLGA, Approval("cleo", "safety_officer")),
    (Approval("", "operator"), SAM),
]  # fmt: skip
WORLDS = [
    Facts(), ALL,
    *(replace(ALL, policy_state=state) for state in [*POLICY_STATES, "", "certified"]),
    *(replace(ALL, **{name: False}) for name in (
        "certificate_valid", "shield_ready", "fidelity_ok", "canary_passed", "dwell_ok", "in_scope",
        "twin_synchronised", "rollback_verified")),
    replace(ALL, shadow_decisions=99), replace(ALL, needed_shadow_decisions=None), replace(ALL, reason=" "),
    replace(ALL, trainer=""), replace(ALL, certifier=""), replace(ALL, certificate_valid=float("nan")),
]  # fmt: skip
UP = {"LOCKED": "SHADOW", "SHADOW": "ADVISORY", "ADVISORY": "GUARDED", "GUARDED": "CLOSED_LOOP"}
PAUSABLE = ["LOCKED", "SHADOW", "ADVISORY", "GUARDED", "CLOSED_LOOP", "FALLBACK"]


def two_persons(crowd):
    operators = {item.person for item in crowd if item.role == "operator" and item.person}
    officers = {item.person for item in crowd if item.role == "safety_officer" and item.person}
    return any(a != b for a in operators for b in officers)


def may_enter(target, facts, crowd):
    """The guards of each mode that can be entered upwards, typed by hand from the written rules."""
    state, ready = facts.policy_state, facts.shield_ready is True and facts.twin_synchronised is True
    operator = any(item.role == "operator" and item.person for item in crowd)
    silent = ready and facts.fidelity_ok is True
    if target == "SHADOW":
        return operator and ready and state in ("QUALIFIED", "TESTED", "EMULATED", "CERTIFIED")
    if target == "ADVISORY":
        enough = facts.needed_shadow_decisions is not None
        enough = enough and facts.shadow_decisions >= facts.needed_shadow_decisions > 0
        return operator and silent and enough and state in ("TESTED", "EMULATED", "CERTIFIED")
    independent = {item.person for item in crowd}.isdisjoint({facts.trainer, facts.certifier})
    independent = independent and facts.trainer != "" != facts.certifier
    earned = state == "CERTIFIED" and facts.certificate_valid is True and silent and facts.in_scope
    guarded = earned and facts.dwell_ok and facts.reason.strip() != "" and independent and two_persons(crowd)
    return guarded and (target == "GUARDED" or facts.canary_passed)


def expected(mode, wanted, facts, crowd):
    """Resulting mode of a command, or None when it must be refused."""
    operator = any(item.role == "operator" and item.person for item in crowd)
    if wanted == "SAFE_STOP":
        stopped = mode if mode in ("LOCKED", "FAULT", "SAFE_STOP") else "SAFE_STOP"
        return stopped if operator else None
    if wanted == "HOLD":
        return "HOLD" if operator and mode in PAUSABLE else None
    if mode in ("SAFE_STOP", "FAULT"):
        persons = two_persons(crowd) if mode == "FAULT" else operator
        return "LOCKED" if wanted == "LOCKED" and persons and facts.reason.strip() else None
    if mode in ("HOLD", "FALLBACK"):
        return after_pause(wanted, facts, crowd, operator)
    if mode in PAUSABLE and wanted in LADDER and MODES.index(wanted) < MODES.index(mode):
        return wanted if operator else None
    return wanted if UP.get(mode) == wanted and may_enter(wanted, facts, crowd) else None


def after_pause(wanted, facts, crowd, operator):
    if wanted == "LOCKED":
        return "LOCKED" if operator else None
    ok = wanted in ("SHADOW", "ADVISORY") and may_enter(wanted, facts, crowd)
    return wanted if ok and (wanted == "SHADOW" or facts.reason.strip()) else None


@pytest.mark.parametrize("mode", MODES)
def test_every_command_does_what_the_written_rules_say(mode):
    for wanted, facts, crowd in product(MODES, WORLDS, CROWDS):
        outcome = next_mode(mode, wanted, facts, crowd)
        result = expected(str(mode), str(wanted), facts, crowd)
        assert outcome.granted == (result is not None), (mode, wanted, facts, crowd)
        assert outcome.value == (result or mode)
        assert outcome.granted == (outcome.refusals == ())


def test_no_single_false_fact_leaves_the_way_to_the_network_open():
    needed = ["certificate_valid", "shield_ready", "fidelity_ok", "dwell_ok", "in_scope", "twin_synchronised"]
    for name in needed:
        outcome = next_mode("ADVISORY", "GUARDED", replace(ALL, **{name: False}), (OLGA, SAM))
        assert outcome.refusals == (f"{name}: {GUARDS[name].repair}",)


def test_nothing_automatic_ever_gives_the_policy_more():
    for row in TRANSITIONS:
        if row.trigger is Trigger.AUTOMATIC and row.source is not Mode.ROLLING_BACK:
            assert row.target.rank < row.source.rank
    rows = [row for row in TRANSITIONS if row.target in (Mode.GUARDED, Mode.CLOSED_LOOP)]
    assert {row.trigger for row in rows} == {Trigger.COMMAND}
    up = [row for row in rows if row.target.rank > row.source.rank]
    assert all(row.persons == 2 and "certificate_valid" in row.guards for row in up)
    assert {(row.source, row.target) for row in up} == {("ADVISORY", "GUARDED"), ("GUARDED", "CLOSED_LOOP")}


def test_every_failing_guard_is_named_at_once():
    refusals = next_mode("GUARDED", "CLOSED_LOOP", Facts(), ()).refusals
    names = [text.split(":")[0] for text in refusals]
    row = next(row for row in TRANSITIONS if row[:2] == ("GUARDED", "CLOSED_LOOP"))
    assert names == [*row.guards, "approvals"]


@pytest.mark.parametrize("mode", MODES)
def test_a_stop_needs_no_facts_and_changes_nothing_the_second_time(mode):
    first = next_mode(mode, "SAFE_STOP", Facts(), (OLGA,))
    second = next_mode(first.value, "SAFE_STOP", Facts(), (OLGA,))
    assert first.granted
    assert second.granted
    assert second.value == first.value
    assert MODES.index(first.value) <= MODES.index("LOCKED")


def test_a_stop_on_locked_is_no_actuation():
    assert next_mode("LOCKED", "SAFE_STOP", Facts(), (OLGA,)).value == "LOCKED"


def test_a_stop_is_no_way_around_the_two_persons_after_a_fault():
    stopped = next_mode("FAULT", "SAFE_STOP", ALL, (OLGA,)).value
    assert not next_mode(stopped, "LOCKED", ALL, (OLGA,)).granted
    assert next_mode(stopped, "LOCKED", ALL, (OLGA, SAM)).granted


def test_the_system_rolls_back_and_holds_by_itself():
    assert next_mode("CLOSED_LOOP", "ROLLING_BACK", Facts(), (), "automatic").value == "ROLLING_BACK"
    assert not next_mode("ROLLING_BACK", "HOLD", Facts(), (), "automatic").granted
    assert next_mode("ROLLING_BACK", "HOLD", ALL, (), "automatic").value == "HOLD"
    assert next_mode("ROLLING_BACK", "FAULT", Facts(), (), "automatic").value == "FAULT"


@pytest.mark.parametrize("mode", MODES)
def test_a_restart_never_comes_up_above_advisory(mode):
    start = mode_at_start(mode)
    assert start.rank <= Mode.ADVISORY.rank
    assert start.rank <= mode.rank


def test_a_start_without_a_stored_mode_locks_and_with_a_strange_one_faults():
    assert mode_at_start(None) is Mode.LOCKED
    assert mode_at_start("closed-loop") is Mode.FAULT


def test_unknown_words_are_refused():
    assert not next_mode("LOCKED", "FULL_POWER", ALL, (OLGA, SAM)).granted
    assert not next_mode("NOWHERE", "SHADOW", ALL, (OLGA, SAM)).granted
    assert not next_mode("LOCKED", "SHADOW", ALL, (OLGA, SAM), "magic").granted


def test_every_guard_of_the_tables_exists():
    named = {guard for row in (*TRANSITIONS, *POLICY_TRANSITIONS) for guard in row.guards}
    assert named == set(GUARDS)


def test_an_approval_binds_one_request_for_a_quarter_of_an_hour():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    fresh = Approval("olga", "operator", "digest", now - timedelta(minutes=14))
    old = replace(fresh, given=now - timedelta(minutes=16))
    early = replace(fresh, given=now + timedelta(seconds=1))
    assert binding_approvals([fresh, old, early, OLGA], "digest", now) == (fresh,)
    assert binding_approvals([fresh], "another", now) == ()
    assert binding_approvals([replace(fresh, request_digest="")], "", now) == ()


def test_a_policy_earns_one_state_at_a_time():
    ladder = [PolicyState(name) for name in ("REGISTERED", "QUALIFIED", "TESTED", "EMULATED")]
    for i, source in enumerate(ladder):
        for target in ladder[i + 1 :]:
            granted = next_policy_state(source, target, ALL, (), "automatic").granted
            assert granted == (target is ladder[i + 1])


def test_the_trainer_cannot_certify_the_own_policy():
    assert next_policy_state("EMULATED", "CERTIFIED", ALL, (CLEO,)).granted
    tom = (Approval("tom", "certifier"),)
    assert "certifier_is_other" in next_policy_state("EMULATED", "CERTIFIED", ALL, tom).refusals[0]
    assert not next_policy_state("EMULATED", "CERTIFIED", replace(ALL, trainer=""), (CLEO,)).granted


def test_a_suspension_is_lifted_by_two_persons_and_unchanged_digests_only():
    assert next_policy_state("SUSPENDED", "CERTIFIED", ALL, (CLEO, SAM)).granted
    assert not next_policy_state("SUSPENDED", "CERTIFIED", ALL, (CLEO,)).granted
    changed = replace(ALL, digests_unchanged=False)
    assert not next_policy_state("SUSPENDED", "CERTIFIED", changed, (CLEO, SAM)).granted


@pytest.mark.parametrize("role", ["certifier", "safety_officer"])
def test_certifier_and_safety_officer_may_each_revoke_for_good(role):
    for state in POLICY_STATES:
        granted = next_policy_state(state, "REVOKED", Facts(), (Approval("p", role),)).granted
        assert granted == (state not in FINAL_STATES)
    assert not [row for row in POLICY_TRANSITIONS if row.source in FINAL_STATES]


def test_certified_is_reached_from_emulated_and_suspended_only():
    assert {row.source for row in POLICY_TRANSITIONS if row.target == "CERTIFIED"} == {
        "EMULATED",
        "SUSPENDED",
    }
    assert all(Role.CERTIFIER in row.roles for row in POLICY_TRANSITIONS if row.target == "CERTIFIED")
