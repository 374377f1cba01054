"""NR bands: the facts of TS 38.104, and defaults that the twin can work with."""

from __future__ import annotations

import pytest

from ranrein.envs.bands import BANDS, Band, band_of, band_repair, frequency_of_arfcn
from ranrein.envs.inventory.carriers import check_carrier, make_carrier
from ranrein.envs.inventory.defaults import AREA_DEFAULTS
from ranrein.envs.inventory.rows import Problems, Row
from ranrein.twin.link import N_PRB
from ranrein.twin.scenario import LAYERS

FACTS = {  # TS 38.104 tables 5.2-1 and 5.2-2
    "n1": (2110, 2170, "FDD", 15), "n3": (1805, 1880, "FDD", 15), "n7": (2620, 2690, "FDD", 15),
    "n8": (925, 960, "FDD", 15), "n20": (791, 821, "FDD", 15), "n28": (758, 803, "FDD", 15),
    "n38": (2570, 2620, "TDD", 30), "n40": (2300, 2400, "TDD", 30), "n41": (2496, 2690, "TDD", 30),
    "n71": (617, 652, "FDD", 15), "n77": (3300, 4200, "TDD", 30), "n78": (3300, 3800, "TDD", 30),
    "n79": (4400, 5000, "TDD", 30), "n75": (1432, 1517, "SDL", 15), "n257": (26500, 29500, "TDD", 120),
    "n258": (24250, 27500, "TDD", 120), "n261": (27500, 28350, "TDD", 120),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_band_is_that_of_the_specification(name: str) -> None:
    band = BANDS[name]
    assert (band.low_mhz, band.high_mhz, band.duplex, band.scs_khz) == FACTS[name]


@pytest.mark.parametrize("band", BANDS.values(), ids=list(BANDS))
def test_the_default_carrier_of_every_band_fits_into_it(band: Band) -> None:
    assert band.holds(band.centre_ghz)
    assert (band.bandwidth_mhz, band.scs_khz) in N_PRB
    assert band.bandwidth_mhz <= band.width_mhz


@pytest.mark.parametrize("area", AREA_DEFAULTS)
@pytest.mark.parametrize("layer", LAYERS)
def test_defaults_pass_the_checks_of_an_inventory(area: str, layer: str) -> None:
    for band in BANDS:
        carrier, problems = make_carrier({"band": band}, area, layer), Problems()
        given = {name: value for name, value in vars(carrier).items() if name not in ("layer", "tilt_deg")}
        values = {name: float(value) for name, value in given.items() if isinstance(value, int | float)}
        check_carrier(Row("", 1, {"band": band}), {"band": band, **values}, area, problems)
        assert not problems.found
        assert carrier.layer == layer


@pytest.mark.parametrize(
    ("arfcn", "ghz"), [(0, 0.0), (153_600, 0.768), (600_000, 3.0), (636_666, 3.54999), (2_016_667, 24.25008)]
)
def test_channel_numbers_become_frequencies(arfcn: int, ghz: float) -> None:
    assert frequency_of_arfcn(arfcn) == pytest.approx(ghz, abs=1e-9)


@pytest.mark.parametrize(
    ("ghz", "hint", "name"),
    [(3.5, "", "n78"), (3.5, "n77", "n77"), (3.6, "n28", "n48"), (0.76, "n28", "n28"), (1.8, "n3", None)],
)
def test_a_frequency_finds_its_band_the_hinted_one_first(ghz: float, hint: str, name: str | None) -> None:
    assert band_of(ghz, hint) == name


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("N78", "n78"), ("78", "n78"), ("B20", "n20"), ("n 41", "n41"), ("n277", "n77"), ("", "n")],
)
def test_the_nearest_band_is_named(wrong: str, right: str) -> None:
    assert f"did you mean '{right}" in band_repair(wrong)
