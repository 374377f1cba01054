"""Harder versions of a scenario: by name, in every environment, the same bits alone and in a batch."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from ranrein.agents.config import ConfigError, EnvConfig
from ranrein.agents.problem import any_problem_of
from ranrein.envs.catalogue import UnknownNameError, load_scenario
from ranrein.envs.loss_scenario import LOSS_SYSTEM
from ranrein.envs.registry import TASKS, make_task, make_vector_env
from ranrein.envs.scenario_source import scenario_named
from ranrein.envs.variants import (
    CUTS,
    DELAY_PERIODS,
    FAILURES,
    FREEZE_PROB,
    LOSS_PROB,
    VARIANTS,
    split_variants,
)
from ranrein.scripts.hydra_config import compose
from ranrein.twin.kpis import Kpis
from ranrein.twin.reality_gap import reality_gap

from .acting import drawn

ID = "ranrein.envs:ranrein/EnergySaving-v0"
ALL = "+".join(["tiny", *VARIANTS])
OWN = [(task, scenario, {}) for task in TASKS for scenario in getattr(make_task(task), "scenarios", ())]
OWN = [*OWN, ("ranrein/BeamControl-v0", "arena_tilt", {"continuous": True})]
ON_THE_TWIN = [each for each in OWN if each[1] != LOSS_SYSTEM]
ROWS, PERIODS = 16, 48


def reports(name: str) -> list[Kpis]:
    """What is reported of a batch that does nothing, period by period, without the first two."""
    env = make_vector_env(ID.split(":")[1], ROWS, name)
    env.reset(seed=0)
    told = []
    for _ in range(PERIODS):
        env.step(np.zeros(env.action_space.shape, np.int64))
        told.append(env.window.kpis)
    return told[2:]


@pytest.mark.parametrize("name", [*(f"tiny+{variant}" for variant in VARIANTS), ALL])
def test_the_single_environment_has_the_bits_of_a_row(name: str) -> None:
    alone, batch = gym.make(ID, scenario=name).unwrapped, make_vector_env(ID.split(":")[1], 3, name)
    mine, theirs = alone.reset(seed=7)[0], batch.reset(seed=[5, 6, 7])[0][2]
    rng = np.random.default_rng(0)
    for _ in range(24):
        assert mine.tobytes() == theirs.tobytes()
        action = rng.integers(0, alone.action_space.nvec)
        mine, reward, *_ = alone.step(action)
        observed, rewards, *_ = batch.step(np.tile(action, (3, 1)))
        theirs = observed[2]
        assert reward == rewards[2]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("task", "scenario", "more"), ON_THE_TWIN, ids=lambda value: str(value))
def test_every_problem_takes_every_variant_of_its_own_scenarios(
    task: str, scenario: str, more: dict[str, bool], variant: str
) -> None:
    name, rng = f"{scenario}+{variant}", np.random.default_rng(0)
    env = make_vector_env(task, 2, name, **more)
    assert env.params.scenario == scenario_named(name)
    shown = [env.reset(seed=0)[0]]
    for _ in range(4):
        observation, reward, *_ = env.step(drawn(env.single_action_space, rng, 2))
        shown.append(observation)
        assert np.all((reward >= 0) & (reward <= 1))
    assert all(env.observation_space.contains(each) for each in shown)


def test_problems_with_scenarios_of_their_own_say_what_is_wrong_with_a_variant() -> None:
    mistakes = {
        ("JointControl", "joint+drft"): "unknown variant 'drft'; did you mean 'drift'",
        ("JointControl", "jont+drift"): "unknown scenario 'jont'; did you mean 'joint'",
        ("JointControl", "urban+drift"): "unknown scenario 'urban'",
        ("SliceAdmission", "slices+drift+drift"): "same variant twice",
        (
            "SliceAdmission",
            "slices+",
        ): r"'slices\+' has a plus sign without a name .* Variants: blackout, cut_off",
        ("EnergySaving", "+drift"): r"'\+drift' has a plus sign without a name beside it",
        ("EnergySaving", "tiny++drift"): r"'tiny\+\+drift' has a plus sign without a name beside it",
        ("SliceAdmission", "loss_system+drift"): "loss_system takes no variant",
    }
    for (problem, scenario), message in mistakes.items():
        with pytest.raises(ValueError, match=message):
            gym.make(f"ranrein/{problem}-v0", scenario=scenario)


def test_the_verbs_take_variants_of_sliced_scenarios() -> None:
    config = compose("evaluate", ["env=slice_admission", "scenario=slices+telemetry"])
    network = any_problem_of(EnvConfig(id=config["env"]["id"]), config["scenario"])[1]
    assert network.scenario == scenario_named("slices+telemetry")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_changes_what_is_seen(variant: str) -> None:
    plain, hard = (make_vector_env(ID.split(":")[1], 8, name) for name in ("tiny", f"tiny+{variant}"))
    action = np.zeros((8, 1), np.int64)
    for env in (plain, hard):
        env.reset(seed=0)
    assert any(not np.array_equal(plain.step(action)[0], hard.step(action)[0]) for _ in range(PERIODS))


def test_the_name_tells_the_variants_and_the_plain_scenario_stays() -> None:
    assert scenario_named("urban+drift+telemetry").name == "urban+drift+telemetry"
    assert scenario_named("urban") == load_scenario("urban")


def test_the_reality_gap_is_that_of_the_simulated_network() -> None:
    gap = reality_gap(load_scenario("urban"))
    assert scenario_named("urban+reality_gap") == replace(gap, name="urban+reality_gap")


def test_telemetry_is_lost_and_late_as_often_as_said() -> None:
    told = reports("tiny+telemetry")
    assert np.stack([kpis.age_s for kpis in told]).min() == DELAY_PERIODS * 300.0
    lost = float(np.mean([~kpis.valid for kpis in told]))
    assert lost == pytest.approx(LOSS_PROB, abs=0.02)
    assert all(kpis.valid.all() and not kpis.age_s.any() for kpis in reports("tiny"))


def test_a_site_that_is_cut_off_is_not_heard_of_and_a_law_of_the_scenario_stays() -> None:
    told = reports("tiny+cut_off")
    lost = np.stack([~kpis.valid for kpis in told])
    assert np.array_equal(lost.any(axis=2), lost.all(axis=2))  # one site
    assert 0 < lost.mean() < 0.2
    both = scenario_named("tiny+faults+cut_off").failures
    assert both == replace(FAILURES, site_transport=CUTS)
    own = replace(load_scenario("tiny"), failures=replace(FAILURES, site_transport=FAILURES.radio_unit))
    assert VARIANTS["cut_off"](own).failures == own.failures


def test_frozen_counters_repeat_as_often_as_said_and_look_new() -> None:
    repeats = {}
    for scenario in ("tiny", "tiny+frozen"):
        told = reports(scenario)
        load = np.stack([kpis.prb_tot_dl[:, 1] for kpis in told])  # the capacity cell serves everybody
        repeats[scenario] = float(np.mean(load[1:] == load[:-1]))
        assert all(kpis.valid.all() and not kpis.age_s.any() for kpis in told)
    assert repeats["tiny+frozen"] - repeats["tiny"] == pytest.approx(FREEZE_PROB, abs=0.05)


def test_units_fail_where_there_was_no_law_and_a_law_stays() -> None:
    base = load_scenario("tiny")
    assert VARIANTS["faults"](base).failures == FAILURES
    own = replace(base, failures=replace(FAILURES, site_power=None))
    assert VARIANTS["faults"](own) == own


def test_stronger_faults_of_the_scenario_itself_stay() -> None:
    base = load_scenario("tiny")
    for name in ("telemetry", "frozen"):
        worst = VARIANTS[name](replace(base, faults=replace(base.faults, loss_prob=0.5, freeze_prob=0.5)))
        assert (worst.faults.loss_prob, worst.faults.freeze_prob) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("urban", ("urban", [])),
        ("urban+drift+frozen", ("urban", ["drift", "frozen"])),
        ("inventory:/a+b/net.json", ("inventory:/a+b/net.json", [])),
        ("inventory:/a+b/net.json@3+drift", ("inventory:/a+b/net.json@3", ["drift"])),
        ("fit:runs/x+drift+telemetry", ("fit:runs/x", ["drift", "telemetry"])),
    ],
)
def test_a_plus_sign_splits_names_and_not_paths(text: str, parts: tuple[str, list[str]]) -> None:
    assert split_variants(text) == parts


def test_an_inventory_takes_variants_too() -> None:
    path = Path(__file__).resolve().parents[1] / "data" / "inventory"
    plain, hard = (scenario_named(f"inventory:{path}@1{end}") for end in ("", "+telemetry"))
    assert hard == replace(plain, name=f"{plain.name}+telemetry", faults=hard.faults)
    assert hard.faults.delay_periods == 1


def test_mistakes_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown variant 'drft'; did you mean 'drift'"):
        gym.make(ID, scenario="urban+drft")
    with pytest.raises(UnknownNameError, match="did you mean 'urban'"):
        gym.make(ID, scenario="urbn+drift")
    with pytest.raises(ValueError, match="same variant twice"):
        gym.make(ID, scenario="urban+drift+drift")


def test_every_verb_takes_variants() -> None:
    assert compose("train", ["scenario=urban+drift"])["scenario"] == "urban+drift"
    with pytest.raises(ConfigError, match="did you mean 'frozen'"):
        compose("certify", ["scenario=urban+frzen"])
    with pytest.raises(ConfigError, match="did you mean 'urban'"):
        compose("certify", ["scenario=urbn+frozen"])


def test_variants_that_touch_different_things_commute() -> None:
    for one, two in combinations(("reality_gap", "telemetry", "frozen"), 2):
        first, second = scenario_named(f"urban+{one}+{two}"), scenario_named(f"urban+{two}+{one}")
        assert first == replace(second, name=first.name)
