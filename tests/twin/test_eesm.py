"""Exponential effective SINR and its parameter per scheme."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.eesm import beta, effective_sinr, effective_sinr_db
from ranrein.twin.mcs import MCS_TABLES, Mcs, mcs


def test_beta_is_that_of_the_published_values(reference_data: Path) -> None:
    with (reference_data / "reference" / "eesm_beta.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 30
    for row in rows:
        scheme = mcs(int(row["mcs_table"]), int(row["mcs_index"]))
        assert beta(scheme) == pytest.approx(float(row["beta"]), rel=0.015), row


def test_beta_grows_with_the_scheme() -> None:
    for table in (1, 2, 3):
        values = [beta(mcs(table, index)) for index in range(len(MCS_TABLES[table]))]
        assert min(values) > 1.5
        assert np.all(np.diff(values) > -1e-9)


def test_a_flat_block_keeps_its_sinr() -> None:
    sinr = np.full((3, 50), [[0.1], [5.0], [1e6]])
    np.testing.assert_allclose(effective_sinr(sinr, 4.0), [0.1, 5.0, 1e6], rtol=1e-12)


def test_the_effective_sinr_lies_between_the_least_and_the_mean() -> None:
    sinr = np.random.default_rng(3).exponential(10.0, (200, 40))
    for scale in (0.5, 5.0, 100.0):
        effective = effective_sinr(sinr, scale)
        assert np.all(effective >= sinr.min(axis=1))
        assert np.all(effective <= sinr.mean(axis=1) + 1e-9)
    np.testing.assert_allclose(effective_sinr(sinr, 1e7), sinr.mean(axis=1), rtol=1e-4)


def test_two_values_by_hand() -> None:
    assert effective_sinr([1.0, 3.0], 2.0) == pytest.approx(
        -2.0 * np.log((np.exp(-0.5) + np.exp(-1.5)) / 2.0)
    )
    two = effective_sinr(np.array([[1.0, 3.0], [1.0, 3.0]]), np.array([2.0, 4.0]))
    assert two[1] == pytest.approx(-4.0 * np.log((np.exp(-0.25) + np.exp(-0.75)) / 2.0))


def test_strong_blocks_do_not_underflow() -> None:
    assert effective_sinr_db([70.0, 70.0], mcs(1, 0)) == pytest.approx(70.0)


def test_db_and_axis() -> None:
    grid = np.array([[0.0, 10.0], [10.0, 10.0]])
    np.testing.assert_allclose(
        effective_sinr_db(grid, mcs(1, 10), axis=0), effective_sinr_db(grid.T, mcs(1, 10), axis=1)
    )
    assert effective_sinr_db(grid, mcs(1, 10), axis=0)[1] == pytest.approx(10.0)


def test_bad_values_are_refused() -> None:
    with pytest.raises(ValueError, match="sinr_linear = -1"):
        effective_sinr([1.0, -1.0], 2.0)
    with pytest.raises(ValueError, match="beta_linear = 0"):
        effective_sinr([1.0], 0.0)
    with pytest.raises(ValueError, match="modulation order 3"):
        beta(Mcs(3, 0.5))
