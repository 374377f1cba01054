"""How often the four controllers of joint control are in conflict, for each controller of a comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..envs.conflicts import CONTROLLERS, NOTICED, QUANTITIES, conflicts_of, direct_among, measure_effects
from ..envs.controller import Controller
from ..envs.joint_control import JointControl
from ..envs.slice_world import answerable
from ..twin.params import Params
from ..twin.types import F64
from .evaluate import Setting

EPISODES, EVERY = 8, 12  # at most so many, and one control period in so many
FILE = "conflicts.json"


@dataclass(frozen=True)
class ConflictShares:
    """How often controllers work against each other: shares of the periods looked at (P controllers, Q quantities)."""

    controller: str
    direct: float  # objects of which two controllers wanted different values, per period
    asked: F64  # (P,), asked for anything but the plan
    indirect: F64  # (P, P), symmetric
    implicit: F64  # (P, P), the first makes worse what the second is there for
    effect: F64  # (P, Q), mean change of each quantity where it asked for anything


def conflict_shares(
    controller: Controller, params: Params, task: JointControl, seeds: Sequence[int]
) -> ConflictShares:
    """Run a controller on a few seeds and look at one control period in ``EVERY``."""
    world = task.world(params, len(seeds))
    world.start(np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64))
    controller.begin(params, len(seeds))
    direct, asked, changes, pairs = [], [], [], []
    for period in range(world.periods_per_episode):
        choices = controller.actions(params, world.window)
        if period % EVERY == EVERY - 1:
            precedent = world.window.precedent
            wanted = task.decode(params, answerable(params, world.window, choices), precedent)
            effects = measure_effects(params, world.state, precedent, wanted)
            found = conflicts_of(effects)
            direct.append(direct_among(wanted))
            asked.append(effects.asked.T)
            changes.append(np.swapaxes(effects.change, 0, 1))
            pairs.append((found.indirect, found.implicit))
        world.step(choices)
    active, change = np.concatenate(asked), np.concatenate(changes)  # (N, P), (N, P, Q)
    indirect, implicit = (np.concatenate(kind).mean(axis=0) for kind in zip(*pairs, strict=True))
    count = np.maximum(active.sum(axis=0), 1)[:, None]
    return ConflictShares(
        controller.name,
        float(np.mean(direct)),
        active.mean(axis=0),
        indirect,
        implicit,
        (change * active[..., None]).sum(axis=0) / count,
    )


def write_conflicts(controllers: Sequence[Controller], setting: Setting, folder: Path) -> None:
    """Write the conflicts of every controller into ``folder``; the seeds are the first of the comparison."""
    if not isinstance(setting.task, JointControl):
        raise TypeError(f"{type(setting.task).__name__} has no parts that could be in conflict")
    seeds = setting.seeds[:EPISODES]
    shares = [conflict_shares(each, setting.params, setting.task, seeds) for each in controllers]
    table = {
        "controllers": list(CONTROLLERS),
        "quantities": list(QUANTITIES),
        "noticed": NOTICED,
        "episodes": len(seeds),
        "every": EVERY,
        "rows": [_plain(row) for row in shares],
    }
    (folder / FILE).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _plain(row: ConflictShares) -> dict[str, object]:
    """Return shares as JSON-ready data."""
    return {
        name: values.tolist() if isinstance(values, np.ndarray) else values
        for name, values in vars(row).items()
    }
