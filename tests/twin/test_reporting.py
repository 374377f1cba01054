"""Telemetry faults: a lost value ages, a frozen one looks new, a late one comes late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kpis import ARRAYS, PER_CELL, Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.reporting import ReportHistory, report
from ranrein.twin.scenario import Faults
from ranrein.twin.state import begin, open_period

N = 16


def _faulty(params: Params, **faults: float) -> Params:
    return replace(params, scenario=replace(params.scenario, faults=Faults(**faults)))  # type: ignore[arg-type]


def _periods(params: Params, n_periods: int, history: ReportHistory) -> Iterator[tuple[Kpis, Kpis]]:
    """Yield the truth and the report of each period."""
    state = begin(params, np.arange(N), np.zeros(N, np.int64))
    for _ in range(n_periods):
        open_period(state)
        advance(params, state, Command.all_active(N, params.n_cells), 5)
        yield measure(params, state), report(params, state, history)


def _run(params: Params, n_periods: int) -> tuple[list[Kpis], list[Kpis]]:
    truths, reports = zip(*_periods(params, n_periods, ReportHistory.empty()), strict=True)
    return list(truths), list(reports)


def _assert_values_equal(reported: Kpis, truth: Kpis) -> None:
    for name in PER_CELL:
        np.testing.assert_array_equal(getattr(reported, name), getattr(truth, name), err_msg=name)


def test_without_faults_the_report_is_the_measurement(urban: Params) -> None:
    truths, reports = _run(_faulty(urban), 4)
    for truth, reported in zip(truths, reports, strict=True):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(reported, name), getattr(truth, name), err_msg=name)


def test_the_first_report_of_an_episode_always_arrives(urban: Params) -> None:
    truths, reports = _run(_faulty(urban, loss_prob=1.0), 1)
    _assert_values_equal(reports[0], truths[0])
    assert np.all(reports[0].valid)


def test_a_lost_value_repeats_the_last_one_grows_old_and_is_invalid(urban: Params) -> None:
    truths, reports = _run(_faulty(urban, loss_prob=1.0), 4)
    _assert_values_equal(reports[3], truths[0])
    assert np.all(reports[3].age_s == 3 * 300.0)
    assert not np.any(reports[3].valid)
    assert reports[3].time_s[0] == 4 * 300.0


def test_a_frozen_sensor_repeats_the_last_value_as_if_it_were_new(urban: Params) -> None:
    truths, reports = _run(_faulty(urban, freeze_prob=1.0), 4)
    _assert_values_equal(reports[3], truths[0])
    assert np.all(reports[3].age_s == 0)
    assert np.all(reports[3].valid)


def test_a_delay_hands_over_the_measurement_of_earlier_periods(urban: Params) -> None:
    truths, reports = _run(_faulty(urban, delay_periods=2), 6)
    for i in (2, 5):
        _assert_values_equal(reports[i], truths[i - 2])
        assert np.all(reports[i].age_s == 600.0)
        assert reports[i].time_s[0] == 300.0 * (i + 1)


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_cells_lose_their_reports_one_by_one_with_the_given_probability(
    urban: Params, probability: float
) -> None:
    truths, reports = _run(_faulty(urban, loss_prob=probability), 30)
    valid = np.stack([reported.valid for reported in reports[1:]])
    assert (~valid).mean() == pytest.approx(probability, abs=0.03)
    for i in range(1, 30):
        arrived = reports[i].valid
        for expected, rows in ((truths[i], arrived), (reports[i - 1], ~arrived)):
            np.testing.assert_array_equal(reports[i].volume_dl[rows], expected.volume_dl[rows])
        np.testing.assert_array_equal(reports[i].age_s == 0, arrived)


def test_losing_and_freezing_are_independent_streams(urban: Params) -> None:
    truths, reports = _run(_faulty(urban, loss_prob=0.5, freeze_prob=0.5), 20)
    arrived = np.stack([r.valid for r in reports[1:]])
    old = np.stack([r.volume_dl != t.volume_dl for t, r in zip(truths[1:], reports[1:], strict=True)])
    used = np.stack([t.volume_dl > 0 for t in truths[1:]])
    assert old[arrived & used].mean() == pytest.approx(0.5, abs=0.05)


def test_the_truth_is_kept_apart_from_what_is_reported(urban: Params) -> None:
    history = ReportHistory.empty()
    faulty = _faulty(urban, loss_prob=1.0, delay_periods=1)
    for truth, _ in _periods(faulty, 3, history):
        _assert_values_equal(history.truth, truth)


def test_changing_a_report_does_not_change_the_next(urban: Params) -> None:
    history = ReportHistory.empty()
    for _, reported in _periods(_faulty(urban, loss_prob=1.0), 3, history):
        assert np.all(reported.power > 0)
        reported.power[:] = -1.0


def test_replicas_that_restart_forget_the_past_and_the_others_keep_it(urban: Params) -> None:
    history = ReportHistory.empty()
    _run_into = list(_periods(_faulty(urban, loss_prob=1.0, delay_periods=1), 3, history))
    fresh = _run_into[0][0].rows([5])
    kept = history.last.copy() if history.last else None
    history.restart(np.array([0]), fresh)
    assert history.last is not None
    assert kept is not None
    for kpis in (history.last, *history.pending):
        np.testing.assert_array_equal(kpis.volume_dl[0], fresh.volume_dl[0])
    np.testing.assert_array_equal(history.last.volume_dl[1:], kept.volume_dl[1:])
