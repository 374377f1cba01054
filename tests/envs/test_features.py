"""Features: what compiled code reads is what the window holds, and any function will do as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.features import (
    Feature,
    Read,
    change,
    clock,
    dwell,
    in_state,
    level,
    limited_share,
    observe,
    waking,
)
from ranrein.envs.vector import TwinVectorEnv
from ranrein.envs.window import Window
from ranrein.twin.params import Params
from ranrein.twin.sla import shares
from ranrein.twin.types import F64

N, STATES = 16, 5


@pytest.fixture
def window(urban: Params) -> Window:
    """A morning with everything happening at once."""
    env, rng = TwinVectorEnv(EnergySaving(), urban, N), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(100):
        env.step(rng.integers(0, STATES, (N, 4)))
    return env.window


def _angle(window: Window) -> F64:
    return 2.0 * np.pi * window.kpis.hour / 24.0


def _states(window: Window) -> F64:
    hot = window.precedent.command.carrier_state[:, :, None] == np.arange(STATES)
    return hot.reshape(N, -1).astype(np.float64)


CASES: list[tuple[Read, Callable[[Window], F64]]] = [
    (level("volume_dl"), lambda w: w.kpis.volume_dl.astype(np.float64)),
    (change("prb_tot_dl"), lambda w: (w.kpis.prb_tot_dl - w.before.prb_tot_dl).astype(np.float64)),
    (dwell(), lambda w: w.precedent.dwell.astype(np.float64)),
    (in_state(STATES), _states),
    (waking(), lambda w: w.kpis.waking.astype(np.float64)),
    (limited_share(3), lambda w: shares(w.kpis)),
    (clock(), lambda w: np.stack([np.sin(_angle(w)), np.cos(_angle(w))], axis=1)),
]


def _names(read: Read) -> Callable[[Params], tuple[str, ...]]:
    return lambda params: tuple(str(i) for i in range(len(read.each(params))))


@pytest.mark.parametrize(("read", "values"), CASES)
def test_what_is_read_is_what_a_function_would_say(
    urban: Params, window: Window, read: Read, values: Callable[[Window], F64]
) -> None:
    ends = (-2.0, 3e7 if values(window).max() > 10 else 2.0)
    first, last = (Feature(n, "", -1.0, 1.0, lambda _: ("",), lambda _p, _w, x=x: np.full((N, 1), x)) for n, x in
                   (("first", 0.25), ("last", -0.5)))  # fmt: skip
    fast = (first, Feature("fast", "", *ends, _names(read), read), last)
    slow = (first, Feature("slow", "", *ends, _names(read), lambda _, w: values(w)), last)
    shown = observe(fast, urban, window)
    assert np.array_equal(shown, observe(slow, urban, window))
    assert np.all(shown[:, 0] == 0.25)
    assert np.all(shown[:, -1] == -0.5)


def test_a_report_from_elsewhere_is_read_alike(urban: Params, window: Window) -> None:
    other = replace(window, kpis=replace(window.kpis), before=replace(window.before))
    assert other.kpis.readings is None
    features = EnergySaving().features
    assert np.array_equal(observe(features, urban, other), observe(features, urban, window))


def test_what_is_no_number_becomes_the_worst_value(urban: Params, window: Window) -> None:
    load = window.kpis.prb_tot_dl.copy()
    load[0, 1], load[1, 1], load[2, 1] = np.nan, np.inf, -np.inf
    hurt = replace(window, kpis=replace(window.kpis, prb_tot_dl=load))
    features = (Feature("load", "%", 0.0, 100.0, _names(level("prb_tot_dl")), level("prb_tot_dl")),)
    assert observe(features, urban, hurt)[:3, 1].tolist() == [1.0, 1.0, -1.0]


def test_names_and_readings_must_be_as_many(urban: Params, window: Window) -> None:
    odd = Feature("odd", "", 0.0, 1.0, lambda _: ("one",), level("power"))
    with pytest.raises(ValueError, match="'odd' names 1 elements and reads 7"):
        observe((odd,), urban, window)
