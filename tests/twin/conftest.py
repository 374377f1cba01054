"""The networks that the tests of the twin run on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.backhaul import Backhaul
from ranrein.twin.failures import Failures, MeanTimes
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario
from ranrein.twin.services import Service, Traffic
from ranrein.twin.slicing import SliceType, Slicing
from ranrein.twin.surge import Humps


@pytest.fixture(scope="session")
def urban() -> Params:
    """Seven cells with shadowing, noise and crowds."""
    return Params.of(load_scenario("urban"))


@pytest.fixture(scope="session")
def tiny() -> Params:
    """Cell 0 covers, cell 1 adds capacity and is preferred by everybody while it serves."""
    return Params.of(load_scenario("tiny"))


@pytest.fixture(scope="session")
def everything() -> Scenario:
    """A network with all that can be switched on.

    Failures, backhauls, slices, patterns, SSB periods, vehicles, an event with two humps, areas that differ, services.
    """
    plain = load_scenario("urban")
    often = MeanTimes(mtbf_h=4.0, mttr_h=0.5)
    macro, plaza = plain.sites
    video = SliceType("video", 1, 6, 8.0, 60.0, 12.0, 0.8, 12.0, 0.5, 10.0, 20.0)
    robots = SliceType("robots", 2, 3, 2.0, 10.0, 0.5, 0.5, 18.0, 0.5, 30.0, 90.0)
    return replace(
        plain,
        pixel_m=20.0,
        carriers={**plain.carriers, "n78": replace(plain.carriers["n78"], patterns=("macro", "hot-spot"))},
        sites=(
            replace(macro, backhaul=Backhaul("leo", capacity_mbps=120.0), area="business"),
            replace(plaza, backhaul=Backhaul("microwave", capacity_mbps=20.0, hops=2), area="leisure"),
        ),
        users=replace(plain.users, vehicle_share=0.3),
        sleep=replace(plain.sleep, ssb_periods_ms=(10.0, 20.0, 160.0), ssb_period_ms=10.0),
        surge=replace(plain.surge, hours=(0.1, 0.2), humps=Humps(seated_s=1200.0, egress_s=300.0)),
        traffic=Traffic((Service("ftp3", 0.6, 2), Service("voip", 0.2, 60), Service("xr_cg", 0.2, 4))),
        slicing=Slicing((video, robots), slots=6, requests=6, max_ratio=0.3),
        failures=Failures(often, often, often, detection_s=(60.0, 300.0)),
    )
