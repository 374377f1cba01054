"""What a loss system accepts as its description, and what follows from it without solving anything."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from ranrein.twin.loss.optimum import fluid_admissions, fluid_gain
from ranrein.twin.loss.states import LossStates, accept_all_table, checked_table, reservation_table
from ranrein.twin.loss.system import LossSystem, ServiceClass

EMBB = ServiceClass("eMBB", 2, 4.0, 0.5, 3.0, 1.0)


def test_rates_loads_and_densities_follow_from_the_classes() -> None:
    system = LossSystem(9, (EMBB, ServiceClass("URLLC", 4, 1.0, 5.0, 8.0)))
    assert system.offered_erlang.tolist() == [2.0, 5.0]
    assert system.limits.tolist() == [4, 2]
    assert system.shape == (5, 3)
    assert system.revenue_density.tolist() == pytest.approx([(3 + 1) * 2 / 2, 8 * 0.2 / 4])
    # two thirds of 4 + 1 arrivals a second admitted: 3 and 8 earned, 1 lost for each of the refused eMBB
    assert system.gain_of(system.arrival_rates * 2 / 3) == pytest.approx(2 / 3 * 20 - 4 / 3)


def test_columns_make_the_same_system_as_classes() -> None:
    system = LossSystem.of(9, [2, 4], [4.0, 1.0], [2.0, 0.2], [3.0, 8.0], [1.0, 0.0])
    classes = (dataclasses.replace(EMBB, name="class 0"), ServiceClass("class 1", 4, 1.0, 5.0, 8.0))
    assert system == LossSystem(9, classes)
    assert LossSystem.of(9, np.array([2, 4]), [4, 1], [2, 0.2], [3, 8]).penalties.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("units", 0, "'eMBB': units=0"),
        ("units", 1.5, "units=1.5 is not a whole number"),
        ("units", "2", "units='2' is not a whole number"),
        ("arrival_rate_per_s", -1.0, "arrival_rate_per_s=-1.0"),
        ("arrival_rate_per_s", math.nan, "arrival_rate_per_s=nan"),
        ("mean_holding_s", 0.0, "mean_holding_s=0.0"),
        ("mean_holding_s", math.inf, "mean_holding_s=inf"),
        ("reward", math.nan, "reward=nan"),
        ("penalty", -1.0, "penalty=-1.0.*positive"),
    ],
)
def test_a_bad_class_is_refused_with_field_and_value(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(EMBB, **{field: value})


def test_a_bad_system_is_refused_with_the_repair() -> None:
    silent = dataclasses.replace(EMBB, arrival_rate_per_s=0.0)
    for capacity, classes, message in [
        (0, (EMBB,), "capacity=0"),
        (2.5, (EMBB,), "capacity=2.5 is not a whole number"),
        (5, (), "at least one service class"),
        (5, (EMBB, EMBB), "'eMBB' is named twice"),
        (1, (EMBB,), "units=2 never fit into capacity=1; raise the capacity"),
        (5, (silent,), "nothing ever asks"),
    ]:
        with pytest.raises(ValueError, match=message):
            LossSystem(capacity, classes)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'rewards': 1"):
        LossSystem.of(5, [1, 2], [1, 1], [1, 1], [1])
    with pytest.raises(ValueError, match=r"service_rates=.*positive"):
        LossSystem.of(5, [1, 2], [1, 1], [1, 0], [1, 1])


def test_states_are_all_that_fit_and_moves_lead_to_neighbours() -> None:
    states = LossStates.of(LossSystem.of(7, [1, 2, 3], [1] * 3, [1] * 3, [1] * 3))
    every = [(i, j, k) for i in range(8) for j in range(4) for k in range(3) if i + 2 * j + 3 * k <= 7]
    assert [tuple(row) for row in states.counts.tolist()] == every
    for s, k in np.ndindex(states.up.shape):
        step = np.eye(3, dtype=int)[k]
        if states.occupied[s] + states.system.units[k] <= 7:
            assert (states.counts[states.up[s, k]] == states.counts[s] + step).all()
        else:
            assert states.up[s, k] == -1
        if states.counts[s, k]:
            assert (states.counts[states.down[s, k]] == states.counts[s] - step).all()
        else:
            assert states.down[s, k] == -1


def test_reservation_keeps_units_free_after_an_admission() -> None:
    system = LossSystem.of(5, [1, 2], [1, 1], [1, 1], [1, 1])
    table = reservation_table(system, (2, 0))
    assert table.shape == (6, 3, 2)
    assert table[2, 0].tolist() == [True, True]  # 2 in use: after class 0 still 2 free
    assert table[3, 0].tolist() == [False, True]
    assert table[4, 0].tolist() == [False, False]
    assert not table[5, 2].any()  # outside the capacity
    assert not reservation_table(system, (5, 4)).any()


def test_a_table_that_cannot_be_obeyed_is_refused() -> None:
    system = LossSystem.of(5, [1, 2], [1, 1], [1, 1], [1, 1])
    table = accept_all_table(system)
    assert checked_table(system, table) is table
    with pytest.raises(ValueError, match=r"\(6, 3\); this system needs bool \(6, 3, 2\)"):
        checked_table(system, table[..., 0])
    table[4, 0, 1] = True
    with pytest.raises(ValueError, match=r"'class 1' in state \(4, 0\), where it does not fit"):
        checked_table(system, table)
    with pytest.raises(ValueError, match=r"reservation=\[-1, 0\]"):
        reservation_table(system, (-1, 0))
    with pytest.raises(ValueError, match=r"10510100501 places.*coarser units"):
        LossStates.of(LossSystem.of(100, [1] * 5, [1] * 5, [1] * 5, [1] * 5))


def test_the_fluid_limit_fills_the_capacity_with_the_densest_revenue() -> None:
    system = LossSystem.of(10, [1, 2, 5], [4, 2, 3], [1, 1, 1], [1, 4, 4], [0, 0, 1])
    # densities 1, 2, 1: class 1 holds 4 units, class 0 comes before class 2 by its place and holds 4, 2 remain
    assert fluid_admissions(system).tolist() == pytest.approx([4, 2, 2 / 5])
    assert fluid_gain(system) == pytest.approx(4 + 8 + 2 / 5 * 4 - (3 - 2 / 5))
    worthless = LossSystem.of(10, [1], [4], [1], [-1])
    assert fluid_gain(worthless) == 0
