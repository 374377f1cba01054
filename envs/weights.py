"""What counts as the reward weights of a control problem, and what is wrong with anything else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import SupportsFloat, cast

import numpy as np

_NUMBER = (int, float, np.integer, np.floating)


def checked_weights(weights: object) -> dict[str, float]:
    """Return the weight of every reward term.

    Raises:
        ValueError: if weights are no mapping, or one is no number, not finite or negative, which it names; or if all
            are zero.
    """
    if not isinstance(weights, Mapping):
        raise ValueError(
            f'reward weights {weights!r} are no mapping; give one number per term, as in {{"term": 1.0}}'
        )
    given = cast(Mapping[object, object], weights)
    checked = {str(name): _weight(name, value) for name, value in given.items()}
    total = sum(checked.values())
    if not 0 < total < math.inf:
        fault = "add up to more than a number can be" if total else "are all zero: nothing would be rewarded"
        raise ValueError(f"reward weights {checked} {fault}; raise or lower one")
    return checked


def _weight(name: object, value: object) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, _NUMBER):
        raise ValueError(f"reward weight {name}={value!r} is no number; give 0 or more")
    weight = _real(value)
    if not 0 <= weight < math.inf:
        raise ValueError(
            f"reward weight {name}={value!r} must be non-negative and finite; 0 leaves the term out"
        )
    return weight


def _real(value: SupportsFloat) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond what a float can be
        return math.inf
