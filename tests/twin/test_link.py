"""CQI tables, attenuated Shannon thresholds, carrier sizes and peak rate."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.link import (
    CQI_TABLES,
    cqi_efficiency,
    cqi_thresholds,
    n_prb,
    peak_rate_mbps,
    spectral_efficiency,
    truncated_shannon,
    usable_bandwidth_hz,
)

CQI_CSV = Path(__file__).parents[1] / "data" / "ts38214_cqi_tables.csv"


@pytest.mark.parametrize("table", [1, 2, 3])
def test_cqi_table_is_that_of_ts_38_214(table: int) -> None:
    with CQI_CSV.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["cqi_table"]) == table]
    assert [(int(row["modulation_order"]), int(row["code_rate_x1024"])) for row in rows] == list(
        CQI_TABLES[table]
    )
    np.testing.assert_allclose(cqi_efficiency(table), [float(row["efficiency"]) for row in rows], atol=5.1e-5)


@pytest.mark.parametrize(("alpha", "loss_db"), [(0.867, 0.0), (0.75, 3.0)])
def test_thresholds_invert_the_attenuated_shannon_law(alpha: float, loss_db: float) -> None:
    sinr, efficiency = cqi_thresholds(2, alpha, loss_db)
    np.testing.assert_allclose(alpha * np.log2(1.0 + sinr / 10.0 ** (loss_db / 10.0)), efficiency, rtol=1e-12)
    assert sinr.shape == (15,)
    assert np.all(np.diff(sinr) > 0.0)


def test_efficiency_steps_exactly_at_the_thresholds() -> None:
    sinr, efficiency = cqi_thresholds(1)
    np.testing.assert_array_equal(spectral_efficiency(sinr, table=1), efficiency)
    below = spectral_efficiency(np.nextafter(sinr, 0.0), table=1)
    np.testing.assert_array_equal(below, np.concatenate(([0.0], efficiency[:-1])))


def test_efficiency_stays_below_the_attenuated_shannon_law() -> None:
    sinr = 10.0 ** (np.linspace(-20.0, 50.0, 500) / 10.0)
    assert np.all(spectral_efficiency(sinr) <= 0.867 * np.log2(1.0 + sinr) + 1e-12)


@pytest.mark.parametrize(
    ("sinr", "expected"), [(np.nan, 0.0), (-1.0, 0.0), (0.0, 0.0), (np.inf, 8 * 948 / 1024)]
)
def test_efficiency_of_unusual_sinr_fails_closed(sinr: float, expected: float) -> None:
    assert spectral_efficiency(sinr) == pytest.approx(expected)


def test_truncated_shannon_is_cut_at_both_ends() -> None:
    sinr = 10.0 ** (np.array([-10.1, -10.0, 0.0, 20.0, 60.0]) / 10.0)
    got = truncated_shannon(sinr, alpha=0.6, max_efficiency=4.4)
    np.testing.assert_allclose(got, [0.0, 0.6 * np.log2(1.1), 0.6, 0.6 * np.log2(101.0), 4.4], rtol=1e-12)
    assert truncated_shannon(np.nan) == 0.0
    with pytest.raises(ValueError, match=r"alpha = 1\.5"):
        truncated_shannon(1.0, alpha=1.5)
    with pytest.raises(ValueError, match="max_efficiency = nan"):
        truncated_shannon(1.0, max_efficiency=float("nan"))


@pytest.mark.parametrize(
    ("bandwidth_mhz", "scs_khz", "expected"),
    [
        (35, 15, 188),
        (45, 15, 242),
        (35, 30, 92),
        (45, 30, 119),
        (10, 15, 52),
        (20, 15, 106),
        (40, 15, 216),
        (20, 30, 51),
        (40, 30, 106),
        (50, 30, 133),
        (80, 30, 217),
        (100, 30, 273),
        (100, 120, 66),
    ],
)
def test_resource_blocks_of_a_carrier(bandwidth_mhz: int, scs_khz: int, expected: int) -> None:
    assert n_prb(bandwidth_mhz, scs_khz) == expected
    assert 12 * expected * scs_khz < 1000 * bandwidth_mhz


def test_peak_rate_of_a_full_carrier_is_2337_mbps() -> None:
    assert peak_rate_mbps(273, 30, 4, 8) == pytest.approx(2337.0, abs=0.5)


def test_usable_bandwidth_leaves_out_cyclic_prefix_and_overhead() -> None:
    assert usable_bandwidth_hz(273, 30, 0.0) == pytest.approx(273 * 12 * 28000)
    assert usable_bandwidth_hz(273, 30) == pytest.approx(0.86 * 273 * 12 * 28000)


def test_unknown_carriers_tables_and_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="no carrier of 33 MHz at 30 kHz"):
        n_prb(33, 30)
    with pytest.raises(ValueError, match="CQI table 4"):
        cqi_efficiency(4)
    with pytest.raises(ValueError, match="alpha = nan"):
        cqi_thresholds(1, float("nan"))
    with pytest.raises(ValueError, match="scs_khz = 45"):
        usable_bandwidth_hz(106, 45)
    with pytest.raises(ValueError, match=r"overhead = 1\.0"):
        usable_bandwidth_hz(106, 30, 1.0)
