"""The budget of the cost: the network's own where it has one, else that of the problem."""

from __future__ import annotations

from ranrein.envs.registry import make_env, make_task, make_vector_env
from ranrein.envs.worlds import budget_of


def test_a_loss_system_allows_no_request_beyond_capacity() -> None:
    assert make_env("ranrein/SliceAdmission-v0", scenario="loss_system").budget == 0.0
    assert make_vector_env("ranrein/SliceAdmission-v0", 2, scenario="loss_system").budget == 0.0


def test_a_network_without_a_budget_has_that_of_the_problem() -> None:
    env = make_env("ranrein/SliceAdmission-v0", scenario="slices")
    assert env.budget == make_task("ranrein/SliceAdmission-v0").budget == 0.1
    assert (
        budget_of(make_task("ranrein/EnergySaving-v0"), make_env("ranrein/EnergySaving-v0").batch.params)
        == 0.001
    )
