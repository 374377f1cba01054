"""One list of features yields the observation vector, its space, its normalisation and its documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from ..twin.params import Params
from ..twin.types import F32, F64
from .window import Window


@dataclass(frozen=True)
class Feature:
    """A named, bounded group of observation elements."""

    name: str
    unit: str
    low: float
    high: float
    elements: Callable[[Params], tuple[str, ...]]  # names of the elements, one per column
    values: Callable[[Params, Window], F64]  # (B, elements), in the unit above


FeatureList = tuple[Feature, ...]


def observation_space(features: FeatureList, params: Params) -> spaces.Box:
    """Return the space of the normalised vector: every element in [-1, 1]."""
    size = sum(len(feature.elements(params)) for feature in features)
    return spaces.Box(-1.0, 1.0, (size,), np.float32)


def observe(features: FeatureList, params: Params, window: Window) -> F32:
    """Return the observation of every replica, (B, size): each feature scaled from [low, high] to [-1, 1], clipped.

    A value that is not a number becomes the worst one, ``high``; the shield judges the report itself.
    """
    columns = []
    for feature in features:
        share = (feature.values(params, window) - feature.low) / (feature.high - feature.low)
        columns.append(np.clip(np.nan_to_num(2.0 * share - 1.0, nan=1.0), -1.0, 1.0))
    return np.concatenate(columns, axis=1).astype(np.float32)


def table(features: FeatureList, params: Params) -> str:
    """Return the Markdown table of the observation: index, element, unit, low, high."""
    lines = ["| index | element | unit | low | high |", "|---|---|---|---|---|"]
    for feature in features:
        for element in feature.elements(params):
            name = f"{feature.name} {element}".strip()
            lines.append(
                f"| {len(lines) - 2} | {name} | {feature.unit} | {feature.low:g} | {feature.high:g} |"
            )
    return "\n".join(lines)
