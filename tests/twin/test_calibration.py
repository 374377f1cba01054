"""The calibration drop against the company results of 3GPP R1-165974."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.calibration import SETUPS, drop

METRICS = ("coupling_loss", "geometry_sinr", "wideband_sir")
GATES = (5, 10, 20, 50, 80, 90, 95)  # percentiles
N_UE = 20_000


@cache
def _dropped(scenario: str) -> dict[str, np.ndarray]:
    return dict(zip(METRICS, drop(scenario, N_UE, seed=2016), strict=True))


@cache
def _companies(folder: Path) -> dict[tuple[str, str], dict[int, dict[str, float]]]:
    """Company results by set-up and metric, then percentile; a folder may keep set-ups back."""
    with (folder / "reference" / "r1-165974_phase1_cdf.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    for row in rows:
        values = {name: float(row[name]) for name in ("median_db", "min_db", "max_db")}
        found.setdefault((row["scenario"], row["metric"]), {})[int(row["percentile"])] = values
    assert len({scenario for scenario, _ in found}) >= 3
    return found


def test_every_median_lies_within_one_db_of_the_companies(reference_data: Path) -> None:
    for (scenario, metric), rows in _companies(reference_data).items():
        got = np.median(_dropped(scenario)[metric])
        assert got == pytest.approx(rows[50]["median_db"], abs=1.0), (scenario, metric)


def test_every_gate_percentile_lies_inside_the_company_range(reference_data: Path) -> None:
    """The companies agree on the wide-band SIR within half a decibel: half of that is left to sampling."""
    for (scenario, metric), rows in _companies(reference_data).items():
        spare_db = 0.25 if metric == "wideband_sir" else 0.0
        for percentile, got in zip(GATES, np.percentile(_dropped(scenario)[metric], GATES), strict=True):
            low, high = rows[percentile]["min_db"] - spare_db, rows[percentile]["max_db"] + spare_db
            assert low <= got <= high, (scenario, metric, percentile)


def test_medians_of_the_6_ghz_macro_grid_are_those_of_r1_165974() -> None:
    """Sectors that look between the neighbouring sites would lower the SIR by 0.7 dB."""
    coupling_db, sinr_db, sir_db = drop("UMa-6GHz", 8000, seed=1)
    assert np.median(coupling_db) == pytest.approx(-120.0, abs=1.2)
    assert np.median(sinr_db) == pytest.approx(5.9, abs=0.6)
    assert np.median(sir_db) == pytest.approx(8.6, abs=0.4)
    assert np.all(sinr_db < sir_db)


@pytest.mark.parametrize("grid", ["UMa", "UMi"])
def test_a_higher_carrier_costs_coupling_but_not_interference(grid: str) -> None:
    """Losses that grow with frequency hit serving and interfering sites alike."""
    low, high = (drop(f"{grid}-{f}GHz", 6000, seed=3) for f in (30, 70))
    assert np.median(low[0]) - np.median(high[0]) == pytest.approx(16.5, abs=1.5)
    assert np.median(high[2]) == pytest.approx(np.median(low[2]), abs=0.3)


def test_same_seed_gives_the_same_drop_and_another_seed_does_not() -> None:
    first, again, other = (drop("UMi-6GHz", 50, seed)[0] for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", list(SETUPS))
def test_every_setup_drops_finite_values(name: str) -> None:
    for values in drop(name, 20, seed=0):
        assert values.shape == (20,)
        assert np.all(np.isfinite(values))


def test_a_large_drop_is_made_of_blocks() -> None:
    assert drop("UMi-6GHz", 4100, seed=1)[1].shape == (4100,)


def test_an_unknown_setup_or_an_empty_drop_is_refused() -> None:
    with pytest.raises(ValueError, match='did you mean "UMa-6GHz"'):
        drop("UMa-6GH", 10, seed=1)
    with pytest.raises(ValueError, match="n_ue = 0"):
        drop("UMa-6GHz", 0, seed=1)
