"""Links of an inventory: the tree of transport parents as the twin's link of each site, and what no link can be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ranrein.envs.inventory.inventory import read_inventory
from ranrein.envs.inventory.rows import InventoryError
from ranrein.envs.inventory.scenario import cluster_scenario, clusters
from ranrein.envs.inventory.sites import Inventory
from ranrein.envs.inventory.writer import write_inventory
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.backhaul import Backhaul, Core
from ranrein.twin.scenario import Scenario
from ranrein.twin.transport_tree import Link, TransportTree

HEADER = (
    "id,x_m,y_m,transport_parent,backhaul_kind,backhaul_capacity_mbps,backhaul_length_km,backhaul_hops,"
    "backhaul_buffer_ms,backhaul_beyond_ms\n"
)
# Two masts and a chain behind a hub that a fibre joins with the core.
TREE = (
    "hub,0,0,,fibre,1000,40,,20,0.5\n"
    "near,500,0,hub,microwave,400,,1,30,\n"
    "far,1000,0,near,microwave,,,2,,\n"
    "sky,0,500,hub,leo,100,,,,\n"
)


def inventory_with(folder: Path, rows: str) -> Inventory:
    (folder / "sites.csv").write_text(HEADER + rows, encoding="utf-8")
    return read_inventory(folder / "sites.csv")


def network(folder: Path, rows: str) -> Scenario:
    inventory = inventory_with(folder, rows)
    return cluster_scenario(inventory, range(len(inventory.sites)), "net")


def test_a_site_has_the_delays_and_the_least_capacity_of_its_way(tmp_path: Path) -> None:
    scenario = network(tmp_path, TREE)
    links = {site.name: site.backhaul for site in scenario.sites}
    hub_ms = 40 * 4.9e-3 + 0.5
    assert links["hub"].delay_ms == pytest.approx(hub_ms)
    assert links["near"].delay_ms == pytest.approx(0.35 + hub_ms)
    assert links["far"].delay_ms == pytest.approx(0.7 + 0.35 + hub_ms)
    assert [link.capacity_mbps for link in links.values()] == [0.0, 400.0, 400.0, 100.0]
    assert [link.buffer_ms for link in links.values()] == [20.0, 30.0, 30.0, 50.0]
    assert (links["far"].kind, links["far"].hops, links["hub"].length_km) == ("microwave", 2, 40.0)


def test_the_link_that_all_sites_share_is_that_of_the_core(tmp_path: Path) -> None:
    assert network(tmp_path, TREE).core == Core(1000.0, 20.0)
    alone = network(tmp_path, TREE.splitlines()[0])
    assert (alone.core, alone.sites[0].backhaul.capacity_mbps) == (Core(), 1000.0)
    two_roots = network(tmp_path, TREE + "other,0,900,,fibre,50,,,,\n")
    assert two_roots.core == Core()
    assert [site.backhaul.capacity_mbps for site in two_roots.sites] == [1000.0, 400.0, 400.0, 100.0, 50.0]


@pytest.mark.parametrize("offered", [(0, 0, 900, 0), (50, 40, 30, 20), (900, 100, 200, 100)])
def test_a_star_carries_what_the_tree_of_links_does(tmp_path: Path, offered: tuple[float, ...]) -> None:
    star = TREE.replace("far,1000,0,near,microwave,,,2", "far,1000,0,hub,microwave,300,,2")
    scenario = network(tmp_path, star)
    links = [Link("hub", None, 1000.0, 40 * 4.9e-3 + 0.5, 20.0)]
    links += [
        Link("near", "hub", 400.0, 0.35),
        Link("far", "hub", 300.0, 0.7),
        Link("sky", "hub", 100.0, 0.0),
    ]
    tree = TransportTree(links).carry(offered)
    limits = np.array([site.backhaul.capacity_mbps or np.inf for site in scenario.sites])
    passed = np.minimum(offered, limits)
    carried = passed * min(1.0, scenario.core.upf_mbps / passed.sum())
    np.testing.assert_allclose(carried, tree.carried_mbps, rtol=1e-12)


def test_what_the_tree_became_comes_back_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    write_inventory(network(tmp_path, TREE), path)
    back = scenario_named(f"inventory:{path}")
    assert (back.sites, back.core) == (network(tmp_path, TREE).sites, network(tmp_path, TREE).core)


@pytest.mark.parametrize(("upf_mbps", "core"), [(600.0, Core(600.0, 7.0)), (2000.0, Core(1000.0, 20.0))])
def test_the_limit_of_the_settings_stands_where_it_is_tighter(
    tmp_path: Path, upf_mbps: float, core: Core
) -> None:
    hub = {"id": "hub", "x_m": 0, "y_m": 0, "backhaul_capacity_mbps": 1000, "backhaul_buffer_ms": 20}
    data = {
        "schema": "ranrein-inventory/1",
        "scenario": {"core": {"upf_mbps": upf_mbps, "buffer_ms": 7.0}},
        "sites": [hub, {"id": "b", "x_m": 500, "y_m": 0, "transport_parent": "hub"}],
    }
    (tmp_path / "net.json").write_text(json.dumps(data), encoding="utf-8")
    assert scenario_named(f"inventory:{tmp_path / 'net.json'}").core == core


def test_a_parent_in_another_cluster_still_counts(tmp_path: Path) -> None:
    rows = "hub,0,0,,fibre,1000,400,,,\n" + "".join(
        f"s{i},{50_000 + 600 * i},0,hub,,,60,,,\n" for i in range(3)
    )
    inventory = inventory_with(tmp_path, rows)
    groups = clusters(inventory)
    assert sorted(map(len, groups)) == [1, 3]
    far = cluster_scenario(inventory, max(groups, key=len), "far")
    assert {round(site.backhaul.delay_ms, 6) for site in far.sites} == {round(460 * 4.9e-3, 6)}
    assert far.core.upf_mbps == 1000.0


def test_parents_without_links_change_nothing(tmp_path: Path) -> None:
    rows = "hub,0,0,,,,,,,\nnear,500,0,hub,,,,,,\n"
    scenario = network(tmp_path, rows)
    assert [site.backhaul for site in scenario.sites] == [Backhaul(), Backhaul()]
    assert not any("transport" in note for note in inventory_with(tmp_path, rows).notes)


def test_what_is_shared_is_noted(tmp_path: Path) -> None:
    assert inventory_with(tmp_path, TREE).notes[-1] == (
        "transport: 2 links carry several sites; what only some sites of a cluster pass limits each alone"
    )


def test_the_link_of_an_older_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(
        '{"schema": "ranrein-inventory/1", "sites": [{"id": "a", "x_m": 0, "y_m": 0, "backhaul_mbps": 10}]}',
        encoding="utf-8",
    )
    assert read_inventory(path).sites[0].backhaul == Backhaul(capacity_mbps=10.0)


WRONG = {
    "kind": ("b,500,0,,fiber,100,,,,", "backhaul_kind=fiber: is unknown; write 'fibre' if that is meant, or another"),
    "parent": ("b,500,0,hup,,,,,,", "transport_parent=hup: is no site of this inventory; write 'hub' if that is meant"),
    "cycle": ("b,500,0,b,,,,,,", "transport_parent=b: the chain b -> b closes on itself; leave it blank at the site"),
    "length of a satellite": ("b,500,0,,leo,100,12,,,", "backhaul_length_km=12: is of fibre, this link is leo; write "
        "backhaul_kind=fibre, or remove it"),
    "hops without a kind": ("b,500,0,,,100,,2,,", "backhaul_hops=2: is of microwave, this link is fibre; write "
        "backhaul_kind=microwave, or remove it"),
    "no hops": ("b,500,0,,microwave,100,,,,", "backhaul_hops=: is missing; a microwave chain has 1 hop or more"),
    "hops of 0": ("b,500,0,,microwave,100,,0,,", "backhaul_hops=0: is no microwave chain; write 1 or more"),
    "half a hop": ("b,500,0,,microwave,100,,1.5,,", "backhaul_hops=1.5: is no whole number; write 2"),
    "kbit/s": ("b,500,0,,leo,200000,,,,", "backhaul_capacity_mbps=200000: is above the 10000 Mbit/s of a leo link; "
        "write 200 if this is in kbit/s"),
    "kbit/s of microwave": ("b,500,0,,microwave,100000,,1,,", "backhaul_capacity_mbps=100000: is above the 20000 "
        "Mbit/s of a microwave link; write 100 if this is in kbit/s"),
    "no number": ("b,500,0,,leo,fast,,,,", "backhaul_capacity_mbps=fast: is no finite number; write a plain number in "
        "Mbit/s"),
    "shorter than straight": ("b,50000,0,hub,,100,12,,,", "backhaul_length_km=12: is shorter than the 50 km to 'hub' "
        "as the crow flies; write 50 or more, or repair the places"),
    "metres": ("b,500,0,hub,,100,800,,,", "backhaul_length_km=800: is far beyond the 0.5 km to 'hub' as the crow "
        "flies; write 0.8 if this is in metres"),
    "seconds": ("b,500,0,,,100,,,0.005,", "backhaul_buffer_ms=0.005: is below 0.01 ms; write 5 if this is in seconds"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "message"), WRONG.values(), ids=list(WRONG))
def test_what_no_link_can_be_is_said_with_its_place_and_repair(
    tmp_path: Path, row: str, message: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        inventory_with(tmp_path, f"hub,0,0,,,,,,,\n{row}\n")
    told = str(caught.value).splitlines()
    assert told[0] == "the inventory has 1 problem:"
    assert told[1].startswith(f"{tmp_path / 'sites.csv'}:3: {message}")
