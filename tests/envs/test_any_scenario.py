"""Whatever numbers a scenario has within their ranges, every problem gives finite states, reports and rewards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.registry import TASKS, make_vector_env
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.backhaul import Backhaul
from ranrein.twin.failures import CommonCause, Failures, MeanTimes
from ranrein.twin.kernels.layout import StateArrays
from ranrein.twin.kpis import REALS
from ranrein.twin.ranges import Range
from ranrein.twin.scenario import Scenario, Timing
from ranrein.twin.scenario_ranges import RANGES
from ranrein.twin.services import Service, Traffic
from ranrein.twin.slicing import SliceType, Slicing
from ranrein.twin.surge import Humps

from ..twin.walk import Path, at, numbers, put

PERIODS = 2
FEW = 64  # of what there may be many of: more take long and add nothing
ALL_AT_ONCE = "ranrein/JointControl-v0"
NEED_SLICES = (ALL_AT_ONCE, "ranrein/SliceAdmission-v0")


def _everything() -> Scenario:
    plain, law = load_scenario("urban"), MeanTimes(4.0, 0.5, 1.2, 0.8)
    macro, plaza = plain.sites
    video = SliceType(
        "video", 1, 6, 8.0, 60.0, 12.0, 0.8, 12.0, 0.5, 10.0, 20.0, min_ratio=0.05, max_ratio=0.5
    )
    robots = SliceType("robots", 2, 3, 2.0, 10.0, 0.5, 0.5, 18.0, 0.5, 30.0, 90.0)
    together = (CommonCause("both", ("macro", "plaza"), law),)
    return replace(
        plain,
        pixel_m=40.0,
        carriers={**plain.carriers, "n78": replace(plain.carriers["n78"], patterns=("macro", "hot-spot"))},
        sites=(
            replace(macro, backhaul=Backhaul("fibre", 120.0, 10.0), area="business"),
            replace(plaza, backhaul=Backhaul("microwave", 20.0, hops=2), area="leisure"),
        ),
        users=replace(plain.users, vehicle_share=0.3),
        load=replace(plain.load, buffer_s=1.0),
        sleep=replace(plain.sleep, ssb_periods_ms=(10.0, 20.0, 160.0), ssb_period_ms=10.0),
        surge=replace(
            plain.surge, probability=1.0, hours=(0.0, 0.1), humps=Humps(seated_s=1200.0, egress_s=300.0)
        ),
        traffic=Traffic((Service("ftp3", 0.6, 50), Service("voip", 0.2, 60), Service("xr_cg", 0.2, 4))),
        slicing=Slicing((video, robots), slots=6, requests=6, max_ratio=0.3, buffer_s=1.0),
        failures=Failures(law, law, law, together=together),
    )


WHOLE = _everything()
BARE = replace(
    WHOLE,
    name="bare",
    sites=tuple(replace(site, backhaul=Backhaul(), area="") for site in WHOLE.sites),
    load=replace(WHOLE.load, buffer_s=0.0),
    sleep=replace(WHOLE.sleep, ssb_periods_ms=()),
    surge=replace(WHOLE.surge, humps=None),
    traffic=Traffic(),
    slicing=Slicing(),
    failures=Failures(),
)


def _ranged(scenario: Scenario) -> list[tuple[Path, Range]]:
    found = ((path, RANGES.get(kind, {}).get(field)) for path, kind, field in numbers(scenario))
    return [(path, limit) for path, limit in found if limit is not None]


RANGED = {WHOLE.name: _ranged(WHOLE), BARE.name: _ranged(BARE)}


def _inside(limit: Range) -> list[float]:
    """Return the ends of a range, or what lies next to an end that is refused."""
    nudge = 1e-6 * (limit.high - limit.low)
    low, high = limit.low + nudge * limit.above, limit.high - nudge * limit.below
    return [low, high, *([0.0] if limit.zero else [])]


def _run(task: str, scenario: Scenario) -> None:
    env = make_vector_env(task, 2, scenario)
    try:
        _check(env, env.reset(seed=3)[0], {})
        for seed in range(PERIODS):
            env.action_space.seed(seed)
            observation, rewards, _, _, infos = env.step(env.action_space.sample())
            assert np.all(np.isfinite(rewards) & (rewards >= -1e-9) & (rewards <= 1 + 1e-9)), "reward"
            _check(env, observation, infos)
    finally:
        env.close()


def _check(env: TwinVectorEnv, observation: np.ndarray, infos: dict[str, Any]) -> None:
    assert np.all(np.abs(observation) <= 1.0), "observation"
    for name, array in zip(StateArrays._fields, env.world.state.arrays, strict=True):
        assert np.isfinite(array).all(), f"state {name}"
    for name in REALS:
        values = getattr(env.window.kpis, name)
        assert np.all(np.isfinite(values) & (values >= 0)), f"report {name}"
    for group in ("reward_terms", "costs"):
        for name, values in infos.get(group, {}).items():
            assert np.isfinite(values).all(), f"{group} {name}"


def _with(scenario: Scenario, path: Path, value: float) -> Scenario | None:
    """Return the scenario with another number, None where it does not go with the others."""
    for mix in (scenario.traffic, Traffic()):  # services limit the load
        try:
            return put(replace(scenario, traffic=mix), path, type(at(scenario, path))(value))
        except (ValueError, IndexError):  # IndexError: a number of a service that is gone
            continue
    return None


@pytest.mark.parametrize("base", [WHOLE, BARE], ids=["everything", "little"])
def test_both_ends_of_every_range_run_unless_they_contradict_another_number(base: Scenario) -> None:
    ran, task = 0, ALL_AT_ONCE if base.slicing.types else "ranrein/EnergySaving-v0"
    for path, limit in RANGED[base.name]:
        for value in _inside(limit):
            other = _with(base, path, value)
            if other is None:
                continue
            try:
                _run(task, other)
            except AssertionError as error:
                raise AssertionError(f"{path} = {value}: {error}") from error
            ran += 1
    assert ran > 1.5 * len(RANGED[base.name])


STILL = replace(WHOLE.users, speed_kmh=0.0, vehicle_share=0.0)
WORN = MeanTimes(1e-9, 1e-9, 0.2, 20.0)
TOGETHER: dict[str, dict[str, Any]] = {
    "idle cells": {"load": replace(WHOLE.load, station_load_quantiles=(1e-6, 1e-6, 1e-6))},
    "full cells": {"load": replace(WHOLE.load, station_load_quantiles=(10.0, 10.0, 10.0), scale=1e3)},
    "short steps": {"timing": Timing(0.1, 0.1, 0.5)},
    "long steps": {"users": STILL, "timing": Timing(86_400.0, 86_400.0, 864_000.0), "slicing": Slicing()},
    "no crowd": {"surge": replace(WHOLE.surge, peak_mbps=(0.0, 0.0))},
    "a huge crowd": {"surge": replace(WHOLE.surge, peak_mbps=(1e6, 1e6), ramp_s=(1.0, 1.0))},
    "a moment": {"surge": replace(WHOLE.surge, humps=Humps(0.001, 0.001, 1.0, 1.0, 1.0), hold_s=(1.0, 1.0))},
    "a wide map": {"width_m": 2e5, "pixel_m": 1e4},
    "a single pixel": {"width_m": 40.0, "users": STILL},
    "wear": {"failures": Failures(WORN, WORN, WORN, detection_s=(0.0, 1e6))},
    "bare": vars(BARE),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_ends_of_ranges_that_go_together_run(case: str) -> None:
    scenario = replace(WHOLE, **TOGETHER[case])
    _run(ALL_AT_ONCE if scenario.slicing.types else "ranrein/EnergySaving-v0", scenario)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Scenario, list[tuple[Path, float]]]:
    """Draw a network with everything or with little, and other numbers, anywhere in their ranges, for some fields."""
    base = draw(st.sampled_from([WHOLE, BARE]))
    chosen = draw(
        st.lists(st.sampled_from(RANGED[base.name]), min_size=1, max_size=12, unique_by=lambda one: one[0])
    )
    drawn: list[tuple[Path, float]] = []
    for path, limit in chosen:
        low, high = _inside(limit)[:2]
        number = st.integers(int(low), int(min(high, FEW))) if limit.whole else st.floats(low, high)
        drawn.append((path, draw(number)))
    return base, drawn


@settings(max_examples=50)
@given(
    made=changes(),
    shadowing=st.booleans(),
    fidelity=st.sampled_from("AB"),
    task=st.sampled_from(sorted(TASKS)),
)
def test_any_numbers_within_their_ranges_run(
    made: tuple[Scenario, list[tuple[Path, float]]], shadowing: bool, fidelity: str, task: str
) -> None:
    base, drawn = made
    scenario = replace(base, shadowing=shadowing, fidelity=fidelity)
    for path, value in drawn:
        other = _with(scenario, path, value)
        scenario = scenario if other is None or other.width_m > FEW * other.pixel_m else other
    has_slices = bool(scenario.slicing.types)
    _run(task if has_slices or task not in NEED_SLICES else "ranrein/EnergySaving-v0", scenario)
