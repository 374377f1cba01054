"""What every registered control problem must do on every scenario of its tests."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

import ranrein.envs
from ranrein.envs.actions import n_choices
from ranrein.envs.catalogue import UnknownNameError
from ranrein.envs.registry import make_env, make_task, make_vector_env
from ranrein.envs.task import weighted
from ranrein.envs.vector import TwinEnv, TwinVectorEnv
from ranrein.envs.worlds import AnyTask, legal, observed
from ranrein.twin.params import Params

from .acting import N_BAD, bad_actions, drawn, highest, lowest, masks_of, nearest_allowed, random_actions

PERIODS = 12  # decisions of an episode of the fixture `short`


def play(env: TwinVectorEnv, seed: Any, steps: int, action_seed: int = 0) -> list[tuple[Any, ...]]:
    """Reset and take the same legal random actions in every row."""
    rng = np.random.default_rng(action_seed)
    taken = [(env.reset(seed=seed)[0],)]
    for _ in range(steps):
        taken.append(env.step(np.tile(drawn(env.single_action_space, rng), (env.num_envs, 1)))[:4])
    return taken


def column(taken: list[tuple[Any, ...]], row: int) -> list[bytes]:
    return [np.asarray(value[row]).tobytes() for step in taken for value in step]


def test_gymnasium_finds_nothing_to_complain_about(task_id: str, asked: dict[str, bool], short: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(
            gym.make(task_id, scenario=short, **asked).unwrapped, skip_render_check=True
        )  # "human" needs a display


def test_stable_baselines_finds_nothing_to_complain_about(task: AnyTask, short: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env_of_sb3(TwinEnv(task, short), skip_render_check=True)


def test_same_seed_same_bits_alone_and_anywhere_in_a_batch(task: AnyTask, short: Any) -> None:
    batch = play(TwinVectorEnv(task, short, 5), [9, 4, 7, 4, 2], 2 * PERIODS)
    alone = play(TwinVectorEnv(task, short, 1), [4], 2 * PERIODS)
    assert column(batch, 1) == column(batch, 3) == column(alone, 0)


def test_the_single_environment_is_a_row_of_the_batch(task: AnyTask, short: Any) -> None:
    env, rng = TwinEnv(task, short), np.random.default_rng(0)
    steps = [(env.reset(seed=4)[0],)]
    steps += [env.step(drawn(env.action_space, rng))[:4] for _ in range(PERIODS - 1)]
    mine = [np.asarray(value).tobytes() for step in steps for value in step]
    assert mine == column(play(TwinVectorEnv(task, short, 3), [1, 2, 4], PERIODS - 1), 2)


def test_the_single_environment_tells_what_the_batch_tells(task: AnyTask, short: Any) -> None:
    env, batch, rng = TwinEnv(task, short), TwinVectorEnv(task, short, 3), np.random.default_rng(0)
    told = [(env.reset(seed=4)[1], batch.reset(seed=[1, 2, 4])[1])]
    for _ in range(PERIODS - 1):
        action = drawn(env.action_space, rng)
        told.append((env.step(action)[4], batch.step(np.tile(action, (3, 1)))[4]))
    for alone, together in told:
        assert data_equivalence(alone, row_of(together, 2))


def row_of(info: dict[str, Any], row: int) -> dict[str, Any]:
    """One replica's part of a batch's info; numbers as Python has them."""
    return {
        name: row_of(value, row)
        if isinstance(value, dict)
        else (value[row].item() if value.ndim == 1 else value[row])
        for name, value in info.items()
    }


def test_different_seeds_differ(task: AnyTask, network: Any) -> None:
    env = TwinVectorEnv(task, network, 6)
    env.reset(seed=0)
    assert len(set(hidden(env))) == 6
    rng, space = np.random.default_rng(0), env.single_action_space
    days = np.stack([env.step(np.tile(drawn(space, rng), (6, 1)))[0] for _ in range(288)])
    assert (
        len({days[:, row].tobytes() for row in range(6)}) > 3
    )  # in some days of tiny nothing happens by chance


def test_a_seed_of_the_batch_names_consecutive_seeds(task: AnyTask, short: Any) -> None:
    env = TwinVectorEnv(task, short, 3)
    assert np.array_equal(env.reset(seed=5)[0], env.reset(seed=[5, 6, 7])[0])


@pytest.mark.parametrize("steps", [1, 5, PERIODS, PERIODS + 3])
def test_reset_after_any_number_of_steps_is_fresh(task: AnyTask, short: Any, steps: int) -> None:
    used = TwinVectorEnv(task, short, 2)
    play(used, 3, steps, action_seed=1)
    again, fresh = play(used, 3, PERIODS), play(TwinVectorEnv(task, short, 2), 3, PERIODS)
    assert [column(again, row) for row in (0, 1)] == [column(fresh, row) for row in (0, 1)]


def hidden(env: TwinVectorEnv) -> list[bytes]:
    """What is simulated, row by row: another episode of any seed has it otherwise."""
    arrays = [array for name, array in env.world.state.arrays._asdict().items() if name != "key"]
    return [b"".join(np.asarray(array[row]).tobytes() for array in arrays) for row in range(env.num_envs)]


def test_reset_without_a_seed_goes_on_to_the_next_episode(task: AnyTask, short: Any) -> None:
    one, two = TwinVectorEnv(task, short, 2), TwinVectorEnv(task, short, 2)
    for env in (one, two):
        env.reset(seed=3)
    first = hidden(one)
    one.reset()
    two.reset(seed=[None, None])
    assert not set(hidden(one)) & set(first)
    assert hidden(one) == hidden(two)


def test_rows_without_a_seed_differ_from_the_start(task: AnyTask, short: Any) -> None:
    env, alone = TwinVectorEnv(task, short, 3), TwinVectorEnv(task, short, 1)
    env.reset(seed=[None, None, 8])
    alone.reset(seed=8)
    assert len(set(hidden(env))) == 3
    assert hidden(env)[2] == hidden(alone)[0]


def test_seeds_that_are_refused_change_nothing(task: AnyTask, short: Any) -> None:
    env, twin = TwinVectorEnv(task, short, 2), TwinVectorEnv(task, short, 2)
    for each in (env, twin):
        each.reset(seed=3)
    with pytest.raises(ValueError, match="seed"):
        env.reset(seed=[4, -1])
    env.reset()
    twin.reset()
    assert hidden(env) == hidden(twin)


def test_a_masked_reset_leaves_the_other_rows_alone(task: AnyTask, short: Any) -> None:
    env, whole = TwinVectorEnv(task, short, 2), play(TwinVectorEnv(task, short, 2), 3, 6)
    play(env, 3, 4)
    rng = np.random.default_rng(0)
    actions = [drawn(env.single_action_space, rng) for _ in range(6)]
    observed, _ = env.reset(seed=50, options={"reset_mask": np.array([False, True])})
    assert np.array_equal(observed[0], whole[4][0][0])
    assert np.array_equal(observed[1], TwinVectorEnv(task, short, 1).reset(seed=51)[0][0])
    assert np.array_equal(env.step(np.tile(actions[4], (2, 1)))[0][0], whole[5][0][0])


def test_rewards_and_their_terms_stay_in_the_unit_interval(task: AnyTask, short: Any) -> None:
    env, rng = TwinVectorEnv(task, short, 8), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(PERIODS):
        _, reward, _, _, info = env.step(random_actions(env, rng))
        assert set(info["reward_terms"]) == set(task.weights)
        for values in (reward, *info["reward_terms"].values()):
            assert np.all((values >= 0) & (values <= 1))
        assert np.array_equal(reward, weighted(info["reward_terms"], task.weights))


def test_the_cost_is_one_exactly_where_a_constraint_costs(task: AnyTask, network: Any) -> None:
    env, seen = TwinVectorEnv(task, network, 40, AutoresetMode.DISABLED), set()
    env.reset(seed=0)
    space, rng = env.single_action_space, np.random.default_rng(0)
    first, last = lowest(space, 40), highest(space, 40)
    actions = np.where(rng.integers(0, 2, first.shape) > 0, last, first)
    actions[:8] = last[:8]  # deep sleep until the morning, or no request refused
    for period in range(120):
        *_, info = env.step(actions if period % 2 else nearest_allowed(env, actions))
        by_name = np.stack(list(info["costs"].values()))
        assert np.array_equal(info["cost"], (by_name > 0).any(axis=0))
        assert np.all((by_name >= 0) & (by_name <= 1))
        seen |= set(info["cost"].tolist())
    assert seen == {0.0, 1.0}


def test_observations_are_the_callers_to_keep(task: AnyTask, short: Any) -> None:
    env, twin = TwinVectorEnv(task, short, 2), TwinVectorEnv(task, short, 2)
    kept, info = env.reset(seed=1)
    copy = kept.copy()
    twin.reset(seed=1)
    for value in info["kpis"].values():
        value[:] = 0
    action = lowest(env.single_action_space, 2)
    after = env.step(action)[0]
    assert np.array_equal(kept, copy)
    after[:] = 7
    twin.step(action)
    assert np.array_equal(env.step(action)[0], twin.step(action)[0])


def test_observations_lie_in_their_space(task: AnyTask, short: Any) -> None:
    env = TwinVectorEnv(task, short, 3)
    for observation, *_ in play(env, 0, PERIODS):
        assert observation.dtype == np.float32
        assert env.observation_space.contains(observation)


def test_an_episode_ends_by_time_and_never_otherwise(task: AnyTask, short: Any) -> None:
    taken = play(TwinVectorEnv(task, short, 2), 0, 3 * PERIODS)[1:]
    assert not any(step[2].any() for step in taken)
    assert [step[3].tolist() for step in taken] == [[i % PERIODS == 0] * 2 for i in range(1, 3 * PERIODS + 1)]


def test_the_global_generator_is_left_alone(task: AnyTask, short: Any) -> None:
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    env = TwinVectorEnv(task, short, 2)
    env.reset()
    play(env, 0, 3)
    TwinEnv(task, short).reset()
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


def test_the_global_generator_has_no_influence(task: AnyTask, short: Any) -> None:
    np.random.seed(1)  # noqa: NPY002
    one = play(TwinVectorEnv(task, short, 1), 0, 3)
    np.random.seed(2)  # noqa: NPY002
    assert column(play(TwinVectorEnv(task, short, 1), 0, 3), 0) == column(one, 0)


@pytest.mark.parametrize("index", range(N_BAD))
def test_a_bad_action_is_refused_and_nothing_has_changed(task: AnyTask, short: Any, index: int) -> None:
    env, untouched = TwinVectorEnv(task, short, 2), TwinVectorEnv(task, short, 2)
    for each in (env, untouched):
        each.reset(seed=3)
    with pytest.raises(ValueError, match="action"):
        env.step(bad_actions(env)[index])
    good = drawn(env.single_action_space, np.random.default_rng(0), 2)
    for _ in range(2):
        mine, theirs = env.step(good)[:4], untouched.step(good)[:4]
        assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.parametrize("action", [[9], 0, None, [0.5], "up", [0, [1]]])
def test_the_single_environment_refuses_bad_actions_too(task: AnyTask, short: Any, action: Any) -> None:
    env = TwinEnv(task, short)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="action"):
        env.step(action)


def test_before_a_reset_there_is_nothing_to_do_or_see(task: AnyTask, short: Any) -> None:
    env = TwinEnv(task, short)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(lowest(env.action_space))
    with pytest.raises(gym.error.ResetNeeded):
        env.action_masks()


def test_unknown_names_are_answered_with_the_nearest(
    problem: tuple[str, str, str | None], asked: dict[str, bool], task: AnyTask, short: Any
) -> None:
    task_id, scenario, _ = problem
    with pytest.raises(UnknownNameError, match=f"did you mean '{scenario}'"):
        make_env(task_id, scenario=scenario[:-1], **asked)
    with pytest.raises(UnknownNameError, match="did you mean"):
        make_env(task_id, scenario=scenario, episode=5, **asked)
    with pytest.raises(UnknownNameError, match="did you mean 'rgb_array'"):
        make_env(task_id, scenario=short, render_mode="rgb", **asked)
    with pytest.raises(UnknownNameError, match="did you mean 'reset_mask'"):
        TwinVectorEnv(task, short).reset(options={"mask": None})
    with pytest.raises(UnknownNameError, match=f"did you mean '{task_id}'"):
        make_task(task_id[:-2])


@pytest.mark.parametrize("mask", [[True], np.array([True]), np.array([1, 0]), np.array([1.0, np.nan])])
def test_a_reset_mask_of_the_wrong_form_is_refused(task: AnyTask, short: Any, mask: Any) -> None:
    with pytest.raises(ValueError, match="reset_mask must be bool"):
        TwinVectorEnv(task, short, 2).reset(options={"reset_mask": mask})


@pytest.mark.parametrize("options", [[], ["reset_mask"], "reset_mask", 3, {"reset_mask": None}, {1: 2}])
def test_reset_options_of_the_wrong_form_are_refused_and_nothing_has_changed(
    task: AnyTask, short: Any, options: Any
) -> None:
    env = TwinVectorEnv(task, short, 2)
    env.reset(seed=3)
    before = hidden(env)
    with pytest.raises(ValueError, match="reset"):
        env.reset(seed=4, options=options)
    assert hidden(env) == before


@pytest.mark.parametrize("num_envs", [0, -1, 2.5, "3", True])
def test_a_batch_has_a_whole_number_of_rows(task: AnyTask, short: Any, num_envs: Any) -> None:
    with pytest.raises(ValueError, match="num_envs"):
        TwinVectorEnv(task, short, num_envs)


def test_what_is_no_network_and_a_picture_of_a_batch_are_refused(task_id: str, short: Any) -> None:
    with pytest.raises(TypeError, match="scenario is a list"):
        make_env(task_id, scenario=["urban"])
    with pytest.raises(ValueError, match="render_mode: a batch draws nothing"):
        make_vector_env(task_id, 2, short, render_mode="rgb_array")
    assert make_vector_env(task_id, 2, short, render_mode=None).num_envs == 2


@pytest.mark.parametrize(
    "seed", [-1, 2**62, [1], [1, -5], 1.5, [1.5, 2], [float("nan"), 1], "ab", [True, 1], {1: 2, 3: 4}]
)
def test_seeds_out_of_range_are_refused(task: AnyTask, short: Any, seed: Any) -> None:
    with pytest.raises(ValueError, match="seed"):
        TwinVectorEnv(task, short, 2).reset(seed=seed)


@pytest.mark.parametrize("change", ["another", "negative", "no number", "none"])
def test_weights_must_fit_the_terms(problem: tuple[str, str, str | None], short: Any, change: str) -> None:
    task_id, _, variant = problem
    weights = dict(make_task(task_id, None, variant).weights)
    first = next(iter(weights))
    rest = {name: weight for name, weight in weights.items() if name != first}
    changed = {
        "another": weights | {"spare": 1.0},
        "negative": weights | {first: -1.0},
        "no number": weights | {first: float("nan")},
        "none": rest,
    }
    with pytest.raises(ValueError, match="reward weight"):
        TwinEnv(make_task(task_id, changed[change], variant), short)


def episodes_of(task: AnyTask, short: Any, mode: AutoresetMode) -> list[list[bytes]]:
    """Two episodes, step by step: observation reached, reward, truncated; resets left out."""
    env, rng = TwinVectorEnv(task, short, 2, mode), np.random.default_rng(3)
    env.reset(seed=6)
    episodes, waits = [], mode == AutoresetMode.NEXT_STEP
    for _ in range(2):
        steps = []
        for _ in range(PERIODS):
            action = np.tile(drawn(env.single_action_space, rng), (2, 1))
            observation, reward, _, truncated, info = env.step(action)
            final = info.get("final_obs")
            reached = np.stack(list(final)) if final is not None else observation
            steps.append(b"".join(np.asarray(v).tobytes() for v in (reached, reward, truncated)))
        episodes.append(steps)
        if waits:
            env.step(action)
        elif mode == AutoresetMode.DISABLED:
            env.reset()
    return episodes


def test_every_way_of_restarting_gives_the_same_trajectories(task: AnyTask, short: Any) -> None:
    same, following, disabled = (episodes_of(task, short, AutoresetMode(mode)) for mode in (
        AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED))  # fmt: skip
    assert same == disabled
    assert following == disabled


def test_the_step_that_restarts_brings_the_first_observation_and_no_reward(task: AnyTask, short: Any) -> None:
    env = TwinVectorEnv(task, short, 2, AutoresetMode.NEXT_STEP)
    play(env, 6, PERIODS)
    action = lowest(env.single_action_space, 2)
    observation, reward, terminated, truncated, _ = env.step(action)
    twin = TwinVectorEnv(task, short, 2)
    twin.reset(seed=6)
    assert np.array_equal(observation, twin.reset()[0])
    assert not reward.any()
    assert not terminated.any()
    assert not truncated.any()


def test_masks_agree_with_what_is_obeyed(task: AnyTask, short: Any) -> None:
    n, seen = 16, set()
    env, rng = TwinVectorEnv(task, short, n, AutoresetMode.DISABLED), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(4 * PERIODS):
        expected, masks = env.world.stay(), masks_of(env)
        wanted = expected.copy()
        for row, element in enumerate(rng.integers(len(masks), size=n) if masks else ()):
            wanted[row, element] = choice = rng.integers(masks[element].shape[1])
            allowed = bool(masks[element][row, choice])
            expected[row, element] = choice if allowed else expected[row, element]
            seen.add(allowed)
        env.step(wanted)
        assert np.array_equal(env.world.obeyed(), expected)
    assert seen == ({True, False} if masks else set())


def test_what_is_legal_is_what_the_world_obeys(task: AnyTask, short: Any) -> None:
    env, rng = TwinVectorEnv(task, short, 8, AutoresetMode.DISABLED), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(2 * PERIODS):
        wanted = drawn(env.single_action_space, rng, 8)
        expected = legal(task, short, env.window, wanted)
        env.step(wanted)
        assert np.array_equal(env.world.obeyed(), expected)


def test_a_policy_sees_what_the_environment_shows(task: AnyTask, short: Any) -> None:
    env, rng = TwinVectorEnv(task, short, 4), np.random.default_rng(0)
    shown = env.reset(seed=0)[0]
    for _ in range(PERIODS + 3):
        assert np.array_equal(observed(task, short, env.window), shown)
        shown = env.step(random_actions(env, rng))[0]


def test_info_after_a_restart_is_of_the_new_episode(task: AnyTask, short: Any) -> None:
    env, fresh = TwinVectorEnv(task, short, 2), TwinVectorEnv(task, short, 2)
    play(env, 3, PERIODS - 1)
    *_, info = env.step(lowest(env.single_action_space, 2))
    fresh.reset(seed=3)
    first = fresh.reset()[1]
    assert data_equivalence({name: info[name] for name in first}, first)
    assert not data_equivalence(info["final_info"]["kpis"], first["kpis"])


def test_masks_always_leave_a_choice(task: AnyTask, short: Any) -> None:
    env, rng = TwinVectorEnv(task, short, 4), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(2 * PERIODS):
        assert all(mask.any(axis=1).all() for mask in masks_of(env))
        env.step(random_actions(env, rng))


def test_what_makes_an_environment_can_be_pickled(
    problem: tuple[str, str, str | None], asked: dict[str, bool], task: AnyTask, network: Any
) -> None:
    task_id, scenario, _ = problem
    plain = network.scenario if isinstance(network, Params) else network
    kwargs = pickle.loads(pickle.dumps({"scenario": plain, "weights": task.weights} | asked))
    one, two = make_env(task_id, **kwargs), make_env(task_id, scenario=scenario, **asked)
    assert np.array_equal(one.reset(seed=2)[0], two.reset(seed=2)[0])


def test_gymnasium_makes_the_native_batch(task_id: str, asked: dict[str, bool], short: Any) -> None:
    assert ranrein.envs.make_env is make_env
    native = {"vectorization_mode": "vector_entry_point", "scenario": short}
    env = gym.make_vec(task_id, num_envs=3, **native, **asked)
    assert isinstance(env.unwrapped, TwinVectorEnv)
    same = make_vector_env(task_id, 3, short, **asked)
    assert np.array_equal(env.reset(seed=1)[0], same.reset(seed=1)[0])


def test_gymnasium_makes_the_single_environment_with_its_budget(
    task_id: str, asked: dict[str, bool], short: Any
) -> None:
    env = gym.make(task_id, scenario=short, **asked)
    assert isinstance(env.unwrapped, TwinEnv)
    assert 0 <= env.unwrapped.budget <= 1
    env.reset(seed=0)
    assert env.unwrapped.action_masks().shape == (n_choices(env.action_space),)
