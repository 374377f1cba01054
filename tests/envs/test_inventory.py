"""Inventories that are right: read, filled from the defaults, cut into clusters, stepped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import UnknownNameError, load_scenario
from ranrein.envs.inventory.defaults import AREA_DEFAULTS, area_by_distance, area_key
from ranrein.envs.inventory.inventory import read_inventory
from ranrein.envs.inventory.rows import InventoryError
from ranrein.envs.inventory.scenario import MOST_CELLS, cluster_scenario, clusters
from ranrein.envs.inventory.sites import Inventory
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kpis import Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.radio_scenario import SHADOWING
from ranrein.twin.scenario import Scenario
from ranrein.twin.state import begin

SAMPLE = Path(__file__).parents[1] / "data" / "inventory"


@pytest.fixture(scope="module")
def sample() -> Inventory:
    return read_inventory(SAMPLE)


def stepped(scenario: Scenario, n_steps: int = 5) -> Kpis:
    params = Params.of(scenario)
    state = begin(params, np.arange(2, dtype=np.int64), np.zeros(2, np.int64))
    advance(params, state, Command.all_active(2, params.n_cells), n_steps)
    return measure(params, state)


def grid(path: Path, side: int, step_deg: float) -> Path:
    rows = [f"s{i},{48 + step_deg * (i // side)},{11 + step_deg * (i % side)}" for i in range(side * side)]
    path.write_text("id,latitude,longitude\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_what_the_file_says_stands(sample: Inventory) -> None:
    harbour = sample.sites[0]
    assert (harbour.height_m, harbour.propagation, harbour.fixed_power_w) == (30.0, "UMa", 320.0)
    assert [(s.id, s.azimuth_deg) for s in harbour.sectors] == [("N", 0.0), ("SE", 120.0), ("SW", 240.0)]
    low, high = (c.carrier for c in harbour.sectors[0].carriers)
    assert (low.fc_ghz, low.bandwidth_mhz, low.tx_power_dbm) == (0.778, 10, 46.0)
    assert (high.fc_ghz, high.bandwidth_mhz, high.scs_khz, high.tx_power_dbm) == (3.65, 80, 30, 52.0)


def test_blanks_are_filled_by_area_type_band_and_layer(sample: Inventory) -> None:
    castle, market, mill = sample.sites[2:]
    assert castle.height_m == AREA_DEFAULTS["UMa"].height_m
    assert mill.propagation == "UMa"
    n20, n78, _ = (c.carrier for c in castle.sectors[0].carriers)
    assert (n20.fc_ghz, n20.bandwidth_mhz, n20.layer) == (0.806, 20, "coverage")
    assert (n78.bandwidth_mhz, n78.tilt_deg, n78.layer, n78.cell_offset_db) == (100, 98.0, "capacity", 20.0)
    (small,) = (c.carrier for c in market.sectors[0].carriers)
    assert (small.n_elements, small.tilt_deg, small.layer) == (0, 90.0, "capacity")


def test_what_was_filled_is_noted(sample: Inventory) -> None:
    assert sample.notes == (
        "propagation by distance to the next site: UMa 1",
        "height_m by area type: 2 of 5 sites",
        "fixed_power_w by area type: 4 of 5 sites",
    )


def test_the_sample_becomes_a_network_that_steps(sample: Inventory) -> None:
    scenario = scenario_named(f"inventory:{SAMPLE}")
    assert [site.name for site in scenario.sites] == ["harbour", "station", "castle", "market", "mill, old"]
    kpis = stepped(scenario)
    assert kpis.prb_tot_dl.shape == (2, sample.n_cells)
    assert np.isfinite(kpis.power).all()
    assert (kpis.prb_tot_dl.sum(axis=1) > 0).all()


def test_places_keep_their_distances_and_north_is_up(sample: Inventory) -> None:
    harbour, station, castle, *_ = scenario_named(f"inventory:{SAMPLE}").sites
    assert castle.y_m - harbour.y_m == pytest.approx(0.0038 * 111_330, rel=1e-3)
    assert castle.x_m - harbour.x_m == pytest.approx(0.0065 * 111_320 * np.cos(np.radians(54.32)), rel=3e-3)
    assert station.y_m < harbour.y_m
    assert station.x_m < harbour.x_m


def test_a_compass_azimuth_becomes_that_of_the_twin() -> None:
    harbour = scenario_named(f"inventory:{SAMPLE}").sites[0]
    assert [sector.azimuth_deg for sector in harbour.sectors] == [90.0, -30.0, -150.0]


def test_the_sector_that_points_at_users_serves_them(tmp_path: Path) -> None:
    """A compass read the wrong way round would put the strong side of the map where the beam is not."""
    (tmp_path / "sites.csv").write_text("id,latitude,longitude\na,48.0,11.0\n", encoding="utf-8")
    (tmp_path / "sectors.csv").write_text("site,id,azimuth_deg\na,1,90\n", encoding="utf-8")
    scenario = scenario_named(f"inventory:{tmp_path}")
    params = Params.of(scenario)
    n = round(scenario.width_m / scenario.pixel_m)
    east, west = (
        params.arrays.gain[:, 0].reshape(n, n)[:, half].mean() for half in (slice(n // 2, n), slice(n // 2))
    )
    assert east > west


def test_kinds_of_carrier_with_one_name_and_different_values_are_told_apart() -> None:
    carriers = scenario_named(f"inventory:{SAMPLE}").carriers
    assert set(carriers) == {"n28", "n78", "n78.2", "n20", "c1", "c2", "n3"}
    assert (carriers["n78"].fc_ghz, carriers["n78.2"].fc_ghz) == (3.65, 3.7)


def test_users_and_traffic_grow_with_the_network() -> None:
    small, urban = scenario_named(f"inventory:{SAMPLE}"), load_scenario("urban")
    cells = [
        small.carriers[name] for site in small.sites for sector in site.sectors for name in sector.carriers
    ]
    assert small.users.resident == 24 * sum(c.layer == "coverage" for c in cells) == 240
    assert small.sla == urban.sla
    assert small.load.full_load_mbps == pytest.approx(urban.load.full_load_mbps, rel=0.2)


def test_the_same_sites_in_another_order_are_the_same_clusters(tmp_path: Path) -> None:
    path = grid(tmp_path / "grid.csv", 9, 0.006)
    inventory = read_inventory(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    turned = read_inventory(path)
    assert len(clusters(inventory)) > 9
    assert {frozenset(inventory.sites[i].id for i in group) for group in clusters(inventory)} == {
        frozenset(turned.sites[i].id for i in group) for group in clusters(turned)
    }


def test_a_large_inventory_asks_for_a_cluster_and_gives_it(tmp_path: Path) -> None:
    path = grid(tmp_path / "grid.csv", 6, 0.006)
    with pytest.raises(
        InventoryError, match=r"36 sites with 216 cells make 6 clusters; choose one with .*@1 to @6"
    ):
        scenario_named(f"inventory:{path}")
    with pytest.raises(InventoryError, match=r"has no cluster 7; choose 1 to 6"):
        scenario_named(f"inventory:{path}@7")
    names = [site.name for k in range(1, 7) for site in scenario_named(f"inventory:{path}@{k}").sites]
    assert sorted(names) == sorted(f"s{i}" for i in range(36))
    assert scenario_named(f"inventory:{path}@2").name == "grid@2"


def test_a_shipped_scenario_is_still_named_plainly() -> None:
    assert scenario_named("tiny") == load_scenario("tiny")
    with pytest.raises(UnknownNameError, match="urban"):
        scenario_named("urbn")


@pytest.mark.parametrize(
    ("nearest_m", "height_m", "area"),
    [(60, None, "UMi-SC"), (60, 10, "UMi-SC"), (60, 25, "UMa"), (500, None, "UMa"), (500, 8, "UMa"),
     (1500, None, "RMa"), (np.inf, 30, "RMa")],
)  # fmt: skip
def test_the_area_type_follows_the_distance_to_the_next_site(
    nearest_m: float, height_m: float | None, area: str
) -> None:
    assert area_by_distance(nearest_m, height_m) == area


def test_every_radio_scenario_has_defaults() -> None:
    assert all(area_key(name) in AREA_DEFAULTS for name in SHADOWING)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)), min_size=1, max_size=30, unique=True),
    st.floats(-65, 65),
)
def test_any_sites_make_scenarios_with_all_sites_on_their_maps(
    tmp_path: Path, places: list[tuple[int, int]], lat: float
) -> None:
    rows = "".join(f"{i},{lat + a / 1e4},{b / 1e4 + 7}\n" for i, (a, b) in enumerate(places))
    (tmp_path / "sites.csv").write_text(f"id,latitude,longitude\n{rows}", encoding="utf-8")
    inventory = read_inventory(tmp_path)
    for group in clusters(inventory):
        scenario = cluster_scenario(inventory, group, "any")
        assert all(
            0 <= site.x_m <= scenario.width_m and 0 <= site.y_m <= scenario.width_m for site in scenario.sites
        )


def test_a_real_country_of_13_269_stations_loads_and_steps(reference_data: Path) -> None:
    inventory = read_inventory(reference_data / "topology" / "c2tm_relative_topology.csv")
    assert len(inventory.sites) == 13_269
    groups = clusters(inventory)
    assert sorted(np.concatenate(groups).tolist()) == list(range(13_269))
    assert max(sum(inventory.sites[i].n_cells for i in group) for group in groups) <= MOST_CELLS
    for k in np.linspace(0, len(groups) - 1, 4).astype(int):
        kpis = stepped(cluster_scenario(inventory, groups[k], f"c2tm@{k + 1}"))
        assert np.isfinite(kpis.power).all()
        assert 0 < kpis.prb_tot_dl.mean() < 100


def test_a_register_of_a_city_loads_with_its_own_column_names(reference_data: Path) -> None:
    inventory = read_inventory(reference_data / "topology" / "melbourne_cbd_optus_sites.csv")
    assert len(inventory.sites) == 125
    assert "columns not used: NAME, STATE" in inventory.notes[0]
    assert stepped(cluster_scenario(inventory, clusters(inventory)[0], "cbd")).prb_tot_dl.mean() > 0
