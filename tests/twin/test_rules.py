"""Static rules: mask, violations and projection say the same, and waking is always allowed."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ranrein.twin.backup import wake_everything
from ranrein.twin.carrier import N_CARRIER_STATES
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent, Rules, allowed_states, is_illegal, project, violations

CELLS = 7
RULES = Rules(never_sleep=(0, 2, 4), max_new_sleeps=2, min_dwell_periods=3)

states = st.lists(st.integers(0, N_CARRIER_STATES - 1), min_size=CELLS, max_size=CELLS)
dwells = st.lists(st.integers(1, 6), min_size=CELLS, max_size=CELLS)
tables = st.builds(
    Rules,
    never_sleep=st.sets(st.integers(0, CELLS - 1), min_size=1).map(lambda cells: tuple(sorted(cells))),
    max_new_sleeps=st.integers(0, CELLS),
    min_dwell_periods=st.integers(0, 6),
)
precedents = st.builds(lambda s, d: Precedent(Command.of(s), np.array([d], dtype=np.int32)), states, dwells)


def _lawful(rules: Rules, precedent: Precedent) -> Precedent:
    """Wake the cells that must never have slept."""
    precedent.command.carrier_state[:, list(rules.never_sleep)] = 0
    return precedent


@given(tables, precedents, states)
def test_a_projected_command_is_always_legal(rules: Rules, precedent: Precedent, wish: list[int]) -> None:
    assert not is_illegal(rules, precedent, project(rules, precedent, Command.of(wish)))[0]


@given(tables, precedents, states)
def test_projection_leaves_legal_commands_alone(rules: Rules, precedent: Precedent, wish: list[int]) -> None:
    legal = project(rules, precedent, Command.of(wish))
    np.testing.assert_array_equal(project(rules, precedent, legal).carrier_state, legal.carrier_state)
    if not is_illegal(rules, precedent, Command.of(wish))[0]:
        assert legal.carrier_state[0].tolist() == wish


@given(tables, precedents, states)
def test_projection_keeps_or_grants_every_cell_of_a_lawful_precedent(
    rules: Rules, precedent: Precedent, wish: list[int]
) -> None:
    before = _lawful(rules, precedent).command.carrier_state
    after = project(rules, precedent, Command.of(wish)).carrier_state
    assert np.all((after == before) | (after == wish))


@given(tables, precedents)
def test_all_active_is_always_legal(rules: Rules, precedent: Precedent) -> None:
    assert not is_illegal(rules, precedent, Command.all_active(1, CELLS))[0]
    assert np.all(allowed_states(rules, precedent)[:, :, 0])


@given(tables, precedents, st.data())
def test_waking_any_cell_any_way_is_always_allowed(
    rules: Rules, precedent: Precedent, data: st.DataObject
) -> None:
    before = _lawful(rules, precedent).command.carrier_state[0]
    wish = [data.draw(st.integers(0, int(state))) for state in before]
    assert not is_illegal(rules, precedent, Command.of(wish))[0]


@given(tables, precedents, st.integers(0, CELLS - 1), st.integers(0, N_CARRIER_STATES - 1))
def test_the_mask_agrees_with_the_violations_of_a_single_change(
    rules: Rules, precedent: Precedent, cell: int, state: int
) -> None:
    proposal = _lawful(rules, precedent).command.carrier_state.copy()
    deeper = state > proposal[0, cell]
    proposal[0, cell] = state
    broken = violations(rules, precedent, Command(proposal))
    too_many = bool(broken.pop("too many cells go to sleep at once")[0])
    assert allowed_states(rules, precedent)[0, cell, state] == (not any(rule[0] for rule in broken.values()))
    assert too_many == (deeper and rules.max_new_sleeps == 0)


def test_each_rule_is_named_when_it_alone_is_broken() -> None:
    fresh = Precedent.fresh(1, CELLS)
    early = fresh.then(Command.all_active(1, CELLS))
    early.dwell[:] = 1
    cases = (
        ("coverage layer never sleeps", fresh, [1, 0, 0, 0, 0, 0, 0]),
        ("too many cells go to sleep at once", fresh, [0, 2, 0, 2, 0, 2, 0]),
        ("cell changed too recently", early, [0, 2, 0, 0, 0, 0, 0]),
    )
    for name, precedent, wish in cases:
        broken = violations(RULES, precedent, Command.of(wish))
        assert [rule for rule, hit in broken.items() if hit[0]] == [name]


def test_too_many_sleepers_are_let_down_in_cell_order() -> None:
    legal = project(RULES, Precedent.fresh(1, CELLS), Command.of([0, 4, 0, 4, 0, 4, 4]))
    assert legal.carrier_state[0].tolist() == [0, 4, 0, 4, 0, 0, 0]


def test_a_cell_may_go_deeper_again_only_after_its_dwell() -> None:
    down = Command.of([0, 2, 0, 0, 0, 0, 0])
    precedent, deeper = Precedent.fresh(1, CELLS).then(down), Command.of([0, 4, 0, 0, 0, 0, 0])
    illegal = []
    for _ in range(3):
        illegal.append(bool(is_illegal(RULES, precedent, deeper)[0]))
        precedent = precedent.then(down)
    assert illegal == [True, True, False]


def test_replicas_are_judged_one_by_one() -> None:
    rng = np.random.default_rng(0)
    precedent = Precedent(
        Command.of(rng.integers(0, 5, (50, CELLS))), rng.integers(1, 6, (50, CELLS), dtype=np.int32)
    )
    wish = Command.of(rng.integers(0, 5, (50, CELLS)))
    legal, illegal = project(RULES, precedent, wish), is_illegal(RULES, precedent, wish)
    for i in range(50):
        own = Precedent(precedent.command.rows([i]), precedent.dwell[[i]])
        assert is_illegal(RULES, own, wish.rows([i]))[0] == illegal[i]
        alone = project(RULES, own, wish.rows([i])).carrier_state[0]
        np.testing.assert_array_equal(alone, legal.carrier_state[i])


def test_renewed_replicas_forget_their_past_and_the_others_keep_it() -> None:
    past = Precedent.fresh(2, CELLS).then(Command.of([[0, 4, 0, 0, 0, 0, 0]] * 2))
    renewed = past.renewed(np.array([1]))
    assert renewed.command.carrier_state[:, 1].tolist() == [4, 0]
    assert renewed.dwell[0, 1] == 1
    assert renewed.dwell[1, 1] > 1000
    assert past.command.carrier_state[:, 1].tolist() == [4, 4]


def test_the_rules_of_a_network_protect_its_coverage_and_are_plain_data(urban: Params) -> None:
    rules = Rules.of(urban)
    table = json.loads(json.dumps(rules.as_table()))
    assert table == {"never_sleep": [0, 2, 4], "max_new_sleeps": 2, "min_dwell_periods": 3}


def test_the_safe_controller_wakes_every_cell_of_every_replica(urban: Params) -> None:
    command = wake_everything(urban, 3)
    assert command.carrier_state.shape == (3, urban.n_cells)
    assert not np.any(command.carrier_state)
