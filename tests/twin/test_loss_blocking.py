"""Erlang B and Kaufman-Roberts against tables, identities and the exact product form."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.loss.erlang import blocking, erlang_b, occupancy
from ranrein.twin.loss.states import LossStates, product_form
from ranrein.twin.loss.system import LossSystem


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "reference" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_erlang_b_gives_every_reference_value(reference_data: Path) -> None:
    rows = _rows(reference_data, "erlang_b.csv")
    columns = ("servers", "offered_erlang", "blocking")
    servers, load, expected = (np.array([float(row[name]) for row in rows]) for name in columns)
    assert len(rows) > 40
    np.testing.assert_allclose(erlang_b(servers, load), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("servers", "offered_erlang", "share"),
    [
        *((1, 0.0101, 0.01), (5, 1.361, 0.01), (10, 4.461, 0.01), (20, 12.03, 0.01), (50, 37.90, 0.01)),
        *((100, 84.06, 0.01), (10, 3.092, 0.001), (100, 75.24, 0.001), (10, 6.216, 0.05), (20, 15.25, 0.05)),
    ],
)
def test_erlang_b_gives_the_printed_tables(servers: int, offered_erlang: float, share: float) -> None:
    """Loads of four digits from the Erlang B table in every textbook (ITU-D Teletraffic Engineering Handbook)."""
    assert float(erlang_b(servers, offered_erlang)) == pytest.approx(share, rel=6e-3)


def test_erlang_b_keeps_its_digits_at_large_loads() -> None:
    for servers, load in [(300, 250.0), (2000, 2100.0), (5000, 4800.0)]:
        factors = np.arange(servers, 0, -1) / load  # 1 / B = sum_k N! / (N - k)! a^-k
        exact = 1.0 / math.fsum([1.0, *np.cumprod(factors)])
        assert float(erlang_b(servers, load)) == pytest.approx(exact, rel=1e-12)
    # Jagerman 1974: B(n, n) ~ 1 / (sqrt(pi n / 2) + 2/3); far below load all but n / a are lost
    assert float(erlang_b(20_000, 20_000)) == pytest.approx(1 / (math.sqrt(math.pi * 1e4) + 2 / 3), rel=1e-4)
    assert float(erlang_b(10, 1e300)) == 1.0
    assert float(erlang_b(1000, 1e-3)) == 0.0


def test_erlang_b_broadcasts_and_knows_the_ends() -> None:
    table = erlang_b([[0], [1], [2]], [0.0, 1.0])
    assert table.tolist() == pytest.approx(np.array([[1, 1], [0, 1 / 2], [0, 1 / 5]]))


def test_bad_arguments_are_named() -> None:
    for call, message in [
        (lambda: erlang_b(-1, 1), "servers=-1"),
        (lambda: erlang_b(1.5, 1), "servers=1.5"),
        (lambda: erlang_b([1, 2], [1, math.nan]), "offered_erlang=nan"),
        (lambda: blocking(5, [1, 0], [1, 1]), "units=0"),
        (lambda: blocking(5, [1, 2], [1, -2]), "offered_erlang=-2"),
        (lambda: blocking(5, [1, 2], [1, 1], [0, -1]), "reservation=-1"),
        (lambda: blocking(5, [1, 2], [1]), r"offered_erlang \(1,\)"),
        (lambda: occupancy(-1, [1], [1]), "capacity=-1"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_kaufman_roberts_gives_every_reference_value(reference_data: Path) -> None:
    cases: dict[str, list[dict[str, str]]] = {}
    for row in _rows(reference_data, "kaufman_roberts_vectors.csv"):
        cases.setdefault(row["case"], []).append(row)
    assert len(cases) == 5
    for rows in cases.values():
        units, reserved = ([int(row[name] or 0) for row in rows] for name in ("b_units", "br_t"))
        loads = [float(row["offered_erlang"]) for row in rows]
        found = blocking(int(rows[0]["capacity"]), units, loads, reserved)
        np.testing.assert_allclose(found, [float(row["blocking"]) for row in rows], atol=6e-10)


def test_kaufman_roberts_gives_the_recursion_worked_by_hand() -> None:
    """C = 5, b = (1, 2), a = (2, 1): weights 1, 2, 3, 10/3, 19/6, 13/5; with t = (1, 0) the last is 4/3."""
    weights = np.array([1, 2, 3, 10 / 3, 19 / 6, 13 / 5])
    np.testing.assert_allclose(occupancy(5, [1, 2], [2, 1]), weights / 15.1, rtol=1e-14)
    assert blocking(5, [1, 2], [2, 1]) == pytest.approx([26 / 151, 173 / 453], rel=1e-14)
    assert blocking(5, [1, 2], [2, 1], [1, 0]) == pytest.approx([27 / 83] * 2, rel=1e-14)
    q = occupancy(10, [4, 3, 2, 1], [1, 2, 3, 4], [0, 1, 2, 3])
    assert q[[0, 10]] == pytest.approx([0.0011251, 0.0614405], abs=1e-7)


@pytest.mark.parametrize("servers", [1, 7, 60])
def test_one_class_of_single_units_is_erlang_b(servers: int) -> None:
    for load in (0.0, 0.3, 20.0, 500.0):
        assert blocking(servers, [1], [load]) == pytest.approx(float(erlang_b(servers, load)), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_kaufman_roberts_sums_the_product_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    units, loads = rng.integers(1, 6, 3), rng.uniform(0, 12, 3)
    system = LossSystem.of(int(rng.integers(6, 30)), units, loads, [1.0] * 3, [1.0] * 3)
    states = LossStates.of(system)
    exact = np.bincount(states.occupied, product_form(states), minlength=system.capacity + 1)
    np.testing.assert_allclose(occupancy(system.capacity, units, loads), exact, rtol=1e-10, atol=1e-300)


def test_heavy_and_light_loads_neither_overflow_nor_lose_the_distribution() -> None:
    for capacity, load in [(2500, 2000.0), (2500, 1e6), (300, 1e-9)]:
        q = occupancy(capacity, [1, 3], [load, load])
        assert math.fsum(q) == pytest.approx(1.0, abs=1e-12)
        mean = float(q @ np.arange(capacity + 1))
        carried = load * (1 - blocking(capacity, [1, 3], [load, load])) @ [1, 3]
        assert mean == pytest.approx(float(carried), rel=1e-7)  # Little
    packed = LossStates.of(LossSystem.of(60, [1, 1, 1], [1e9] * 3, [1] * 3, [1] * 3))
    shares = product_form(packed)
    assert float(shares @ packed.counts[:, 0]) == pytest.approx(20.0, rel=1e-4)


def test_reservation_beyond_the_capacity_refuses_everything() -> None:
    assert blocking(5, [1, 2], [2, 1], [9, 0])[0] == pytest.approx(1.0)
    assert blocking(5, [1, 2], [2, 1], [9, 0])[1] == pytest.approx(float(erlang_b(2, 1)))
