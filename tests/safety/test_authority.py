from itertools import product

import numpy as np
import pytest

from ranrein.safety.authority import CAPS, INPUTS, POLICY_CAPS, effective
from ranrein.safety.lifecycle import MODES, POLICY_STATES, Mode

GOOD = {"policy_state": "CERTIFIED", "loop_mode": "CLOSED_LOOP", **dict.fromkeys(CAPS, True)}


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


def test_closed_loop_needs_everything():
    assert effective(**GOOD).mode is Mode.CLOSED_LOOP


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("certificate_valid", "ADVISORY"),
        ("lease_alive", "LOCKED"),
        ("shield_ready", "LOCKED"),
        ("envelope_inside", "ADVISORY"),
        ("twin_fidelity_ok", "ADVISORY"),
        ("audit_writable", "HOLD"),
        ("attributes_allowed", "SHADOW"),
    ],
)
def test_one_thing_that_fails_caps_authority_and_says_why(name, mode):
    authority = effective(**{**GOOD, name: False})
    assert authority.mode == mode
    assert [limit.name for limit in authority.limits] == [name]
    assert authority.limits[0].reason == CAPS[name][1]


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("value", [None, 1, 0, "yes", float("nan"), np.True_, [], Rude()])
def test_an_answer_of_another_kind_locks(name, value):
    assert effective(**{**GOOD, name: value}).mode is Mode.LOCKED


@pytest.mark.parametrize("name", INPUTS)
def test_a_missing_answer_locks_and_is_named(name):
    authority = effective(**{key: value for key, value in GOOD.items() if key != name})
    assert authority.mode is Mode.LOCKED
    assert "missing" in authority.limits[0].reason


def test_nothing_said_is_locked():
    assert effective().mode is Mode.LOCKED
    assert len(effective().limits) == len(INPUTS)


def test_an_input_nobody_knows_locks():
    assert effective(**GOOD, shield_of=True).mode is Mode.LOCKED


@pytest.mark.parametrize("mode", MODES)
def test_authority_never_exceeds_the_loop_mode(mode):
    assert effective(**{**GOOD, "loop_mode": str(mode)}).mode is mode


def test_the_policy_acts_only_when_certified():
    for state in POLICY_STATES:
        acts = effective(**{**GOOD, "policy_state": state}).rank >= Mode.GUARDED.rank
        assert acts == (state == "CERTIFIED")
    assert set(POLICY_CAPS) == set(POLICY_STATES)


def test_authority_is_the_minimum_in_every_combination():
    for answers in product([True, False], repeat=len(CAPS)):
        inputs = dict(zip(CAPS, answers, strict=True))
        caps = [CAPS[name][0].rank for name, answer in inputs.items() if not answer]
        for mode in MODES:
            authority = effective(policy_state="CERTIFIED", loop_mode=mode, **inputs)
            assert authority.rank == min([mode.rank, *caps])


def test_a_stop_holds_whatever_else_is_missing():
    assert effective(loop_mode="SAFE_STOP").mode is Mode.SAFE_STOP
    assert str(effective(loop_mode="FAULT")) == "FAULT"
