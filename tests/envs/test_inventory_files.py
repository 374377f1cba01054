"""Inventory files of broken form, JSON with its lines, and settings that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ranrein.envs.inventory.inventory import read_inventory
from ranrein.envs.inventory.rows import InventoryError
from ranrein.envs.inventory.scenario import cluster_scenario, clusters
from ranrein.envs.randomise import Randomised

SITES = "id,latitude,longitude\na,48.10,11.50\nb,48.11,11.52\nc,48.13,11.58\nd,48.20,11.60\n"
SECTORS = "site,id,azimuth_deg\na,1,0\nb,1,0\nc,1,0\nd,1,0\n"
CARRIERS = "site,sector,band\na,1,n28\nb,1,n28\nc,1,n28\nd,1,n28\n"


def problems_of(path: Path) -> list[str]:
    """What reading says, line by line, without the folder."""
    with pytest.raises(InventoryError) as caught:
        read_inventory(path)
    return str(caught.value).replace(f"{path if path.is_dir() else path.parent}/", "").splitlines()


def folder_with(tmp_path: Path, **tables: str) -> Path:
    for kind, text in {"sites": SITES, "sectors": SECTORS, "carriers": CARRIERS, **tables}.items():
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_quoted_line_breaks_do_not_shift_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text('id,latitude,longitude,note\na,48.1,11.5,"two\nlines"\n\nb,48.1,x,\n', encoding="utf-8")
    assert problems_of(path)[1].startswith("sites.csv:5: longitude=x:")


def test_carriers_need_sectors(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "sectors.csv").unlink()
    assert (
        problems_of(folder)[1]
        == "carriers.csv:1: lists carriers, but nothing lists sectors; list the sectors"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing.csv", "No such file"),
        ("nothing.json", "No such file"),
        (
            "sites.xlsx",
            "is no inventory; give a .json file, a .csv file of sites, or a folder with sites.csv",
        ),
        ("", "holds no sites.csv; add one with the columns id,latitude,longitude"),
    ],
)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InventoryError, match=message):
        read_inventory(tmp_path / name)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_bytes(b"id,latitude,longitude\n\xff\xfe,1,2\n")
    assert "UTF-8" in problems_of(tmp_path / "sites.csv")[1]


GOOD = {
    "schema": "ranrein-inventory/1",
    "sites": [
        {"id": "a", "latitude": 48.1, "longitude": 11.5},
        {"id": "b", "latitude": 48.1, "longitude": 11.51},
    ],
}
JSON = {
    "field on its own line": ('{"schema": "ranrein-inventory/1",\n"sites": [{"id": "a",\n"latitude": 95,\n'
                              '"longitude": 11.5}]}', "x.json:3: latitude=95: is outside -90..90 degrees"),
    "broken": ('{"schema": "ranrein-inventory/1",\n"sites": [{"id": "a"\n"latitude": 9}]}', "x.json:3: Expecting ','"),
    "cut off": ('{"schema": "ranrein-inventory/1",\n"sites": [', "x.json:2: Expecting value"),
    "no list": ('{"schema": "ranrein-inventory/1", "sites": {}}', "x.json:1: '{}}' stands where '[' is due"),
    "no object": ('{"schema": "ranrein-inventory/1",\n"sites": [3]}', "x.json:2: '3' is no object"),
    "list in a field": ('{"schema": "ranrein-inventory/1", "sites": [\n{"id": [1]}]}', "x.json:2: id=['1'] is neither"),
    "truth in a field": ('{"schema": "ranrein-inventory/1", "sites": [\n{"id": true}]}', "x.json:2: id=True is"),
    "not finite": ('{"schema": "ranrein-inventory/1",\n"scenario": {"pixel_m": NaN}}', "x.json:2: NaN is no number"),
    "key twice": ('{"schema": "ranrein-inventory/1",\n"sites": [{"id": "a", "id": "b"}]}', "x.json:2: 'id' stands"),
    "part twice": ('{"sites": [],\n"sites": []}', "x.json:2: 'sites' stands there twice"),
    "unknown part": ('{"schema": "ranrein-inventory/1",\n"cells": []}', "x.json:2: 'cells' is no part of an inventory"),
    "no sites": ('{"schema": "ranrein-inventory/1"}', "x.json:1: has no list 'sites'; add it"),
    "another schema": ('{"schema": "other/2", "sites": []}', "x.json:1: schema='other/2' is not known; write 'ran"),
    "more behind": ('{"schema": "ranrein-inventory/1", "sites": []}\n{}', "x.json:2: something follows"),
    "empty": ("", "x.json:1: '' stands where '{' is due; repair the JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), JSON.values(), ids=list(JSON))
def test_json_problems_have_their_line_too(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    assert problems_of(tmp_path / "x.json")[1].startswith(message)


SETTINGS = {
    "unknown section": (
        {"user": {}},
        r"x\.json:1: 'user' is no section of a scenario; did you mean 'users'\?",
    ),
    "unknown key": ({"users": {"residents": 8}}, r"x\.json:1: net: .*did you mean 'resident'\?"),
    "wrong type": ({"sla": 3}, r"x\.json:1: net: scenario\.sla = 3 is not a mapping"),
    "map for degrees": ({"width_m": 500.0}, r"x\.json:1: width_m=500\.0 needs places in x_m and y_m"),
}


@pytest.mark.parametrize(("settings", "message"), SETTINGS.values(), ids=list(SETTINGS))
def test_settings_that_do_not_fit_are_refused(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**GOOD, "scenario": settings}), encoding="utf-8")
    inventory = read_inventory(path)
    with pytest.raises(InventoryError, match=message):
        cluster_scenario(inventory, clusters(inventory)[0], "net")


def test_settings_ask_for_laws_over_days(tmp_path: Path) -> None:
    path, law = tmp_path / "x.json", {"randomised": {"levels": 3}}
    found = []
    for settings in ({}, law, {"randomised": {"level": 3}}):
        path.write_text(json.dumps({**GOOD, "scenario": settings}), encoding="utf-8")
        found.append(read_inventory(path))
    usual, many = (cluster_scenario(each, clusters(each)[0], "net") for each in found[:2])
    assert many == Randomised(levels=3)(usual)
    with pytest.raises(InventoryError, match=r"x\.json:1: net: .*did you mean 'levels'\?"):
        cluster_scenario(found[2], clusters(found[2])[0], "net")


def test_a_site_beside_its_map_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    data = {
        "schema": GOOD["schema"],
        "scenario": {"width_m": 500.0},
        "sites": [{"id": "a", "x_m": 10, "y_m": 600}],
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InventoryError, match=r"width_m=500\.0 leaves site 'a' beside the map"):
        cluster_scenario(read_inventory(path), [0], "net")


def test_a_cluster_without_coverage_is_refused(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path, carriers="site,sector,band,layer\n" + "".join(f"{name},1,n78,capacity\n" for name in "abcd")
    )
    inventory = read_inventory(folder)
    with pytest.raises(InventoryError, match="no coverage carrier: somebody must never sleep"):
        cluster_scenario(inventory, range(4), "net")


def test_places_of_two_kinds_are_refused(tmp_path: Path) -> None:
    rows = "a,48.1,11.5,,\nb,48.1,11.6,,\nc,,,5,6\n"
    (tmp_path / "sites.csv").write_text(f"id,latitude,longitude,x_m,y_m\n{rows}", encoding="utf-8")
    assert problems_of(tmp_path)[1].startswith(
        "sites.csv:4: x_m=5: other sites have latitude and longitude; give all"
    )
