"""What a picture shows follows what it is a picture of: offsets, slices, failures, money, and what is true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.palette import VERMILION
from ranrein.envs.render.badges import BadgeView
from ranrein.envs.render.frame import Frame, newcomers
from ranrein.envs.render.render import Renderer
from ranrein.envs.scenario_source import scenario_named
from ranrein.envs.simulation import Simulation
from ranrein.envs.topics import Topics
from ranrein.envs.traffic_steering import TrafficSteering
from ranrein.envs.trail import values_of
from ranrein.twin.command import Command
from ranrein.twin.kernels.failures import LEFT_S
from ranrein.twin.params import Params
from ranrein.twin.slicing import Tier

from .pictures import drawn_env, painter_of, picture, words_of

MAP = (slice(40, 670), slice(20, 650))


def started(name: str) -> tuple[Params, Simulation]:
    params = Params.of(scenario_named(name))
    simulation = Simulation(params, 1)
    simulation.start(np.array([3]), np.array([0]))
    return params, simulation


def shown(params: Params, simulation: Simulation) -> np.ndarray:
    drawn = Renderer(params).draw(simulation)
    assert drawn is not None
    return drawn


def test_every_offset_stands_at_its_cell_and_changes_the_picture() -> None:
    env = drawn_env("TrafficSteering", "steering")
    before = picture(env)
    env.step(np.array([3, 1, 2, 2]))
    env.step(np.array([4, 0, 2, 3]))
    after = picture(env)
    words = [text.get_text().split("\n")[-1] for text in painter_of(env)._map.words]
    assert words == ["+6 dB", "\u22126 dB", "0 dB", "+3 dB"]
    assert (before[MAP] != after[MAP]).mean() > 0.01


def test_handovers_of_the_last_period_are_counted_by_where_from_and_where_to() -> None:
    params, simulation = started("steering")
    simulation.step(Command.all_active(1, params.n_cells))
    arrays = simulation.state.arrays
    now_s = arrays.step[0] * params.scenario.timing.twin_step_s
    arrays.left[0], arrays.moved_s[0] = -1, -1e9
    arrays.serving[0, :3], arrays.left[0, :3] = 1, 0
    arrays.moved_s[0, :3] = [now_s - 60.0, now_s - 120.0, now_s - 10_000.0]
    came = newcomers(params, simulation.state)
    assert (int(came[0, 1]), int(came.sum())) == (2, 2)


@pytest.mark.parametrize(("tier", "told"), [(Tier.FULL, "in full"), (Tier.REDUCED, "reduced")])
def test_a_slice_that_is_admitted_fills_a_slot_and_earns(tier: Tier, told: str) -> None:
    env = drawn_env("SliceAdmission", "slices")
    for _ in range(40):
        if env.action_masks()[Tier.FULL]:
            break
        env.step(np.zeros(2, np.int64))
    picture(env)
    assert "0 of 10 slots used" in words_of(env)
    env.step(np.array([tier, Tier.REFUSED]))
    picture(env)
    words = words_of(env)
    assert "1 of 10 slots used" in words
    assert f"before: admitted {told}" in words
    window = env.batch.window
    values = values_of(env.batch.params, window)
    assert (values["in_full"], values["reduced"]) == (tier == Tier.FULL, tier == Tier.REDUCED)
    assert values["revenue"] > 0


def test_curves_of_money_differ_when_the_money_does() -> None:
    pictures = []
    for answer in (Tier.REFUSED, Tier.FULL):
        env = drawn_env("SliceAdmission", "slices")
        for _ in range(12):
            env.step(np.full(2, answer))
        pictures.append(picture(env)[415:500, 690:])
    assert (pictures[0] != pictures[1]).mean() > 0.01


def test_a_failed_cell_is_marked_and_its_word_says_whether_anybody_knows() -> None:
    params, simulation = started("urban+faults")
    simulation.state.arrays.down[:] = 0
    works = shown(params, simulation)
    words = []
    for down in (1, 2):
        simulation.state.arrays.down[0, 0] = down
        renderer = Renderer(params)
        broken = renderer.draw(simulation)
        words.append([text.get_text() for text in renderer._map.words if "FAILED" in text.get_text()])
        assert broken is not None
        assert (broken[MAP] != works[MAP]).mean() > 0.01
    assert words == [["FAILED\nunnoticed"], ["FAILED"]]


def test_a_site_that_is_cut_off_is_named_and_its_reports_are_old() -> None:
    params, simulation = started("urban+cut_off")
    cause = int(np.flatnonzero(params.arrays.cuts_off)[0])
    place = int(params.arrays.cause_place[cause, 0])
    simulation.state.arrays.outage[0, cause, place, LEFT_S] = 7200.0
    for _ in range(3):
        simulation.step(Command.all_active(1, params.n_cells))
    frame = Frame.of(params, simulation)
    at_site = params.arrays.cause_place[cause] == place
    assert np.array_equal(frame.is_cut_off, at_site)
    assert np.all(frame.lost_s[at_site] == 900.0)
    renderer = Renderer(params)
    renderer.draw(simulation)
    words = [text.get_text() for text in renderer._map.words]
    assert ["CUT OFF" in word for word in words] == at_site.tolist()
    assert sum("report\n15 min old" in word for word in words) >= at_site.sum() // 2


def test_what_is_reported_and_what_is_true_stand_side_by_side() -> None:
    params, simulation = started("urban")
    frame = Frame.of(params, simulation)
    renderer = Renderer(params)
    renderer.draw(simulation)
    badges: BadgeView = renderer._panel._badges
    badges.update(frame.margins.tolist(), [-0.25, float("nan"), 0.01])
    told = [(one.get_text(), two.get_text(), two.get_color() == VERMILION) for one, two in badges._margins]
    assert [states.get_text()[2:] for states in badges._states] == ["OK"] * 3
    assert [(true, red) for _, true, red in told] == [
        ("\u221225.0 pp", True),
        ("unknown", True),
        ("+1.0 pp", False),
    ]


def test_true_margins_are_those_before_the_reports_were_lost() -> None:
    scenario = load_scenario("urban")
    params = Params.of(replace(scenario, faults=replace(scenario.faults, delay_periods=1)))
    simulation = Simulation(params, 1)
    simulation.start(np.array([3]), np.array([0]))
    asleep = Command.of(np.where(params.is_capacity, 4, 0)[None].astype(np.int8))
    for _ in range(30):
        outcome = simulation.step(asleep)
        frame = Frame.of(params, simulation)
        assert frame.true_margins == pytest.approx(outcome.verdict.margin[0])
        assert frame.late_s == 300.0
        if not np.allclose(frame.margins, frame.true_margins):
            return
    pytest.fail("reports one period late never differed from the truth")


def test_topics_follow_the_problem_and_else_the_network() -> None:
    urban, arena = Params.of(load_scenario("urban")), Params.of(load_scenario("arena"))
    assert Topics.of(urban) == Topics(sleep=True, patterns=False, offsets=False, slices=False)
    assert Topics.of(arena) == Topics(sleep=False, patterns=True, offsets=False, slices=False)
    assert Topics.of(urban, TrafficSteering()) == Topics(False, False, offsets=True, slices=False)
