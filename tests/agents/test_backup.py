"""The wake-everything backup is itself beyond doubt: without that no certificate of a policy could be honest."""

from __future__ import annotations

import numpy as np

from ranrein.agents.episodes import run_episodes
from ranrein.agents.seeds import Domain, episode_seeds
from ranrein.envs.baselines import AlwaysOn
from ranrein.envs.energy_saving import EnergySaving
from ranrein.safety.certificate import Claim, Verdict, judge
from ranrein.twin.params import Params

LIMIT, ALPHA = 1e-3, 0.05
CLEAN_EPISODES = 3318
BATCH = 237


def test_the_backup_alone_is_certified_in_urban(params: Params) -> None:
    seeds = episode_seeds(20261121, Domain.STRESS, 0, CLEAN_EPISODES)
    broken = [
        run_episodes(AlwaysOn(), params, EnergySaving(), seeds[i : i + BATCH]).violated
        for i in range(0, CLEAN_EPISODES, BATCH)
    ]
    values = np.concatenate(broken).astype(np.float64)
    assert len(values) == CLEAN_EPISODES
    assert values.sum() == 0
    claim = Claim("violated episode", LIMIT, ALPHA)
    assert judge(values, claim).verdict is Verdict.PASS
    assert judge(values[:-400], claim).verdict is not Verdict.PASS  # fewer would not have been enough
