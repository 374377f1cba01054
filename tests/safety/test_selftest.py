"""A shield that is not fit for duty says so before it is relied upon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.safety import shield as shield_module
from ranrein.safety.decision import Reason
from ranrein.safety.selftest import SelfTest, self_test
from ranrein.safety.shield import Shield
from ranrein.twin.params import Params
from ranrein.twin.sla import margins


@pytest.fixture(scope="module", params=["urban", "tiny"])
def shield(request: pytest.FixtureRequest) -> Shield:
    return Shield.of(Params.of(load_scenario(request.param)))


def test_the_shipped_shields_are_ready(shield: Shield) -> None:
    assert self_test(shield) == SelfTest(())
    assert self_test(shield).ready


def test_a_shield_with_flipped_margins_is_not_ready(shield: Shield) -> None:
    assert not self_test(replace(shield, margin_of=lambda kpis, sla: -margins(kpis, sla))).ready


def test_a_shield_that_never_fires_is_not_ready(shield: Shield) -> None:
    always = replace(shield, margin_of=lambda kpis, sla: np.ones((kpis.n_replicas, 3)))
    assert any("busy hour" in failure for failure in self_test(always).failures)


def test_a_shield_that_always_fires_is_not_ready(shield: Shield) -> None:
    never = replace(shield, margin_of=lambda kpis, sla: margins(kpis, sla) * np.nan)
    assert any("almost empty" in failure for failure in self_test(never).failures)


def test_a_shield_that_believes_anything_is_not_ready(
    shield: Shield, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        shield_module, "judge_report", lambda kpis, _: np.full(kpis.n_replicas, Reason.NONE, np.int8)
    )
    assert any("not a number" in failure for failure in self_test(shield).failures)


def test_a_shield_that_raises_is_not_ready(shield: Shield, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shield_module, "foresee", lambda *_: 1 / 0)
    assert not self_test(shield).ready
