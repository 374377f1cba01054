"""Path loss and LOS probability against TR 38.901 grids, ns-3 vectors and closed-form properties."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.propagation import los_probability, path_loss_db, shadow_sigma_db

GRID = Path(__file__).parents[1] / "data" / "tr38901_pathloss_grid.csv"
SCENARIOS = ("UMa", "UMi-SC", "RMa", "InH-Office")
SIDELINK = {"V2V-Urban", "V2V-Highway"}  # TR 37.885, which the twin does not model


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _link(row: dict[str, str]) -> tuple[float, float, float, float]:
    return (float(row["fc_ghz"]), float(row["d2d_m"]), float(row["h_bs_m"]), float(row["h_ut_m"]))


def test_path_loss_matches_every_row_of_the_full_grid(reference_data: Path) -> None:
    rows = _rows(reference_data / "reference" / "tr38901_pathloss_grid.csv")
    assert len(rows) >= 182
    for row in rows:
        los_db, nlos_db = path_loss_db(row["scenario"], [True, False], *_link(row))
        assert los_db == pytest.approx(float(row["pl_los_db"]), abs=0.06), row
        assert nlos_db == pytest.approx(float(row["pl_nlos_db"]), abs=0.06), row


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("los", "column"), [(True, "pl_los_db"), (False, "pl_nlos_db")])
def test_path_loss_follows_the_reference_grid(scenario: str, los: bool, column: str) -> None:
    rows = [row for row in _rows(GRID) if row["scenario"] == scenario]
    links = np.array([_link(row) for row in rows]).T
    expected = [float(row[column]) for row in rows]
    assert len(rows) >= 30
    np.testing.assert_allclose(path_loss_db(scenario, los, *links), expected, atol=1e-3)


def test_path_loss_matches_the_ns3_vectors(reference_data: Path) -> None:
    """Includes the UMi rows that the ns-3 suite never executes; every other scenario but sidelink must pass."""
    rows = _rows(reference_data / "reference" / "tr38901_pathloss_ns3_vectors.csv")
    modelled = [row for row in rows if row["scenario"] not in SIDELINK]
    assert len(modelled) >= 16
    for row in modelled:
        got = path_loss_db(row["scenario"], row["condition"] == "LOS", *_link(row))
        assert got == pytest.approx(float(row["pathloss_db_ns3"]), abs=0.06), row


def test_los_probability_matches_the_ns3_vectors(reference_data: Path) -> None:
    rows = _rows(reference_data / "reference" / "tr38901_los_probability_ns3_vectors.csv")
    for row in rows:
        got = los_probability(row["scenario"], float(row["d2d_m"]), float(row["h_ut_m"]))
        assert got == pytest.approx(float(row["p_los_ns3"]), abs=1e-6), row


@pytest.mark.parametrize(
    ("scenario", "d2d_m", "expected"),
    [
        ("UMa", 18.0, 1.0),
        ("UMa", 100.0, 0.18 + np.exp(-100 / 63) * 0.82),
        ("UMi", 50.0, 0.36 + np.exp(-50 / 36) * 0.64),
        ("RMa", 510.0, np.exp(-0.5)),
        ("InH-open", 40.0, np.exp(-35 / 70.8)),
        ("InH-mixed", 20.0, 0.32 * np.exp(-13.5 / 32.6)),
    ],
)
def test_los_probability_follows_table_7_4_2_1(scenario: str, d2d_m: float, expected: float) -> None:
    assert los_probability(scenario, d2d_m, 1.5) == pytest.approx(expected, abs=1e-12)


def test_a_high_terminal_sees_a_macro_site_more_often() -> None:
    low, high = los_probability("UMa", 200.0, [1.5, 22.5])
    expected = low * (1.0 + 0.95**1.5 * 1.25 * 8.0 * np.exp(-200 / 150))
    assert high == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scenario", ["UMa", "UMi", "RMa", "InH-open", "InH-mixed", "InF-SL", "InF-DL"])
def test_los_probability_falls_from_one_with_distance(scenario: str) -> None:
    """The open office of the table steps up by 0.003 at 49 m."""
    probability = los_probability(scenario, np.arange(0.0, 5000.0), 1.5)
    assert probability[0] == 1.0
    assert np.all(np.diff(probability) <= 0.003)
    assert probability.min() >= 0.0


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_losing_sight_never_lowers_the_path_loss(scenario: str) -> None:
    distance = np.geomspace(1.0, 5000.0, 200)[:, None]
    height = np.array([1.5, 7.5, 22.5])
    los = path_loss_db(scenario, True, 3.5, distance, 25.0, height)
    nlos = path_loss_db(scenario, False, 3.5, distance, 25.0, height)
    assert los.shape == (200, 3)
    assert np.all(nlos >= los)


@pytest.mark.parametrize("scenario", ["UMa", "UMi", "RMa"])
def test_path_loss_is_continuous_at_the_breakpoint(scenario: str) -> None:
    loss = path_loss_db(scenario, True, 2.0, np.arange(100.0, 6000.0, 0.5), 25.0, 3.0)
    assert np.abs(np.diff(loss)).max() < 0.15


def test_scenario_names_are_read_in_any_usual_spelling() -> None:
    reference = path_loss_db("UMi-SC", False, 3.5, 100.0, 10.0, 1.5)
    for name in ("UMi", "umi_sc", "UmiStreetCanyon", "UMi-Street Canyon"):
        assert path_loss_db(name, False, 3.5, 100.0, 10.0, 1.5) == reference


def test_an_unknown_scenario_names_the_nearest_one() -> None:
    with pytest.raises(ValueError, match='unknown radio scenario "UMaa": did you mean "UMa"'):
        path_loss_db("UMaa", True, 3.5, 100.0, 25.0, 1.5)


def test_an_unspecified_office_is_the_open_one_of_the_calibration() -> None:
    distance_m = np.arange(0.0, 150.0, 0.5)
    office, open_plan, mixed = (
        los_probability(name, distance_m, 1.0) for name in ("InH-Office", "InH-open", "InH-mixed")
    )
    assert np.array_equal(office, open_plan)
    assert np.all(office[3:] > mixed[3:])


def test_shadowing_grows_where_a_rural_line_of_sight_passes_the_breakpoint() -> None:
    """d_BP = 2 pi 35 m 1.5 m 0.7 GHz / c = 769.7 m."""
    distance_m = [769.0, 770.0]
    assert np.array_equal(shadow_sigma_db("RMa", True, 0.7, distance_m, 35.0, 1.5), [4.0, 6.0])
    assert np.array_equal(shadow_sigma_db("RMa", False, 0.7, distance_m, 35.0, 1.5), [8.0, 8.0])
    assert np.array_equal(shadow_sigma_db("UMi", [True, False], 3.5, 4000.0, 10.0, 1.5), [4.0, 7.82])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.2, 100.0, 25.0, 1.5), r"fc_ghz = 0.2 is outside \[0.5, 100\]"),
        ((3.5, -1.0, 25.0, 1.5), "d2d_m = -1"),
        ((3.5, np.nan, 25.0, 1.5), "d2d_m = nan"),
        ((3.5, 100.0, 500.0, 1.5), "h_bs_m = 500"),
        ((3.5, 100.0, 25.0, 0.0), "h_ut_m = 0"),
    ],
)
def test_values_out_of_range_are_refused(arguments: tuple[float, float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        path_loss_db("UMa", True, *arguments)


@pytest.mark.parametrize("los", ["no", float("nan"), 2, [True, None]])
def test_a_state_that_is_neither_in_sight_nor_blocked_is_refused(los: object) -> None:
    for law in (path_loss_db, shadow_sigma_db):
        with pytest.raises(ValueError, match="give True or False"):
            law("UMa", los, 3.5, 100.0, 25.0, 1.5)  # type: ignore[arg-type]
