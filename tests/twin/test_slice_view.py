"""What compiled code reads of slices, against the same written out in plain numpy and Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.simulation import Simulation
from ranrein.envs.slice_features import SLICE_FEATURES, promised_mbps
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.slice_report import broken_promises, earnings, report_slices, settle, slice_margin
from ranrein.twin.slicing import Tier

N, PERIODS = 12, 40


@pytest.fixture(scope="module")
def busy() -> Simulation:
    """Some hours of a network that admits nearly everything at either tier."""
    params, rng = Params.of(load_scenario("slices")), np.random.default_rng(0)
    simulation = Simulation(params, N)
    simulation.start(np.arange(N), np.zeros(N, np.int64))
    for _ in range(PERIODS):
        admit = rng.integers(0, 3, (N, 2)).astype(np.int8)
        simulation.step(replace(Command.all_active(N, params.n_cells), admit=admit))
    return simulation


def areas(params: Params, xy_m: np.ndarray) -> np.ndarray:
    arrays = params.arrays
    column, row = (np.clip(xy_m[..., i] // arrays.pixel_m, 0, arrays.n_x - 1).astype(int) for i in (0, 1))
    return arrays.pixel_area[row * arrays.n_x + column]


def test_a_report_is_what_the_state_holds(busy: Simulation) -> None:
    arrays, found = busy.state.arrays, report_slices(busy.params, busy.state)
    waits, served = arrays.request[:, :, 0] >= 0, arrays.slot_kind >= 0
    assert waits.any()
    assert served.any()
    assert not served.all()
    assert np.array_equal(found.request_kind, arrays.request[:, :, 0])
    at_door = areas(busy.params, arrays.request[:, :, 1:3])
    assert np.array_equal(found.request_area, np.where(waits, at_door, -1))
    assert np.array_equal(found.request_hours, np.where(waits, arrays.request[:, :, 3] / np.float32(3600), 0))
    assert np.array_equal(found.kind, arrays.slot_kind)
    assert np.array_equal(found.tier, np.where(served, arrays.slot_tier, 0))
    assert np.array_equal(found.area, np.where(served, areas(busy.params, arrays.slot_xy), -1))
    assert np.array_equal(found.left_hours, np.where(served, arrays.slot_left_s / np.float32(3600), 0))
    sums = found.active_s, found.kept_s, found.served_mbit, found.blocked_mbit
    assert np.array_equal(np.stack(sums, axis=2), arrays.slot_sum[:, :, : len(sums)])


def test_a_report_is_the_readers_to_keep(busy: Simulation) -> None:
    arrays, found = busy.state.arrays, report_slices(busy.params, busy.state)
    assert not any(np.shares_memory(mine, theirs) for mine in vars(found).values() for theirs in arrays)


def test_money_and_margin_are_those_of_every_slice_by_itself(busy: Simulation) -> None:
    params, report = busy.params, report_slices(busy.params, busy.state)
    slicing, hours = params.scenario.slicing, params.scenario.timing.control_period_s / 3600
    broken, money = broken_promises(params, report), earnings(params, report)
    assert broken.any()
    margins = slice_margin(params, report)
    for b in range(N):
        held = [n for n in range(slicing.slots) if report.kind[b, n] >= 0]
        kinds = [slicing.types[report.kind[b, n]] for n in held]
        part = [
            k.reduced_revenue if report.tier[b, n] == Tier.REDUCED else 1.0
            for n, k in zip(held, kinds, strict=True)
        ]
        assert money.revenue[b] == pytest.approx(
            sum(k.revenue_per_hour * p for k, p in zip(kinds, part, strict=True)) * hours
        )
        owed = sum(k.penalty_per_hour for n, k in zip(held, kinds, strict=True) if broken[b, n])
        assert money.penalty[b] == pytest.approx(owed * hours)
        assert margins[b] == slicing.max_broken_frac - broken[b].sum() / max(len(held), 1)


def test_a_broken_promise_costs_where_too_many_are_broken(busy: Simulation) -> None:
    params, report = busy.params, report_slices(busy.params, busy.state)
    report = replace(report, kept_s=report.kept_s * np.linspace(0, 1, N)[:, None])
    verdict = busy.step(Command.all_active(N, params.n_cells)).verdict
    bare = verdict._replace(
        margin=verdict.margin[:, :3], cost=verdict.cost[:, :3], unsafe=np.zeros(N, np.bool_)
    )
    judged, money = settle(params, bare, report)
    margin, limit = slice_margin(params, report), params.scenario.slicing.max_broken_frac
    assert (margin < 0).any()
    assert np.array_equal(judged.margin[:, 3], margin)
    assert judged.cost[:, 3] == pytest.approx(np.clip(-margin / (1 - limit), 0, 1))
    assert np.array_equal(judged.unsafe, margin < 0)
    assert all(np.array_equal(*both) for both in zip(money, earnings(params, report), strict=True))


def test_features_are_those_of_every_slice_by_itself(busy: Simulation) -> None:
    params, window = busy.params, busy.window
    report, types = window.slices, params.scenario.slicing.types
    assert report is not None
    shown = {f.name: f.values(params, window) for f in SLICE_FEATURES if callable(f.values)}
    promised = promised_mbps(params, report)
    for b in range(N):
        for k in range(len(types)):
            of_type = report.kind[b] == k
            assert shown["served slices of"][b, k] == of_type.sum() / params.scenario.slicing.slots
            assert shown["least kept share of"][b, k] == min(report.kept_share[b, of_type], default=1.0)
        for g in range(params.n_areas):
            inside = np.flatnonzero((report.area[b] == g) & (report.kind[b] >= 0))
            full = {n: types[report.kind[b, n]] for n in inside}
            rates = [t.users * t.activity * t.guaranteed_mbps * (t.reduced_rate if report.tier[b, n] == 2 else 1)
                     for n, t in full.items()]  # fmt: skip
            assert promised[b, g] == pytest.approx(sum(rates))
    assert promised.any()
