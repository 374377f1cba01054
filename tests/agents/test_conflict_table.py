"""The table of conflicts: what is counted, how often the network is looked at, and what is written."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.conflict_table import EPISODES, EVERY, FILE, conflict_shares, write_conflicts
from ranrein.agents.evaluate import Setting
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.conflicts import CONTROLLERS, NOTICED, QUANTITIES, conflicts_of, measure_effects
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.joint_baselines import joint_rules
from ranrein.envs.joint_control import PARTS, JointControl
from ranrein.envs.slice_world import answerable
from ranrein.envs.window import Window
from ranrein.twin.carrier import CarrierState
from ranrein.twin.params import Params
from ranrein.twin.types import I64

TASK, LOOKS = JointControl(), 2
ENERGY, BEAMS, STEERING, SLICES = range(4)
SEEDS = [5, 6, 7]


@pytest.fixture(scope="module")
def network() -> Params:
    """Two looks at the scenario, and some periods after the second."""
    scenario = load_scenario("joint")
    timing = replace(scenario.timing, episode_s=(LOOKS * EVERY + 3) * scenario.timing.control_period_s)
    return Params.of(replace(scenario, timing=timing))


@dataclass
class Sleeper:
    """All capacity sleeps deep as soon as it may; every request is admitted, patterns and offsets are as planned."""

    name: str = "sleeper"
    periods: int = 0

    def begin(self, params: Params, n: int) -> None:
        self.periods = 0

    def actions(self, params: Params, window: Window) -> I64:
        self.periods += 1
        n, counts = window.kpis.n_replicas, [len(part.action_space(params).nvec) for part in PARTS.values()]
        return np.repeat([[int(CarrierState.DEEP_SLEEP), 0, 2, 1]], counts, axis=1).repeat(n, axis=0)


def looked_at(network: Params) -> list[tuple[np.ndarray, ...]]:
    """Asked for, changes, indirect and implicit conflicts of every look at the sleeper, (B, P, ...) each."""
    world, sleeper, found = TASK.world(network, len(SEEDS)), Sleeper(), []
    world.start(np.array(SEEDS), np.zeros(len(SEEDS), np.int64))
    for period in range(LOOKS * EVERY):
        choices = sleeper.actions(network, world.window)
        if period % EVERY == EVERY - 1:
            possible = answerable(network, world.window, choices)
            wanted = TASK.decode(network, possible, world.window.precedent)
            effects = measure_effects(network, world.state, world.window.precedent, wanted)
            kinds = conflicts_of(effects)
            found.append((effects.asked.T, np.swapaxes(effects.change, 0, 1), kinds.indirect, kinds.implicit))
        world.step(choices)
    return found


def test_who_asks_for_the_plan_is_in_no_conflict(network: Params) -> None:
    planned = next(rule for rule in joint_rules() if rule.name == "as planned")
    shares = conflict_shares(planned, network, TASK, SEEDS)
    assert shares.controller == "as planned"
    assert shares.direct == 0
    assert not any(values.any() for values in (shares.asked, shares.indirect, shares.implicit, shares.effect))


def test_shares_are_means_over_one_period_in_twelve(network: Params) -> None:
    sleeper = Sleeper()
    shares = conflict_shares(sleeper, network, TASK, SEEDS)
    assert sleeper.periods == LOOKS * EVERY + 3  # it decides in every period, and is looked at in some
    asked, change, indirect, implicit = (
        np.concatenate(each) for each in zip(*looked_at(network), strict=True)
    )
    assert len(asked) == LOOKS * len(SEEDS)
    assert np.array_equal(shares.asked, asked.mean(axis=0))
    assert np.array_equal(shares.indirect, indirect.mean(axis=0))
    assert np.array_equal(shares.implicit, implicit.mean(axis=0))
    for p in range(len(CONTROLLERS)):
        when = asked[:, p]
        expected = change[when, p].mean(axis=0) if when.any() else np.zeros(len(QUANTITIES))
        assert shares.effect[p] == pytest.approx(expected)


def test_a_sleeping_network_is_an_implicit_conflict_with_steering(network: Params) -> None:
    shares = conflict_shares(Sleeper(), network, TASK, SEEDS)
    assert shares.asked[ENERGY] == 1.0
    assert shares.asked[[BEAMS, STEERING]].tolist() == [0.0, 0.0]
    effect = dict(zip(QUANTITIES, shares.effect[ENERGY], strict=True))
    assert effect["energy"] > NOTICED
    assert effect["throughput"] < -NOTICED
    assert shares.implicit[ENERGY, STEERING] == 1.0  # throughput is what steering is there for
    assert not shares.implicit[STEERING].any()
    assert np.array_equal(shares.indirect, shares.indirect.T)
    assert shares.direct == 0  # each of the four sets an attribute of its own


def test_the_file_holds_every_controller_in_order(network: Params, tmp_path: Path) -> None:
    setting = Setting(network, TASK, [*SEEDS, *range(100, 100 + EPISODES)])
    planned = next(rule for rule in joint_rules() if rule.name == "as planned")
    write_conflicts([Sleeper(), planned], setting, tmp_path)
    table = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert table["controllers"] == ["energy", "beams", "steering", "slices"]
    assert table["quantities"] == list(QUANTITIES)
    assert (table["noticed"], table["episodes"], table["every"]) == (NOTICED, EPISODES, EVERY)
    assert [row["controller"] for row in table["rows"]] == ["sleeper", "as planned"]
    sleeper = conflict_shares(Sleeper(), network, TASK, setting.seeds[:EPISODES])
    assert table["rows"][0]["implicit"] == sleeper.implicit.tolist()
    assert np.shape(table["rows"][0]["effect"]) == (len(CONTROLLERS), len(QUANTITIES))


def test_a_problem_without_parts_is_refused_and_nothing_is_written(network: Params, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="EnergySaving has no parts"):
        write_conflicts([], Setting(network, EnergySaving(), SEEDS), tmp_path)
    assert not list(tmp_path.iterdir())
