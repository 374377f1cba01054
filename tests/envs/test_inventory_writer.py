"""A scenario written out as an inventory and read again is the same scenario."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import load_scenario, scenario_names
from ranrein.envs.inventory.writer import inventory_data, write_inventory
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.area_load import AREAS
from ranrein.twin.backhaul import Backhaul
from ranrein.twin.fitted import FittedScenario
from ranrein.twin.scenario import Scenario, Sector, Site


def there_and_back(scenario: Scenario, folder: Path) -> Scenario:
    path = folder / "out.json"
    write_inventory(scenario, path)
    return scenario_named(f"inventory:{path}")


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_comes_back_the_same(name: str, tmp_path: Path) -> None:
    assert there_and_back(load_scenario(name), tmp_path) == load_scenario(name)


def test_power_models_and_ssb_periods_come_back_the_same(tmp_path: Path) -> None:
    urban = load_scenario("urban")
    kinds = urban.carriers | {
        "n28": replace(urban.carriers["n28"], power_category=2, idle_share=0.5),
        "n78s": replace(urban.carriers["n78s"], power_model="earth", earth_station="micro"),
    }
    sleep = replace(urban.sleep, ssb_periods_ms=(20.0, 160.0))
    scenario = replace(urban, carriers=kinds, sleep=sleep)
    assert there_and_back(scenario, tmp_path) == scenario
    plain = {name for row in inventory_data(urban)["carriers"] for name in row}
    assert not plain & {"power_category", "power_model", "earth_station", "idle_share", "patterns"}


@pytest.mark.parametrize(("field", "value"), [("power_model", "earths"), ("earth_station", "makro")])
def test_an_unknown_power_model_is_a_problem_of_its_row(field: str, value: str, tmp_path: Path) -> None:
    data = inventory_data(load_scenario("tiny"))
    data["carriers"][0][field] = value
    (tmp_path / "bad.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=rf"{field}={value}: is unknown; write one of"):
        scenario_named(f"inventory:{tmp_path / 'bad.json'}")


@pytest.mark.parametrize(("field", "value"), [("growth_margin", 1.4), ("fit_digest", "abc")])
def test_what_a_fit_measured_is_refused_by_its_name(field: str, value: object, tmp_path: Path) -> None:
    tiny = load_scenario("tiny")
    fit = FittedScenario(**{**vars(tiny), field: value})
    with pytest.raises(
        ValueError, match=rf"cannot hold the scenario 'tiny': {field}={value!r} would be lost"
    ):
        write_inventory(fit, tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_a_cluster_of_an_inventory_comes_back_the_same(tmp_path: Path) -> None:
    scenario = scenario_named(f"inventory:{Path(__file__).parents[1] / 'data' / 'inventory'}")
    assert there_and_back(scenario, tmp_path) == scenario


KINDS = st.sampled_from([("n28",), ("n28", "n78"), ("n78", "n28", "x")])


LINKS = (
    Backhaul(),
    Backhaul("fibre", 950.5, length_km=12.25, beyond_ms=1.5),
    Backhaul("microwave", 400.0, hops=3, buffer_ms=20.0),
    Backhaul("leo"),
)


@st.composite
def sector_towards(draw: st.DrawFn, azimuth_deg: float) -> Sector:
    """A sector with carriers, calibrated or not."""
    kinds = draw(KINDS)
    offsets = st.lists(st.floats(-40, 40), min_size=len(kinds), max_size=len(kinds)).map(tuple)
    return Sector(azimuth_deg, kinds, draw(st.just(()) | offsets))


@st.composite
def site_named(draw: st.DrawFn, number: int) -> Site:
    """A site in its part of the map of ``urban``; an azimuth in quarters of a degree is exact in either sense."""
    x_m, y_m = 140 * number + draw(st.floats(0, 90)), draw(st.floats(0, 560))
    area, height_m, power_w = (
        draw(st.sampled_from(["UMa", "RMa"])),
        draw(st.floats(3, 150)),
        draw(st.just(0.0) | st.floats(10, 900)),
    )
    azimuths = draw(st.lists(st.integers(-719, 720), min_size=1, max_size=3))
    sectors = tuple(draw(sector_towards(azimuth / 4)) for azimuth in azimuths)
    link, kind = draw(st.sampled_from(LINKS)), draw(st.sampled_from(["", *AREAS]))
    return Site(f"site {number}", x_m, y_m, height_m, area, power_w, sectors, link, kind)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """The network of ``urban`` with other sites, powers, frequencies, tilts, days and faults."""
    base = load_scenario("urban")
    sites = tuple(draw(site_named(i)) for i in range(draw(st.integers(1, 4))))
    used = {name for site in sites for sector in site.sectors for name in sector.carriers}
    power = st.floats(30, 60)
    kinds = {
        "n28": replace(
            base.carriers["n28"], tx_power_dbm=draw(power), tilt_deg=90 + draw(st.integers(-40, 80)) / 4
        ),
        "n78": replace(base.carriers["n78"], fc_ghz=draw(st.floats(3.3, 3.8)), tx_power_dbm=draw(power)),
        "x": replace(
            base.carriers["n78s"], fc_ghz=draw(st.floats(0.5, 100)), mimo_layers=draw(st.floats(1, 16))
        ),
    }
    profile = tuple(
        tuple(row) for row in draw(st.lists(st.lists(st.floats(0.1, 9), min_size=3, max_size=3), max_size=2))
    )
    return replace(
        base,
        carriers={name: kind for name, kind in kinds.items() if name in used},
        sites=sites,
        load=replace(base.load, profile=profile),
        faults=replace(base.faults, loss_prob=draw(st.floats(0, 1)), delay_periods=draw(st.integers(0, 3))),
        shadowing=draw(st.booleans()),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenarios())
def test_any_scenario_comes_back_the_same(tmp_path: Path, scenario: Scenario) -> None:
    assert there_and_back(scenario, tmp_path) == scenario


def test_what_an_inventory_cannot_hold_is_refused() -> None:
    urban = load_scenario("urban")
    with pytest.raises(ValueError, match=r"carriers \['n78s'\] are in no sector"):
        inventory_data(replace(urban, sites=urban.sites[:1]))
    turned = replace(urban.sites[1], sectors=(Sector(270.0, ("n78s",)),))
    with pytest.raises(ValueError, match=r"site 'plaza': azimuth_deg=270\.0 is not in \(-180, 180\]"):
        inventory_data(replace(urban, sites=(urban.sites[0], turned)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"fixed_power_w": 0.3},
            r"'urban': fixed_power_w=0\.3: is outside .* W of a site in UMi; write 300 if",
        ),
        ({"x_m": 280.0, "y_m": 280.0}, r"x_m=280\.0: with y_m=280\.0 is the place of 'macro'"),
        ({"x_m": 900.0}, r"width_m=560\.0 leaves site 'plaza' beside the map"),
        ({"backhaul": Backhaul(capacity_mbps=0.5)}, r"backhaul_capacity_mbps=0\.5: is below the 1 Mbit/s"),
    ],
)
def test_what_would_not_be_read_is_not_written(
    tmp_path: Path, changes: dict[str, float], message: str
) -> None:
    urban = load_scenario("urban")
    scenario = replace(urban, sites=(urban.sites[0], replace(urban.sites[1], **changes)))
    with pytest.raises(ValueError, match=message):
        write_inventory(scenario, tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_what_would_come_back_changed_is_named(tmp_path: Path) -> None:
    urban = load_scenario("urban")
    with pytest.raises(ValueError, match="cannot hold the scenario 'urban': sites would come back changed"):
        write_inventory(
            replace(urban, sites=(urban.sites[0], replace(urban.sites[1], name=" b"))), tmp_path / "out.json"
        )


def test_angles_come_back_to_their_last_digits(tmp_path: Path) -> None:
    urban = load_scenario("urban")
    turned = replace(urban.sites[1], sectors=(Sector(12.7, ("n78s",)),))
    (sector,) = there_and_back(replace(urban, sites=(urban.sites[0], turned)), tmp_path).sites[1].sectors
    assert sector.azimuth_deg == pytest.approx(12.7, abs=1e-9)


def test_what_is_written_is_plain_json_with_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "urban.json"
    write_inventory(load_scenario("urban"), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["schema"] == "ranrein-inventory/1"
    assert [row["azimuth_deg"] for row in data["sectors"]] == [60.0, 300.0, 180.0, 90.0]
    assert data["carriers"][0]["band"] == "n28"


def test_a_carrier_wider_than_its_band_is_written_without_the_band(tmp_path: Path) -> None:
    base = load_scenario("urban")
    odd = replace(base.carriers["n78s"], fc_ghz=2.0)  # 40 MHz within the 25 MHz of n70
    scenario = replace(base, carriers={**base.carriers, "n78s": odd})
    assert there_and_back(scenario, tmp_path) == scenario
