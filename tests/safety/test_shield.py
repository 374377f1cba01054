"""The shield: whatever it is asked and whatever it is told, it applies what is legal and recoverable, or the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import load_scenario
from ranrein.safety import shield as shield_module
from ranrein.safety.decision import Memory, Reason, Tier
from ranrein.safety.recoverability import Lookahead, foresee
from ranrein.safety.selftest import BUSY_HOUR, BUSY_LOAD, QUIET_HOUR, QUIET_LOAD, _belief
from ranrein.safety.shield import Shield
from ranrein.twin.command import Command
from ranrein.twin.kpis import ARRAYS, Kpis
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent, Rules, is_illegal
from ranrein.twin.sla import margins
from ranrein.twin.sync import Belief

PARAMS = Params.of(load_scenario("urban"))
SHIELD = Shield.of(PARAMS)
QUIET = _belief(PARAMS, QUIET_HOUR, QUIET_LOAD)
BUSY = _belief(PARAMS, BUSY_HOUR, BUSY_LOAD)
AWAKE = Command.all_active(1, 7)
ONE = Command.of([0, 4, 0, 0, 0, 0, 0])
ALL = Command.of([0, 4, 0, 4, 0, 4, 4])
FRESH = Memory.fresh(1, 7)


def told(belief: Belief, **changes: object) -> Belief:
    """The same belief after another report."""
    return replace(belief, kpis=replace(belief.kpis, **changes))


def with_value(kpis: Kpis, name: str, value: float) -> Kpis:
    array = getattr(kpis, name).copy()
    array.flat[0] = value
    return replace(kpis, **{name: array})


def after(states: list[int], dwell: int) -> Memory:
    precedent = Precedent(Command.of(states), np.full((1, 7), dwell, np.int32))
    return replace(FRESH, precedent=precedent)


def is_plan(decision: object) -> bool:
    return not decision.applied.carrier_state.any()


def stacked(beliefs: list[Belief]) -> Belief:
    """Several networks as one batch."""
    first = beliefs[0]
    arrays = [np.concatenate(parts) for parts in zip(*(b.members.arrays for b in beliefs), strict=True)]
    kpis = replace(first.kpis, **{n: np.concatenate([getattr(b.kpis, n) for b in beliefs]) for n in ARRAYS})
    command = Command(np.concatenate([b.command.carrier_state for b in beliefs]))
    return Belief(
        replace(first.members, arrays=type(first.members.arrays)(*arrays)), first.n_members, kpis, command
    )


def test_a_safe_proposal_passes_as_it_is() -> None:
    decision = SHIELD.decide(QUIET, ONE, FRESH)
    assert np.array_equal(decision.applied.carrier_state, ONE.carrier_state)
    assert (decision.tier[0], decision.reason[0]) == (Tier.ACCEPTED, Reason.NONE)
    assert not decision.intervened[0]
    assert np.all(decision.margins >= 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1.0])
@pytest.mark.parametrize("name", ["prb_tot_dl", "volume_dl", "blocked_dl", "ue_thp_dl", "conn_mean", "power"])
def test_one_senseless_value_in_a_report_means_the_plan(name: str, value: float) -> None:
    decision = SHIELD.decide(replace(QUIET, kpis=with_value(QUIET.kpis, name, value)), ONE, FRESH)
    assert is_plan(decision)
    assert decision.tier[0] == Tier.T0_SANITY
    assert decision.intervened[0]


REPORTS = {
    "not a number": (lambda k: with_value(k, "prb_tot_dl", np.nan), Reason.REPORT_NOT_FINITE),
    "no time": (lambda k: replace(k, time_s=np.array([np.nan])), Reason.REPORT_NOT_FINITE),
    "above 100 %": (lambda k: with_value(k, "prb_tot_dl", 101.0), Reason.REPORT_OUT_OF_RANGE),
    "unknown state": (lambda k: with_value(k, "carrier_state", 9), Reason.REPORT_OUT_OF_RANGE),
    "negative state": (lambda k: with_value(k, "carrier_state", -1), Reason.REPORT_OUT_OF_RANGE),
    "old": (lambda k: with_value(k, "age_s", 601.0), Reason.REPORT_STALE),
    "of unknown age": (lambda k: with_value(k, "age_s", np.nan), Reason.REPORT_STALE),
}


@pytest.mark.parametrize("what", REPORTS)
def test_the_reason_names_what_is_wrong_with_a_report(what: str) -> None:
    change, reason = REPORTS[what]
    decision = SHIELD.decide(replace(QUIET, kpis=change(QUIET.kpis)), ONE, FRESH)
    assert is_plan(decision)
    assert (decision.tier[0], decision.reason[0]) == (Tier.T0_SANITY, reason)


def test_a_report_is_acted_upon_once_and_never_in_the_wrong_order() -> None:
    first = SHIELD.decide(QUIET, ONE, FRESH)
    later = told(QUIET, time_s=QUIET.kpis.time_s + 300)
    earlier = told(QUIET, time_s=QUIET.kpis.time_s - 300)
    for belief, accepted in ((QUIET, False), (earlier, False), (later, True)):
        decision = SHIELD.decide(belief, ONE, first.memory)
        assert is_plan(decision) != accepted
        assert decision.reason[0] == (Reason.NONE if accepted else Reason.REPORT_OUT_OF_ORDER)


def test_a_report_without_time_does_not_set_the_clock_back() -> None:
    first = SHIELD.decide(QUIET, ONE, FRESH)
    second = SHIELD.decide(told(QUIET, time_s=np.array([np.nan])), ONE, first.memory)
    assert second.memory.last_time_s[0] == first.memory.last_time_s[0]


PROPOSALS = [
    None, "sleep", [0] * 7, np.zeros((1, 7), np.int8), Command.of([0] * 6), Command.of([0] * 8),
    Command.of([[0, 4, 0, 0, 0, 0, 0]] * 2), object(),
]  # fmt: skip


@pytest.mark.parametrize(
    "proposal", PROPOSALS, ids=[type(p).__name__ + str(i) for i, p in enumerate(PROPOSALS)]
)
def test_what_is_no_proposal_means_the_plan(proposal: object) -> None:
    decision = SHIELD.decide(QUIET, proposal, FRESH)
    assert is_plan(decision)
    assert decision.tier[0] == Tier.PLAN
    assert decision.reason[0] in (Reason.PROPOSAL_MALFORMED, Reason.EXCEPTION)


def test_a_twin_that_raises_means_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise FloatingPointError("the twin diverged")

    monkeypatch.setattr(shield_module, "foresee", broken)
    decision = SHIELD.decide(QUIET, ONE, FRESH)
    assert is_plan(decision)
    assert (decision.tier[0], decision.reason[0]) == (Tier.PLAN, Reason.EXCEPTION)


def test_a_margin_that_is_not_a_number_is_unsafe() -> None:
    shield = replace(SHIELD, margin_of=lambda kpis, sla: margins(kpis, sla) * np.nan)
    decision = shield.decide(QUIET, ONE, after([0, 0, 0, 4, 0, 0, 0], dwell=9))
    assert is_plan(decision)
    assert (decision.tier[0], decision.reason[0]) == (Tier.PLAN, Reason.UNRECOVERABLE)
    assert decision.unrecoverable[0]


@pytest.mark.parametrize("column", [0, 1, 2])
def test_one_margin_that_is_not_a_number_is_enough(column: int) -> None:
    hole = np.where(np.arange(3) == column, np.nan, 0.0)
    shield = replace(SHIELD, margin_of=lambda kpis, sla: margins(kpis, sla) + hole)
    assert is_plan(shield.decide(QUIET, ONE, FRESH))


def test_a_sleeping_coverage_layer_is_never_applied() -> None:
    decision = SHIELD.decide(QUIET, Command.of([4, 4, 0, 0, 0, 0, 0]), FRESH)
    assert decision.applied.carrier_state[0].tolist() == [0, 4, 0, 0, 0, 0, 0]
    assert (decision.tier[0], decision.reason[0]) == (Tier.T1_RULES, Reason.RULE_BROKEN)
    assert decision.intervened[0]


def test_more_sleepers_than_allowed_at_once_wait() -> None:
    decision = SHIELD.decide(QUIET, ALL, FRESH)
    assert np.count_nonzero(decision.applied.carrier_state) <= SHIELD.rules.max_new_sleeps
    assert decision.intervened[0]


def test_a_cell_that_has_just_changed_does_not_go_to_sleep_again() -> None:
    decision = SHIELD.decide(QUIET, ONE, after([0] * 7, dwell=2))
    assert is_plan(decision)
    assert decision.tier[0] == Tier.T1_RULES


def test_deep_sleep_in_the_busy_hour_is_refused() -> None:
    decision = SHIELD.decide(BUSY, ALL, FRESH)
    assert not np.any(decision.applied.carrier_state == 4)
    assert decision.reason[0] == Reason.UNRECOVERABLE


@pytest.mark.parametrize("belief", [QUIET, BUSY], ids=["quiet", "busy"])
@pytest.mark.parametrize("dwell", [0, 100])
def test_waking_everything_is_always_allowed(belief: Belief, dwell: int) -> None:
    decision = SHIELD.decide(belief, AWAKE, after([0, 4, 0, 3, 0, 2, 1], dwell))
    assert is_plan(decision)
    assert (decision.tier[0], decision.intervened[0]) == (Tier.ACCEPTED, False)


def test_a_network_that_even_waking_cannot_save_is_flagged() -> None:
    lost = replace(BUSY, members=BUSY.members.copy())
    lost.members.arrays.area_load[:] *= 20
    asleep = after([0, 4, 0, 4, 0, 0, 0], dwell=9)
    decision = SHIELD.decide(lost, ONE, asleep)
    assert is_plan(decision)
    assert decision.unrecoverable[0]
    assert not SHIELD.decide(QUIET, ONE, asleep).unrecoverable[0]


def test_the_decision_changes_neither_belief_nor_proposal_nor_memory() -> None:
    before = [array.tobytes() for array in QUIET.members.arrays]
    proposal, memory = ALL.carrier_state.copy(), Memory.fresh(1, 7)
    SHIELD.decide(QUIET, Command(proposal), memory)
    assert [array.tobytes() for array in QUIET.members.arrays] == before
    assert np.array_equal(proposal, ALL.carrier_state)
    assert np.array_equal(memory.precedent.dwell, FRESH.precedent.dwell)


def test_repeated_use_of_the_plan_is_counted() -> None:
    memory, counts = FRESH, []
    for proposal in (None, None, ONE):
        belief = told(QUIET, time_s=QUIET.kpis.time_s + 300 * len(counts))
        decision = SHIELD.decide(belief, proposal, memory)
        counts.append(int(decision.memory.plan_uses[0]))
        memory = replace(decision.memory, precedent=FRESH.precedent)
    assert counts == [1, 2, 0]


def test_a_batch_is_decided_as_its_networks_alone_with_equal_bits() -> None:
    mad = replace(QUIET, kpis=with_value(QUIET.kpis, "prb_tot_dl", np.nan))
    cases = [(QUIET, ONE), (BUSY, ALL), (mad, ONE), (QUIET, ALL), (BUSY, AWAKE), (QUIET, Command.of([4] * 7))]
    alone = [SHIELD.decide(belief, proposal, FRESH) for belief, proposal in cases]
    proposals = Command(np.concatenate([proposal.carrier_state for _, proposal in cases]))
    batch = SHIELD.decide(stacked([belief for belief, _ in cases]), proposals, Memory.fresh(len(cases), 7))
    assert len({int(tier) for tier in batch.tier}) >= 3
    for row, one in enumerate(alone):
        assert batch.applied.carrier_state[row].tobytes() == one.applied.carrier_state[0].tobytes()
        assert batch.margins[row].tobytes() == one.margins[0].tobytes()
        for name in ("tier", "reason", "intervened", "unrecoverable"):
            assert getattr(batch, name)[row] == getattr(one, name)[0]


STATES = st.lists(st.integers(0, 4), min_size=7, max_size=7)
FIELDS = st.sampled_from(
    ["prb_tot_dl", "volume_dl", "blocked_dl", "conn_mean", "age_s", "time_s", "carrier_state"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(STATES, STATES, st.integers(0, 5), FIELDS, st.floats(width=32), st.booleans(), st.booleans())
def test_whatever_comes_what_is_applied_is_legal(
    proposal: list[int],
    before: list[int],
    dwell: int,
    name: str,
    value: float,
    is_touched: bool,
    is_busy: bool,
) -> None:
    belief = BUSY if is_busy else QUIET
    if is_touched and not (name == "carrier_state" and not -128 <= value <= 127):
        belief = replace(belief, kpis=with_value(belief.kpis, name, value))
    memory = after([0 if c in (0, 2, 4) else s for c, s in enumerate(before)], dwell)
    decision = SHIELD.decide(belief, Command.of(proposal), memory)
    assert not is_illegal(Rules.of(PARAMS), memory.precedent, decision.applied)[0]
    assert decision.reason[0] != Reason.EXCEPTION
    changed = not np.array_equal(decision.applied.carrier_state[0], proposal)
    assert decision.intervened[0] == changed


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(STATES, st.booleans())
def test_what_is_applied_asleep_was_foreseen_to_be_recoverable(proposal: list[int], is_busy: bool) -> None:
    belief = BUSY if is_busy else QUIET
    decision = SHIELD.decide(belief, Command.of(proposal), FRESH)
    if decision.applied.carrier_state.any():
        again = foresee(PARAMS, SHIELD.look, belief, decision.applied)
        assert np.all(again.margins >= 0)
        assert again.margins.tobytes() == decision.margins.tobytes()


@pytest.mark.parametrize("change", [{"demand_factor": 0.9}, {"demand_factor": np.nan}, {"burst_peak_mbps": -1.0},
                                    {"burst_ramp_s": 0.0}, {"burst_ramp_s": np.nan}])  # fmt: skip
def test_a_lookahead_that_hopes_for_the_best_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="demand_factor must be >= 1"):
        replace(Lookahead.of(PARAMS), **change)


def test_more_imagined_demand_never_makes_the_worst_margin_better() -> None:
    bold, careful = (foresee(PARAMS, Lookahead.of(PARAMS, factor), BUSY, ONE) for factor in (1.0, 1.5))
    assert careful.margins.min() <= bold.margins.min()


def test_there_is_no_switch_that_turns_the_shield_off() -> None:
    assert set(Shield.__dataclass_fields__) == {"params", "look", "rules", "margin_of"}


def full_cover(belief: Belief, cell: int, load: float) -> Belief:
    """The same belief after a report in which one coverage cell was so full while the hot spot slept."""
    kpis = belief.kpis.copy()
    kpis.prb_tot_dl[0, cell] = load
    return replace(belief, kpis=kpis, command=Command.of([0, 0, 0, 4, 0, 0, 4]))


def test_what_overfilled_a_coverage_cell_by_sleeping_stays_awake_for_hours() -> None:
    hot_spot = Command.of([0, 0, 0, 0, 0, 0, 4])
    bitten = SHIELD.decide(full_cover(QUIET, 4, 95.0), hot_spot, FRESH)
    assert is_plan(bitten)
    assert (bitten.tier[0], bitten.reason[0]) == (Tier.T1_RULES, Reason.AREA_RESTS)
    for hours, awake in ((5.9, True), (6.1, False)):
        later = told(QUIET, time_s=QUIET.kpis.time_s + 3600.0 * hours)
        assert is_plan(SHIELD.decide(later, hot_spot, bitten.memory)) == awake


@pytest.mark.parametrize(("cell", "load"), [(4, 84.0), (0, 95.0), (3, 99.0)])
def test_a_cell_rests_only_if_its_own_sleep_was_felt(cell: int, load: float) -> None:
    sector = Command.of([0, 0, 0, 4, 0, 0, 0])  # leans on coverage cell 2 alone
    decision = SHIELD.decide(full_cover(QUIET, cell, load), sector, FRESH)
    assert np.array_equal(decision.applied.carrier_state, sector.carrier_state)


def test_a_report_that_makes_no_sense_teaches_nothing() -> None:
    mad = full_cover(QUIET, 4, 95.0)
    mad = replace(mad, kpis=with_value(mad.kpis, "volume_dl", np.nan))
    decision = SHIELD.decide(mad, ONE, FRESH)
    assert np.all(decision.memory.rest_until_s == -np.inf)
    assert decision.memory.last_time_s[0] == -np.inf


def test_only_the_area_that_presses_is_woken() -> None:
    pressed = _belief(PARAMS, BUSY_HOUR, 0.45)
    pressed.members.arrays.area_load[:, :2] = np.float32(QUIET_LOAD)
    asleep = after([0, 4, 0, 4, 0, 4, 0], dwell=9)
    decision = SHIELD.decide(pressed, Command.of([0, 4, 0, 4, 0, 4, 0]), asleep)
    assert decision.tier[0] == Tier.T2_RECOVERABILITY
    assert decision.applied.carrier_state[0, 5] == 0
    assert decision.applied.carrier_state[0].any()
    assert np.all(decision.margins >= 0)


def test_nothing_is_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []
    real = shield_module.foresee

    def counted(
        params: Params, look: Lookahead, belief: Belief, candidate: Command, margin_of: object
    ) -> object:
        looked.append(candidate.carrier_state.tobytes())
        return real(params, look, belief, candidate, margin_of)

    monkeypatch.setattr(shield_module, "foresee", counted)
    SHIELD.decide(BUSY, ALL, after([0, 4, 0, 4, 0, 0, 0], dwell=9))
    assert len(looked) > 1
    assert len(set(looked[:-1])) == len(looked) - 1  # the last one is the plan, foreseen in its own way


def test_a_report_that_cannot_even_be_judged_means_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no report at all")

    monkeypatch.setattr(shield_module, "judge_report", broken)
    decision = SHIELD.decide(QUIET, ONE, FRESH)
    assert is_plan(decision)
    assert (decision.tier[0], decision.reason[0]) == (Tier.PLAN, Reason.EXCEPTION)


@pytest.mark.parametrize("time_s", [1e30, np.inf, np.nan])
def test_a_clock_beyond_all_reason_is_never_taken(time_s: float) -> None:
    belief = told(QUIET, time_s=np.array([time_s]))
    for decision in (SHIELD.decide(belief, ONE, FRESH), SHIELD.plan(belief, FRESH, Reason.EXCEPTION)):
        assert is_plan(decision)
        assert decision.memory.last_time_s[0] == -np.inf


def test_nothing_more_is_worked_out_once_everything_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    projected: list[Command] = []
    real = shield_module.project
    monkeypatch.setattr(shield_module, "project", lambda *given: projected.append(given[2]) or real(*given))
    SHIELD.decide(QUIET, ONE, FRESH)
    assert len(projected) == 1


def test_nothing_but_carrier_states_passes_the_shield() -> None:
    params = Params.of(
        replace(PARAMS.scenario, sleep=replace(PARAMS.scenario.sleep, ssb_periods_ms=(20.0, 160.0)))
    )
    asked = replace(ONE, ssb_period=params.is_capacity[None].astype(np.int8))
    applied = Shield.of(params).decide(QUIET, asked, FRESH).applied
    assert applied.is_planned
    np.testing.assert_array_equal(applied.carrier_state, ONE.carrier_state)
