"""Constraint margins: safe is h >= 0, and everything that is not a number is unsafe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kpis import Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.sla import CONSTRAINTS, costs, is_unsafe, limits, margins, shares
from ranrein.twin.state import begin

USED = ("ue_below", "active_ue", "uncovered_ue", "conn_mean", "volume_dl", "blocked_dl")


@pytest.fixture
def kpis(tiny: Params) -> Kpis:
    """One replica, two cells, all values easy: 10 active of 20 users, nothing wrong."""
    state = begin(tiny, np.zeros(1, np.int64), np.zeros(1, np.int64))
    advance(tiny, state, Command.all_active(1, 2), 5)
    zero = np.zeros((1, 2), np.float32)
    values = dict.fromkeys(("ue_below", "uncovered_ue", "blocked_dl"), zero)
    values |= {"active_ue": zero + 5, "conn_mean": zero + 10, "volume_dl": zero + 1000}
    return replace(measure(tiny, state), **values)


def _with(kpis: Kpis, **values: float) -> Kpis:
    """Put a value in the first cell of the named measurements."""
    changed = {}
    for name, value in values.items():
        changed[name] = getattr(kpis, name).copy()
        changed[name][:, 0] = value
    return replace(kpis, **changed)


def test_shares_are_sums_over_cells_divided(kpis: Kpis) -> None:
    hurt = _with(kpis, ue_below=1.0, uncovered_ue=3.0, blocked_dl=500.0)
    np.testing.assert_allclose(shares(hurt), [[0.1, 0.15, 0.2]])


def test_margins_are_limit_less_share(tiny: Params, kpis: Kpis) -> None:
    sla = tiny.scenario.sla
    hurt = _with(kpis, ue_below=1.0, uncovered_ue=3.0, blocked_dl=500.0)
    np.testing.assert_allclose(margins(hurt, sla), [[0.05 - 0.1, 0.05 - 0.15, 0.01 - 0.2]])
    assert limits(sla).shape == (len(CONSTRAINTS),)


def test_exactly_at_the_limit_is_safe(tiny: Params, kpis: Kpis) -> None:
    sla = replace(tiny.scenario.sla, max_below_frac=0.25)
    at_limit = margins(_with(kpis, ue_below=2.5), sla)
    assert at_limit[0, 0] == 0
    assert not is_unsafe(at_limit)[0]
    assert costs(at_limit, sla)[0, 0] == 0


@pytest.mark.parametrize("name", USED)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_measurement_that_is_no_number_is_unsafe_and_costs_all(
    tiny: Params, kpis: Kpis, name: str, value: float
) -> None:
    sla = tiny.scenario.sla
    margin = margins(_with(kpis, **{name: value}), sla)
    assert is_unsafe(margin)[0]
    assert costs(margin, sla).max() == 1


@pytest.mark.parametrize(("part", "whole"), [("ue_below", "active_ue"), ("uncovered_ue", "conn_mean")])
def test_not_a_number_out_of_nothing_is_unsafe(tiny: Params, kpis: Kpis, part: str, whole: str) -> None:
    empty = replace(kpis, **{whole: np.zeros((1, 2), np.float32)})
    assert is_unsafe(margins(_with(empty, **{part: np.nan}), tiny.scenario.sla))[0]


def test_no_traffic_and_no_users_are_safe(tiny: Params, kpis: Kpis) -> None:
    silent = replace(kpis, **{name: np.zeros((1, 2), np.float32) for name in USED})
    np.testing.assert_array_equal(shares(silent), [[0.0, 0.0, 0.0]])
    assert not is_unsafe(margins(silent, tiny.scenario.sla))[0]


def test_costs_are_positive_exactly_where_margins_are_unsafe(tiny: Params) -> None:
    sla = tiny.scenario.sla
    rng = np.random.default_rng(0)
    margin = np.concatenate([limits(sla) - rng.random((500, 3)), rng.normal(0, 1e-9, (500, 3))])
    margin[::7, 1] = np.nan
    cost = costs(margin, sla)
    np.testing.assert_array_equal(cost > 0, ~(margin >= 0))
    np.testing.assert_array_equal((cost > 0).any(axis=1), is_unsafe(margin))
    assert np.all((cost >= 0) & (cost <= 1))


def test_the_worst_share_costs_all(tiny: Params, kpis: Kpis) -> None:
    sla = tiny.scenario.sla
    worst = _with(kpis, volume_dl=0.0, blocked_dl=1e9)
    np.testing.assert_allclose(costs(margins(worst, sla), sla)[0, 2], 1.0, atol=1e-5)


def test_replicas_are_judged_one_by_one(urban: Params) -> None:
    state = begin(urban, np.arange(32), np.zeros(32, np.int64))
    state.arrays.surge[::2, 0] = (0.0, 60.0, 1e6, 2000.0, 0.0)
    advance(urban, state, Command.all_active(32, urban.n_cells), 5)
    kpis, sla = measure(urban, state), urban.scenario.sla
    together = margins(kpis, sla)
    assert np.all(is_unsafe(together)[::2])
    for i in range(32):
        np.testing.assert_array_equal(margins(kpis.rows([i]), sla)[0], together[i])
