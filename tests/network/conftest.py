from datetime import UTC, datetime

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.network.plant import SimulatedNetwork
from ranrein.safety.clock import SimulatedClock
from ranrein.twin.params import Params


@pytest.fixture(scope="session")
def params():
    """Seven cells; 1, 3, 5 and 6 may sleep."""
    return Params.of(load_scenario("urban"))


@pytest.fixture
def clock():
    return SimulatedClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def make_plant(params, clock):
    return lambda seed=7: SimulatedNetwork(params, seed, clock)


@pytest.fixture
def plant(make_plant):
    return make_plant()
