"""The manual of inventories says what the code does: every field, default and band stands in its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.envs.bands import BANDS
from ranrein.envs.inventory.backhaul import MOST_MBPS
from ranrein.envs.inventory.defaults import AREA_DEFAULTS, CARRIER_DEFAULTS, LAYER_DEFAULTS, band_kind
from ranrein.envs.inventory.fields import FIELDS, NEEDED
from ranrein.envs.inventory.plausible import FIXED_POWER_W, MOST_SHARED, WATTS_PER_UNIT
from ranrein.envs.inventory.scenario import MOST_CELLS, WIDEST_M
from ranrein.envs.scenario_source import scenario_named

PAGE = (Path(__file__).parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_stands_in_its_table(kind: str) -> None:
    for field in FIELDS[kind]:
        needed = "yes" if field.name in NEEDED[kind] else ""
        row = f"| `{field.name}` | {field.unit} | {needed} | {field.what} | {', '.join(field.aliases)} |"
        assert f"\n{row}\n" in PAGE


def test_every_default_of_an_area_type_stands_in_its_table() -> None:
    for name, area in AREA_DEFAULTS.items():
        azimuths, bands = ", ".join(f"{a:g}" for a in area.azimuths_deg), ", ".join(area.bands)
        low, high = area.tx_power_range_dbm
        row = f"{name} | {area.height_m:g} | {area.distance_m:g} | {azimuths} | {bands} | {area.fixed_power_w:g}"
        assert f"\n| {row} | {low:g} to {high:g} |\n" in PAGE


def test_every_default_of_a_carrier_stands_in_its_table() -> None:
    for name, usual in CARRIER_DEFAULTS.items():
        assert f"\n| {name} | {' | '.join(f'{value:g}' for value in vars(usual).values())} |\n" in PAGE
    for name, values in LAYER_DEFAULTS.items():
        assert f"\n| {name} | {values['cell_offset_db']:g} | {values['min_rsrp_dbm']:g} |\n" in PAGE


def test_every_band_stands_in_its_table() -> None:
    for band in BANDS.values():
        row = f"{band.low_mhz:g} to {band.high_mhz:g} | {band.bandwidth_mhz} | {band.scs_khz} | {band_kind(band)}"
        assert f"\n| {band.name} | {band.duplex} | {row} |\n" in PAGE


def test_the_limits_of_a_cluster_are_those_of_the_code() -> None:
    assert f"more than {MOST_CELLS} cells, or wider than {WIDEST_M / 1000:g} km" in PAGE


def test_the_example_runs() -> None:
    (example,) = [part.partition("```")[0] for part in PAGE.split("```python\n")[1:]]
    example = example.replace("tests/data", str(Path(__file__).parents[1] / "data"))
    exec(compile(example, "docs/inventory.md", "exec", dont_inherit=True), {"__name__": "example"})


def test_the_example_of_links_is_read_as_the_page_says(tmp_path: Path) -> None:
    rows = PAGE.partition("    id,x_m,y_m,transport_parent")[2].partition("\n\n")[0]
    text = "\n".join(line.strip() for line in f"id,x_m,y_m,transport_parent{rows}".splitlines())
    (tmp_path / "links.csv").write_text(text, encoding="utf-8")
    scenario = scenario_named(f"inventory:{tmp_path / 'links.csv'}")
    assert [site.backhaul.capacity_mbps for site in scenario.sites] == [0.0, 400.0, 200.0]
    assert scenario.core.upf_mbps == 1000.0


def test_the_limits_of_links_and_powers_are_those_of_the_code() -> None:
    page = " ".join(PAGE.split())
    fibre, microwave, leo = (f"{MOST_MBPS[kind]:,.0f}" for kind in ("fibre", "microwave", "leo"))
    assert f"at most {fibre} Mbit/s of fibre, {microwave} of microwave, {leo} of a satellite" in page
    low, high = FIXED_POWER_W[False]
    assert f"site power of {low:g} to {high:,.0f} W (small sites 1 to 2,000)" in page
    assert FIXED_POWER_W[True] == (1.0, 2000.0)
    assert "power per unit of 0.1 to 100 W (small 0.001 to 10)" in page
    assert WATTS_PER_UNIT == {True: (0.001, 10.0), False: (0.1, 100.0)}
    assert f"at most {MOST_SHARED:.0%}".replace("%", " %") in page
