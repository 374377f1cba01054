"""The digest of the promises that judge an episode: that of certificates, and it changes with a promise alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ranrein.agents.digests import running_digests
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.registry import TASKS, make_env, make_vector_env
from ranrein.safety.shield import Shield
from ranrein.twin.params import Params
from ranrein.twin.promises import PROMISED, constraints_digest
from ranrein.twin.scenario import Scenario

ENERGY = "ranrein/EnergySaving-v0"
LOSS = ("ranrein/SliceAdmission-v0", "loss_system")


@pytest.mark.parametrize("task_id", TASKS)
def test_alone_and_in_a_batch_it_is_the_same(task_id: str) -> None:
    one, batch = make_env(task_id), make_vector_env(task_id, 3)
    assert one.constraints_digest == batch.constraints_digest
    assert len(bytes.fromhex(one.constraints_digest)) == 32


@pytest.mark.parametrize("scenario", ["tiny", "urban"])
def test_it_is_the_one_that_a_certificate_carries(scenario: str) -> None:
    env = make_env(ENERGY, scenario)
    certified = running_digests(Shield.of(env.batch.params, 1.3), "0" * 64)
    assert env.constraints_digest == certified["constraints"]


def of(scenario: Scenario) -> str:
    params: Any = Params.of(load_scenario("tiny"))
    return make_env(ENERGY, replace(params, scenario=scenario)).constraints_digest


@pytest.mark.parametrize(
    "limit", ["guaranteed_mbps", "max_below_frac", "max_blocked_frac", "max_uncovered_frac"]
)
def test_it_changes_with_every_promise(limit: str) -> None:
    plain = load_scenario("tiny")
    other = replace(plain, sla=replace(plain.sla, **{limit: 0.9 * getattr(plain.sla, limit)}))
    assert of(other) != of(plain)


def test_it_changes_with_nothing_else_of_the_scenario() -> None:
    plain = load_scenario("tiny")
    assert of(
        replace(plain, name="another", radio_seed=2, timing=replace(plain.timing, episode_s=3600.0))
    ) == of(plain)
    assert make_env(ENERGY, "urban+drift").constraints_digest == make_env(ENERGY).constraints_digest


@pytest.mark.parametrize("promise", [*PROMISED[1:], "max_broken_frac"])
def test_where_there_are_slices_it_changes_with_what_they_are_promised(promise: str) -> None:
    plain = load_scenario("slices")
    slicing = plain.slicing
    if promise == "max_broken_frac":
        other = replace(slicing, max_broken_frac=0.9 * slicing.max_broken_frac)
    else:
        first, *rest = slicing.types
        other = replace(slicing, types=(replace(first, **{promise: 0.9 * getattr(first, promise)}), *rest))
    assert constraints_digest(replace(plain, slicing=other)) != constraints_digest(plain)
    paid = replace(slicing, types=tuple(replace(kind, revenue_per_hour=1.5) for kind in slicing.types))
    assert constraints_digest(replace(plain, slicing=paid)) == constraints_digest(plain)


def test_a_loss_system_promises_what_fits() -> None:
    task_id, scenario = LOSS
    plain, larger, dearer = (
        make_env(task_id, scenario, **more).constraints_digest
        for more in ({}, {"capacity": 25}, {"rewards": [2.0, 4.0, 30.0]})
    )
    assert plain == dearer != larger
