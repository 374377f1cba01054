"""A control period in one call gives the bits of its parts called one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kpis import ARRAYS, measure
from ranrein.twin.params import Params
from ranrein.twin.period import Runner
from ranrein.twin.reporting import ReportHistory, deliver, report
from ranrein.twin.rules import Precedent, Rules, project
from ranrein.twin.scenario import Faults
from ranrein.twin.sla import costs, is_unsafe, margins
from ranrein.twin.state import begin, open_period

N = 6


@pytest.fixture
def faulty(urban: Params) -> Params:
    return replace(urban, scenario=replace(urban.scenario, faults=Faults(0.2, 0.1, 1)))


def test_a_period_is_its_parts(faulty: Params) -> None:
    seeds, sla = np.arange(N), faulty.scenario.sla
    whole, parts = (begin(faulty, seeds, np.zeros(N, np.int64)) for _ in range(2))
    runner, rng = Runner(faulty, whole), np.random.default_rng(0)
    mine = theirs = Precedent.fresh(N, faulty.n_cells)
    histories = ReportHistory.empty(), ReportHistory.empty()
    seen_unsafe = False
    for _ in range(30):
        wanted = Command.of(rng.integers(0, 5, (N, faulty.n_cells)))
        period = runner.run(mine, wanted)
        reported = deliver(faulty.scenario.faults, histories[0], period.truth, period.struck)
        command = project(Rules.of(faulty), theirs, wanted)
        open_period(parts)
        advance(faulty, parts, command, 5)
        truth, expected = measure(faulty, parts), report(faulty, parts, histories[1])
        mine, theirs = period.precedent, theirs.then(command)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(period.truth, name), getattr(truth, name), err_msg=name)
            np.testing.assert_array_equal(getattr(reported, name), getattr(expected, name), err_msg=name)
        np.testing.assert_array_equal(mine.command.carrier_state, theirs.command.carrier_state)
        np.testing.assert_array_equal(mine.dwell, theirs.dwell)
        np.testing.assert_array_equal(period.power_w, truth.total_power_w)
        np.testing.assert_array_equal(period.verdict.margin, margins(truth, sla))
        np.testing.assert_array_equal(period.verdict.cost, costs(margins(truth, sla), sla))
        np.testing.assert_array_equal(period.verdict.unsafe, is_unsafe(margins(truth, sla)))
        assert period.truth.granularity_s == truth.granularity_s
        seen_unsafe |= bool(period.verdict.unsafe.any())
    assert seen_unsafe


def test_what_was_wanted_is_left_as_it_was(urban: Params) -> None:
    wanted = Command.of(np.full((1, urban.n_cells), 4))
    state = begin(urban, np.zeros(1, np.int64), np.zeros(1, np.int64))
    period = Runner(urban, state).run(Precedent.fresh(1, urban.n_cells), wanted)
    assert np.all(wanted.carrier_state == 4)
    assert np.count_nonzero(period.precedent.command.carrier_state) == 2


@pytest.mark.parametrize("shape", [(2, 7), (1, 6)])
def test_a_command_for_another_network_is_refused(urban: Params, shape: tuple[int, int]) -> None:
    runner = Runner(urban, begin(urban, np.zeros(1, np.int64), np.zeros(1, np.int64)))
    with pytest.raises(ValueError, match="replicas, cells"):
        runner.run(Precedent.fresh(1, 7), Command.all_active(*shape))
