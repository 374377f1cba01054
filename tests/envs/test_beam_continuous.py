"""Beam control with a Box: what a number points at, what is refused, teams, and the bound that holds there too."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from ranrein.agents.sb3_vec import TwinVecEnv
from ranrein.envs.beam_bound import beam_bound
from ranrein.envs.beam_continuous import ContinuousBeams, directions, offered
from ranrein.envs.beam_control import BeamControl, pattern_names
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.registry import make_env, make_task, make_vector_env
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent

TASK = ContinuousBeams()
PERIODS = 12


@cache
def arena_tilt() -> Params:
    params = Params.of(load_scenario("arena_tilt"))
    timing = replace(params.scenario.timing, episode_s=PERIODS * params.scenario.timing.control_period_s)
    return replace(params, scenario=replace(params.scenario, timing=timing))


@cache
def turning() -> Params:
    """Cells that may tilt and turn."""
    scenario = load_scenario("arena")
    patterns = ("macro down 6", "macro left 20", "macro down 6 left 20", "narrow macro right 10")
    carriers = {name: replace(each, patterns=patterns) for name, each in scenario.carriers.items()}
    return Params.of(replace(scenario, carriers=carriers))


def pointed(params: Params, actions: list[list[float]], before: list[int] | None = None) -> list[list[str]]:
    """Names of the patterns that actions lead to."""
    given, precedent = np.array(actions), Precedent.fresh(len(actions), params.n_cells)
    if before is not None:
        precedent.command.beam[:] = before
    beam = TASK.decode(params, given, precedent).beam
    return [[pattern_names(params, c)[b] for c, b in enumerate(row)] for row in beam.tolist()]


def test_a_tilt_per_cell_from_the_least_to_the_largest_in_whole_degrees() -> None:
    names = pattern_names(arena_tilt(), 0)
    assert sorted(directions(names)[:, 0].tolist()) == list(range(-3, 7))
    assert TASK.action_space(arena_tilt()) == spaces.Box(-1.0, 1.0, (3,), np.float32)
    assert pointed(arena_tilt(), [[-1.0, -1 / 3, 1.0]]) == [["macro up 3", "as planned", "macro down 6"]]


@pytest.mark.parametrize(
    ("degrees", "name"), [(0.4, "as planned"), (0.6, "macro down 1"), (2.51, "macro down 3")]
)
def test_a_number_is_rounded_to_the_nearest_step(degrees: float, name: str) -> None:
    action = 2 * (degrees + 3) / 9 - 1
    assert pointed(arena_tilt(), [[action] * 3]) == [[name] * 3]


def test_tilt_and_azimuth_where_the_codebook_has_both() -> None:
    assert offered(pattern_names(turning(), 0)) == (0, 1)
    assert TASK.action_space(turning()).shape == (6,)
    low, high = -1.0, 1.0
    assert pointed(turning(), [[low, low, high, -1 / 3, low, high]]) == [
        ["macro left 20", "macro down 6", "narrow macro right 10"]
    ]


def test_one_of_shape_tilt_and_azimuth_changes_at_a_time() -> None:
    assert pointed(turning(), [[1.0, -1.0] * 3], before=[0, 4, 2])[0] == [
        "macro down 6 left 20",  # from the planned pattern everything may follow
        "as planned",  # over the plan: from another shape nothing nearer may follow
        "macro down 6 left 20",
    ]


def test_what_is_in_force_asks_for_itself() -> None:
    n = int(arena_tilt().n_beams[0])
    beam = np.tile(np.arange(n, dtype=np.int8)[:, None], (1, 3))
    asked = TASK.encode(arena_tilt(), Command(np.zeros_like(beam), beam))
    assert asked.dtype == np.float32
    again = TASK.decode(arena_tilt(), asked.astype(np.float64), Precedent.fresh(n, 3))
    assert np.array_equal(again.beam, beam)


def test_a_codebook_without_directions_says_what_to_add() -> None:
    with pytest.raises(ValueError, match=r"no choice of tilt or azimuth .*macro down 1"):
        offered(("as planned", "wide macro", "narrow macro"))


def test_the_argument_chooses_the_variant_and_nothing_else() -> None:
    plain = make_env("ranrein/BeamControl-v0", "arena_tilt", continuous=False)
    assert isinstance(plain.action_space, spaces.MultiDiscrete)
    assert isinstance(plain.batch.task, BeamControl)
    with pytest.raises(ValueError, match="continuous='yes' is neither True nor False"):
        make_env("ranrein/BeamControl-v0", continuous="yes")
    with pytest.raises(ValueError, match="continuous"):
        make_env("ranrein/EnergySaving-v0", continuous=True)
    made = gym.make("ranrein.envs:ranrein/BeamControl-v0", continuous=True)
    assert made.unwrapped.batch.params.scenario.name == "arena_tilt"


def test_a_random_policy_of_the_box_does_not_beat_the_bound() -> None:
    seeds, copies = np.arange(2, dtype=np.int64), 8
    bound = beam_bound(arena_tilt(), BeamControl(), seeds).episode_return
    env, rng = TwinVectorEnv(TASK, arena_tilt(), copies * len(seeds)), np.random.default_rng(0)
    env.reset(seed=np.repeat(seeds, copies).tolist())
    total, held = np.zeros(env.num_envs), rng.uniform(-1.0, 1.0, env.action_space.shape)
    for _ in range(PERIODS):
        fresh = rng.uniform(-1.0, 1.0, held.shape)
        held = np.where(rng.random(held.shape) < 0.5, held, fresh)
        total += env.step(held)[1]
    assert np.all(total <= np.repeat(bound, copies) + 1e-9)
    assert np.all(total >= 0.5 * np.repeat(bound, copies))


def test_stable_baselines_gets_a_batch_of_boxes() -> None:
    vec = TwinVecEnv(make_vector_env("ranrein/BeamControl-v0", 4, arena_tilt(), continuous=True))
    vec.reset()
    observations, rewards, *_ = vec.step(np.zeros((4, 3), np.float32))
    assert np.isfinite(observations).all()
    assert rewards.shape == (4,)


@pytest.mark.parametrize("agents", ["cell", "site"])
def test_a_team_of_cells_has_parts_of_the_box(agents: str) -> None:
    pytest.importorskip("pettingzoo", reason="needs an extra: pip install 'ranrein[multiagent]'")
    from ranrein.envs.multi_agent import parallel_env  # noqa: PLC0415  (an optional extra)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from pettingzoo.test import parallel_api_test  # noqa: PLC0415

    team = parallel_env("ranrein/BeamControl-v0", arena_tilt(), agents, continuous=True)
    parallel_api_test(team, num_cycles=2 * PERIODS)
    assert sum(team.action_space(name).shape[0] for name in team.possible_agents) == 3
    single = make_env("ranrein/BeamControl-v0", arena_tilt(), continuous=True)
    team.reset(seed=5)
    single.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(3):
        actions = {
            name: rng.uniform(-1, 1, team.action_space(name).shape).astype(np.float32) for name in team.agents
        }
        observation, reward, *_ = single.step(team.joint(actions))
        assert set(team.step(actions)[1].values()) == {reward}
        assert np.array_equal(team.state(), observation)


def test_a_variant_has_its_own_weights() -> None:
    weights = dict(BeamControl().weights) | {"calm": 1.0}
    assert make_task("ranrein/BeamControl-v0", weights, "continuous").weights == weights
