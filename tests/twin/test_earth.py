"""The EARTH power model against its table."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.earth import EARTH, earth_station

TABLE = Path(__file__).parents[1] / "data" / "earth_power_model.csv"


def test_the_stations_are_those_of_the_table() -> None:
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["bs_type"] for row in rows} == set(EARTH)
    for row in rows:
        station = earth_station(row["bs_type"])
        got = (station.n_trx, station.p_max_w, station.p0_w, station.delta_p, station.p_sleep_w)
        assert got == tuple(float(row[name]) for name in ("n_trx", "p_max_w", "p0_w", "delta_p", "p_sleep_w"))


def test_a_macro_station_takes_1344_w_full_780_w_idle_450_w_asleep() -> None:
    macro = earth_station("macro")
    np.testing.assert_allclose(macro.power_w([1.0, 0.0, 0.5]), [1344.0, 780.0, 1062.0], rtol=1e-12)
    assert macro.power_w(0.0, asleep=True) == pytest.approx(450.0)
    np.testing.assert_allclose(macro.power_w(0.3, np.array([True, False])), [450.0, 6 * (130 + 0.3 * 94)])


@pytest.mark.parametrize("kind", EARTH)
def test_power_grows_with_the_load_and_sleep_saves(kind: str) -> None:
    station = earth_station(kind)
    power = station.power_w(np.linspace(0.0, 1.0, 11))
    assert np.all(np.diff(power) > 0.0)
    assert station.power_w(0.0, asleep=True) < power[0]


def test_unknown_kinds_and_bad_values_are_refused() -> None:
    with pytest.raises(ValueError, match='"makro" is unknown: did you mean "macro"'):
        earth_station("makro")
    with pytest.raises(ValueError, match=r"load_frac = 1\.5"):
        earth_station("rrh").power_w(1.5)
    with pytest.raises(ValueError, match="load_frac = nan"):
        earth_station("rrh").power_w(float("nan"))
    with pytest.raises(ValueError, match=r"EarthStation\.delta_p = 0"):
        replace(earth_station("rrh"), delta_p=0.0)
    with pytest.raises(ValueError, match="sleep must not cost more"):
        replace(earth_station("rrh"), p_sleep_w=100.0)
