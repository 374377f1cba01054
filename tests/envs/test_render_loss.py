"""Pictures of a loss system: what the episode brought, request by request."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.envs.loss_trail import LossTrail
from ranrein.envs.vector import TwinEnv

from .pictures import drawn_env, painter_of, picture, words_of

PLOTS = (slice(285, 670), slice(660, 1250))


def after(admit: bool, decisions: int = 30) -> TwinEnv:
    env = drawn_env("SliceAdmission", "loss_system")
    for _ in range(decisions):
        env.step(np.array([int(admit)]))
    return env


def trail_of(env: TwinEnv) -> LossTrail:
    found: LossTrail = env._picture._trail  # type: ignore[union-attr]
    return found


def test_the_trail_counts_what_the_steps_told() -> None:
    env, revenue, seconds, refused, beyond = drawn_env("SliceAdmission", "loss_system"), 0.0, 0.0, 0, 0
    for step in range(120):
        *_, info = env.step(np.array([step % 4 > 0]).astype(np.int64))
        revenue, seconds = revenue + info["revenue"], seconds + info["elapsed_s"]
        refused += int((info["kpis"]["DRB.EstabAtt"] - info["kpis"]["DRB.EstabSucc"]).sum())
        beyond += int(info["cost"] > 0)
    trail = trail_of(env)
    assert trail.answered == 120
    assert trail.revenue[-1] == pytest.approx(revenue)
    assert trail.seconds == pytest.approx(seconds)
    assert (trail.refused[-1], trail.beyond) == (refused, beyond)
    assert trail.held[-1].tolist() == info["in_service"].tolist()
    assert beyond > 0


def test_a_new_episode_begins_a_new_trail() -> None:
    env = after(admit=True)
    assert trail_of(env).answered == 30
    env.reset(seed=4)
    assert (trail_of(env).answered, trail_of(env).revenue, trail_of(env).last) == (0, [0.0], None)
    assert "0 of 1,000 answered" in shown_words(env)


def test_curves_of_who_admits_and_who_refuses_differ() -> None:
    some, none = picture(after(admit=True)), picture(after(admit=False))
    assert (some[PLOTS] != none[PLOTS]).mean() > 0.005


def test_what_was_earned_and_blocked_is_written() -> None:
    env = after(admit=False)
    words = shown_words(env)
    assert "0 earned" in words
    assert "100 %" in words
    assert "refused" in words
    assert "\u2713 OK" in words


def test_asking_beyond_capacity_breaks_the_badge() -> None:
    env = after(admit=True, decisions=200)
    assert trail_of(env).beyond > 0
    assert "BROKEN" in shown_words(env)


def test_the_bar_ends_where_the_capacity_does() -> None:
    env = after(admit=True)
    picture(env)
    axes = painter_of(env)._bar._units.axes
    assert axes.get_xlim() == (0, 24)


def shown_words(env: TwinEnv) -> str:
    picture(env)
    return words_of(env)
