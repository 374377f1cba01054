"""The comparison with mobile-env: as many cells and users, one radio update per environment step on both sides.

Both sides move users, find who serves whom at which rate, and hand out observation, reward and info. Ours also
couples load and interference, judges promises and integrates power; mobile-env also observes every user apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np

from ...envs.catalogue import load_scenario
from ...envs.energy_saving import EnergySaving
from ...envs.vector import TwinEnv, TwinVectorEnv
from ...twin.params import Params
from ...twin.scenario import Scenario, Sector, Site

PEER, PEER_VERSION = "mobile-env", "2.1.0"
PEER_ID = "mobile_env:mobile-large-central-v0"
HOW_TO_COMPARE = f"pip install {PEER}=={PEER_VERSION} (ranrein[dev] has it), then run this again"
PEER_USERS = 30
SINGLE, VECTOR = "13 cells x 30 users, single", "13 cells x 30 users, vector"
_CROWD = 2  # the twin wants a multiple of eight users; those beyond 30 are not counted
_AZIMUTHS_DEG = (30.0, 150.0, -90.0)
_N_ACTIONS = 64  # drawn before the clock runs, then taken in turn


def peer_scenario() -> Scenario:
    """Return a network as large as mobile-env's largest: two sites of three sectors and two carriers, a hot spot."""
    urban = load_scenario("urban")
    macro, plaza = urban.sites
    sectors = tuple(Sector(azimuth, macro.sectors[0].carriers) for azimuth in _AZIMUTHS_DEG)
    places = (("west", 140.0), ("east", 420.0))
    sites: list[Site] = [replace(macro, name=name, x_m=x_m, sectors=sectors) for name, x_m in places]
    return replace(
        urban,
        name="13 cells x 30 users",
        sites=(*sites, plaza),
        users=replace(urban.users, resident=PEER_USERS, crowd=_CROWD),
        timing=replace(urban.timing, control_period_s=urban.timing.twin_step_s),
    )


def peer_version() -> str | None:
    """Return the installed version of mobile-env, if there is one."""
    try:
        return version(PEER)
    except PackageNotFoundError:
        return None


def peer_hint() -> str | None:
    """Return how to compare with mobile-env, unless the right version is there."""
    return None if peer_version() == PEER_VERSION else HOW_TO_COMPARE


def peer_steps(num_envs: int) -> dict[str, Callable[[], object]]:
    """Return an environment step of both sides, under the names of their figures.

    Args:
        num_envs: B of the vector form.
    """
    params, task = Params.of(peer_scenario()), EnergySaving()
    single, vector = TwinEnv(task, params), TwinVectorEnv(task, params, num_envs)
    vector.reset(seed=0)
    batches = [_drawn(vector.single_action_space, num_envs) for _ in range(4)]
    peer: gym.Env[Any, Any] = gym.make(
        PEER_ID
    ).unwrapped  # neither side pays for Gymnasium's checking wrappers
    return {
        PEER: _stepping(peer, _drawn(peer.action_space, _N_ACTIONS)),
        SINGLE: _stepping(single, _drawn(single.action_space, _N_ACTIONS)),
        VECTOR: _calling(vector.step, batches),
    }


def _drawn(space: gym.Space[Any], n: int) -> np.ndarray:
    space.seed(0)
    return np.stack([space.sample() for _ in range(n)])


def _stepping(env: gym.Env[Any, Any], actions: Sequence[Any] | np.ndarray) -> Callable[[], object]:
    env.reset(seed=0)
    following = cycle(list(actions))

    def step() -> None:
        _, _, terminated, truncated, _ = env.step(next(following))
        if terminated or truncated:
            env.reset()

    return step


def _calling(run: Callable[[Any], object], inputs: Sequence[Any]) -> Callable[[], object]:
    following = cycle(inputs)
    return lambda: run(next(following))
