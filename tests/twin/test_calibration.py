"""The calibration drop against the company results of 3GPP R1-165974."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.calibration import SETUPS, drop

METRICS = ("coupling_loss", "geometry_sinr", "wideband_sir")
ENVELOPE_PERCENTILES = (5, 20, 50, 80, 95)
N_UE = 5000


@pytest.fixture(scope="module", params=["UMa-6GHz", "UMi-6GHz"])
def scenario(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dropped(scenario: str) -> dict[str, np.ndarray]:
    return dict(zip(METRICS, drop(scenario, N_UE, seed=2016), strict=True))


def _companies(folder: Path, scenario: str) -> dict[tuple[str, int], dict[str, str]]:
    with (folder / "reference" / "r1-165974_phase1_cdf.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scenario"] == scenario]
    return {(row["metric"], int(row["percentile"])): row for row in rows}


@pytest.mark.parametrize("metric", METRICS)
def test_median_lies_within_one_db_of_the_companies(
    scenario: str, dropped: dict[str, np.ndarray], metric: str, reference_data: Path
) -> None:
    median_db = float(_companies(reference_data, scenario)[metric, 50]["median_db"])
    assert np.median(dropped[metric]) == pytest.approx(median_db, abs=1.0)


@pytest.mark.parametrize("metric", ["coupling_loss", "geometry_sinr"])
@pytest.mark.parametrize("percentile", ENVELOPE_PERCENTILES)
def test_percentile_lies_inside_the_company_envelope(
    scenario: str, dropped: dict[str, np.ndarray], metric: str, percentile: int, reference_data: Path
) -> None:
    row = _companies(reference_data, scenario)[metric, percentile]
    got = np.percentile(dropped[metric], percentile)
    assert float(row["min_db"]) <= got <= float(row["max_db"])


def test_median_coupling_loss_of_the_6_ghz_macro_grid_is_near_minus_120_db() -> None:
    coupling_db, sinr_db, sir_db = drop("UMa-6GHz", 2000, seed=1)
    assert np.median(coupling_db) == pytest.approx(-120.0, abs=2.0)
    assert np.all(sinr_db < sir_db)


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
