"""Admission on the scenario `quotas`: the bound holds, the twins of a roll-out follow, others refuse what waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ranrein.envs.beam_bound import beam_bound
from ranrein.envs.beam_control import BeamControl
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.energy_bound import energy_bound
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.joint_bound import joint_bound
from ranrein.envs.joint_control import JointControl
from ranrein.envs.slice_admission import SliceAdmission
from ranrein.envs.slice_baselines import AdmitAll, SliceDensity
from ranrein.envs.slice_bound import slice_bound
from ranrein.envs.slice_rollout import RollOut, read_slices
from ranrein.envs.task import weighted
from ranrein.twin.params import Params
from ranrein.twin.slice_report import waiting_mbit

from .conftest import network_named, shortened

TASK = SliceAdmission()
PERIODS = 24


@pytest.fixture(scope="module")
def params() -> Params:
    """Two hours of the scenario."""
    return shortened(network_named("ranrein/SliceAdmission-v0", "quotas"), PERIODS)


@pytest.mark.parametrize(
    "rule", [AdmitAll(), SliceDensity(), RollOut(members=2.0)], ids=lambda rule: rule.name
)
def test_no_rule_returns_more_than_the_bound(params: Params, rule: Any) -> None:
    world, total = TASK.world(params, 4), np.zeros(4)
    world.start(np.arange(4), np.zeros(4, np.int64))
    rule.begin(params, 4)
    for _ in range(PERIODS):
        world.step(rule.actions(params, world.window))
        total += weighted(world.judged()["reward_terms"], TASK.weights)
    assert np.all(total <= slice_bound(params, TASK.weights, np.arange(4)).episode_return)


def test_what_waited_for_a_slice_that_is_gone_is_not_believed_in(params: Params) -> None:
    world = TASK.world(params, 4)
    world.start(np.arange(4), np.zeros(4, np.int64))
    for _ in range(PERIODS):
        world.step(np.ones((4, 2), np.int64))
    report, members = world.window.slices, world.state.copy()
    assert report is not None
    members.arrays.queue[:] = 1.0
    gone = replace(report, kind=np.where(np.arange(10) < 2, np.int8(-1), report.kind))
    read_slices(params, members, gone, 1)
    kept = waiting_mbit(params, members) > 0
    assert not kept[:, :2].any()
    assert np.array_equal(kept[:, 2:], report.kind[:, 2:] >= 0)
    assert kept.any()


BOUNDS: dict[str, Callable[[Params], object]] = {
    "urban": lambda params: energy_bound(params, EnergySaving(), np.arange(1)),
    "arena": lambda params: beam_bound(params, BeamControl(), np.arange(1)),
    "joint": lambda params: joint_bound(params, JointControl(), np.arange(1)),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_that_take_the_unserved_for_lost_refuse_what_waits(name: str) -> None:
    plain = load_scenario(name)
    waits = replace(plain, pixel_m=plain.width_m / 14, load=replace(plain.load, buffer_s=2.0))
    with pytest.raises(ValueError, match=r"load\.buffer_s=2: ask for no bound \(bound=false\)"):
        BOUNDS[name](Params.of(waits))
