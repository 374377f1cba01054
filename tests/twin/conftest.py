"""The shipped networks that the tests of the twin run on."""

from __future__ import annotations

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.params import Params


@pytest.fixture(scope="session")
def urban() -> Params:
    """Seven cells with shadowing, noise and crowds."""
    return Params.of(load_scenario("urban"))


@pytest.fixture(scope="session")
def tiny() -> Params:
    """Cell 0 covers, cell 1 adds capacity and is preferred by everybody while it serves."""
    return Params.of(load_scenario("tiny"))
