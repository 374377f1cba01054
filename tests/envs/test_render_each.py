"""Pictures of every control problem: what is decided is to be seen, and no word covers another."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ranrein.envs.registry import make_env
from ranrein.envs.vector import TwinEnv

from .pictures import EACH, drawn_env, picture, texts_of, words_of

STEPS = 6
IDS = [f"{problem}-{scenario or 'continuous'}" for problem, scenario, _ in EACH]


@pytest.fixture(scope="module", params=EACH, ids=IDS)
def env(request: pytest.FixtureRequest) -> TwinEnv:
    """An environment some decisions into its episode, drawn."""
    problem, scenario, settings = request.param
    env, rng = drawn_env(problem, scenario, **settings), np.random.default_rng(0)
    env.action_space.seed(0)
    for _ in range(STEPS):
        env.step(_allowed(env, rng))
    picture(env)
    return env


def _allowed(env: TwinEnv, rng: np.random.Generator) -> Any:
    space: Any = env.action_space
    if not hasattr(space, "nvec"):
        return space.sample()
    masks = np.split(env.action_masks(), np.cumsum(space.nvec)[:-1])
    return np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])


def test_every_problem_is_a_picture_of_the_same_size(env: TwinEnv) -> None:
    drawn = picture(env)
    assert (drawn.shape, drawn.dtype) == ((720, 1280, 3), np.uint8)
    assert np.array_equal(picture(env), drawn)
    assert len(np.unique(drawn @ np.array([1, 256, 65536]))) > 100


def test_no_words_cover_each_other(env: TwinEnv) -> None:
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(env)]
    assert len(boxes) > 20
    touching = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 3
    ]
    assert touching == []


def test_no_words_leave_the_picture(env: TwinEnv) -> None:
    boxes = {text.get_text(): text.get_window_extent() for text in texts_of(env)}
    outside = [word for word, b in boxes.items() if b.x0 < 0 or b.y0 < -1 or b.x1 > 1280 or b.y1 > 721]
    assert outside == []


def test_axes_have_units(env: TwinEnv) -> None:
    words = words_of(env)
    assert "hour of the episode" in words or "requests answered" in words


def test_a_picture_before_the_first_reset_is_refused() -> None:
    env = make_env("ranrein/TrafficSteering-v0", render_mode="rgb_array")
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.render()


@pytest.mark.parametrize(
    ("problem", "scenario", "told", "untold"),
    [
        ("EnergySaving", "urban", "carriers asleep", "Handovers"),
        ("BeamControl", "arena", "Mean spectral efficiency", "asleep"),
        ("TrafficSteering", "steering", "ping-pong", "asleep"),
        ("SliceAdmission", "slices", "Money per hour", "asleep"),
        ("JointControl", "joint", "Money per hour", "capacity that"),
    ],
)
def test_a_picture_tells_of_what_is_decided(problem: str, scenario: str, told: str, untold: str) -> None:
    env = drawn_env(problem, scenario)
    picture(env)
    words = words_of(env)
    assert told in words
    assert untold not in words


def test_long_names_are_cut_and_not_written_over_others() -> None:
    name = "urban+cut_off+telemetry+faults+reality_gap+drift+randomised+frozen"
    env = drawn_env("EnergySaving", name)
    picture(env)
    shown = [text for text in texts_of(env) if text.get_text().startswith("day 1")]
    assert len(shown) == 1
    assert shown[0].get_text().endswith("\u2026")
