"""Environments drawn in tests, and where their words stand."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.text import Text

from ranrein.envs.registry import make_env
from ranrein.envs.vector import TwinEnv

EACH = [
    ("EnergySaving", "urban", {}),
    ("EnergySaving", "private_factory", {}),
    ("EnergySaving", "urban+cut_off+telemetry+faults+reality_gap+drift", {}),
    ("SliceAdmission", "loss_system", {}),
    ("SliceAdmission", "slices", {}),
    ("SliceAdmission", "quotas", {}),
    ("BeamControl", "arena", {}),
    ("BeamControl", None, {"continuous": True}),
    ("TrafficSteering", "steering", {}),
    ("JointControl", "joint", {}),
]


def drawn_env(problem: str, scenario: str | None, **settings: Any) -> TwinEnv:
    """An environment that draws pictures, at the beginning of an episode."""
    env = make_env(f"ranrein/{problem}-v0", scenario, "rgb_array", **settings)
    env.reset(seed=3)
    return env


def picture(env: TwinEnv) -> np.ndarray:
    """What it draws now."""
    drawn = env.render()
    assert drawn is not None
    return drawn


def painter_of(env: TwinEnv) -> Any:
    """What draws it, once it has drawn."""
    made: Any = env._picture
    return getattr(made, "_renderer", None) or made._painter


def texts_of(env: TwinEnv) -> list[Text]:
    """Every text that is to be seen in its picture."""
    figure = painter_of(env)._figure
    hidden = [axes for axes in figure.axes if not axes.axison]  # boards have no scales
    scales = {id(text) for axes in hidden for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)}
    found = [text for text in figure.findobj(Text) if id(text) not in scales]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def words_of(env: TwinEnv) -> str:
    """All that is written in its picture."""
    return "\n".join(text.get_text() for text in texts_of(env))
