"""Bad inventories: every problem is named with file, line, field, value and repair, all of a file together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.envs.inventory.inventory import read_inventory
from ranrein.envs.inventory.rows import SHOWN, InventoryError

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


def site(field: str, value: str) -> tuple[str, str]:
    return "sites", f"id,latitude,longitude,{field}\n" + "".join(
        f"{name},48.1{i},11.5{i},{value if name == 'b' else ''}\n" for i, name in enumerate("abcd")
    )


def sector(azimuth: str) -> tuple[str, str]:
    return "sectors", SECTORS.replace("b,1,0", f"b,1,{azimuth}")


def carrier(band: str, field: str, value: str) -> tuple[str, str]:
    return "carriers", f"site,sector,band,{field}\n" + "".join(
        f"{name},1,{band},{value if name == 'b' else ''}\n" for name in "abcd"
    )


def place(line: str) -> tuple[str, str]:
    return "sites", SITES.replace("b,48.11,11.52", line)


WRONG = {
    "repeated site": (("sites", SITES + "a,48.11,11.52\n"),
        "sites.csv:6: id=a: repeats line 2; give each its own id"),
    "repeated sector": (("sectors", SECTORS + "c,1,120\n"),
        "sectors.csv:6: id=1: repeats line 4 in site 'c'; give each its own id, or remove one"),
    "repeated carrier": (("carriers", CARRIERS + "c,1,n28\n"),
        "carriers.csv:6: id=: repeats line 4 in site 'c' in sector '1'; give each its own id"),
    "sector without site": (("sectors", SECTORS + "dd,1,0\n"),
        "sectors.csv:6: site=dd: is no site of this inventory; write 'd' if that is meant, or add that site"),
    "carrier without site": (("carriers", CARRIERS + "dd,1,n28\n"),
        "carriers.csv:6: site=dd: is no site of this inventory; write 'd' if that is meant"),
    "carrier without sector": (("carriers", CARRIERS + "d,11,n28\n"),
        "carriers.csv:6: sector=11: is no sector of site 'd'; write '1' if that is meant, or add that sector"),
    "site without sector": (("sites", SITES + "e,48.12,11.53\n"),
        "sites.csv:6: id=e: has no sector; list its sectors, or remove it"),
    "sector without carrier": (("sectors", SECTORS + "d,2,120\n"),
        "sectors.csv:6: id=2: has no carrier; list its carriers, or remove it"),
    "transport to nowhere": (site("transport_parent", "e"),
        "sites.csv:3: transport_parent=e: is no site of this inventory; write "),
    "transport to itself": (site("transport_parent", "b"),
        "sites.csv:3: transport_parent=b: the chain b -> b closes on itself; leave it blank at the site that"),
    "swapped": (place("b,11.52,48.11"),
        "sites.csv:3: latitude=11.52: with longitude=48.11 lies among the other sites once the two are "
        "swapped; write latitude=48.11, longitude=11.52"),
    "other sign": (place("b,-48.11,11.52"),
        "sites.csv:3: latitude=-48.11: with longitude=11.52 lies among the other sites with the other sign; "
        "write latitude=48.11, longitude=11.52"),
    "swapped out of range": (place("b,144.97,-37.81"),
        "sites.csv:3: latitude=144.97: is outside -90..90 degrees; latitude and longitude look swapped: "
        "write latitude=-37.81, longitude=144.97"),
    "null island": (place("b,0,0"), "sites.csv:3: latitude=0: with longitude=0 is the place of what is not known"),
    "millionths of a degree": (place("b,48110000,11.52"),
        "sites.csv:3: latitude=48110000: is outside -90..90 degrees; write decimal degrees: 48.11 if these"),
    "projected": (place("b,48.11,4468503"),
        "sites.csv:3: longitude=4468503: is outside -180..180 degrees; write decimal degrees: 4.4685 if these"),
    "projected and small": (place("b,48.11,468503"),
        "sites.csv:3: longitude=468503: is outside -180..180 degrees; write decimal degrees, or give "
        "projected"),
    "no place": (place("b,,11.52"), "sites.csv:3: latitude=: is missing; give every site its latitude and longitude"),
    "words": (place("b,48°06',11.52"), "sites.csv:3: latitude=48°06': is no finite number; write a plain number"),
    "not a number": (place("b,nan,11.52"), "sites.csv:3: latitude=nan: is no finite number"),
    "decimal comma": (place('b,"48,11",11.52'),
        "sites.csv:3: latitude=48,11: is no finite number; write decimals with a point"),
    "centimetres": (site("height_m", "2500"),
        "sites.csv:3: height_m=2500: is outside 1.5..150 m; write metres: 25 if"),
    "feet": (site("height_m", "300"),
        "sites.csv:3: height_m=300: is outside 1.5..150 m; write metres: 3 if these are centimetres or 91.44 "
        "if these"),
    "negative height": (site("height_m", "-25"),
        "sites.csv:3: height_m=-25: is outside 1.5..150 m; write in m between"),
    "MHz": (carrier("n78", "fc_ghz", "3500"),
        "carriers.csv:3: fc_ghz=3500: is outside the downlink of n78, 3.3..3.8 GHz; write 3.5 if this is in "
        "MHz"),
    "Hz": (carrier("n78", "fc_ghz", "3.5e9"),
        "carriers.csv:3: fc_ghz=3.5e9: is outside the downlink of n78, 3.3..3.8 GHz; write 3.5 if this is in "
        "Hz"),
    "NR-ARFCN": (carrier("n78", "fc_ghz", "640000"),
        "carriers.csv:3: fc_ghz=640000: is outside the downlink of n78, 3.3..3.8 GHz; write 3.6 if this is "
        "an NR-ARFCN"),
    "another band": (carrier("n28", "fc_ghz", "2.14"),
        "carriers.csv:3: fc_ghz=2.14: is outside the downlink of n28, 0.758..0.803 GHz; 2.14 GHz is in the "
        "downlink of n1; repair one of the two"),
    "watts": (carrier("n78", "tx_power_dbm", "200"),
        "carriers.csv:3: tx_power_dbm=200: is outside 30..60 dBm of a carrier in RMa; write 53 if this is "
        "in W"),
    "few watts": (carrier("n78", "tx_power_dbm", "5"),
        "carriers.csv:3: tx_power_dbm=5: is outside 30..60 dBm of a carrier in RMa; write 37 if this is in "
        "W or 35 if this is in dBW"),
    "milliwatts": (carrier("n78", "tx_power_dbm", "40000"),
        "carriers.csv:3: tx_power_dbm=40000: is outside 30..60 dBm of a carrier in RMa; write 46 if this "
        "is in mW"),
    "width in Hz": (carrier("n78", "bandwidth_mhz", "100000000"),
        "carriers.csv:3: bandwidth_mhz=100000000: is no channel bandwidth that TS 38.104 table 5.3.2-1 has "
        "at 30 kHz and fits into n78; write 100"),
    "width beyond the band": (carrier("n20", "bandwidth_mhz", "40"),
        "carriers.csv:3: bandwidth_mhz=40: is no channel bandwidth that TS 38.104 table 5.3.2-1 has at 15 "
        "kHz and fits into n20; write one of [5, 10, 15, 20, 25, 30] MHz"),
    "spacing in Hz": (carrier("n78", "scs_khz", "30000"),
        "carriers.csv:3: scs_khz=30000: is no subcarrier spacing the twin knows; write 30"),
    "numerology": (carrier("n78", "scs_khz", "1"),
        "carriers.csv:3: scs_khz=1: is no subcarrier spacing the twin knows; write 30"),
    "percent": (carrier("n78", "dl_share", "74"),
        "carriers.csv:3: dl_share=74: is outside 0.01..1; write 0.74 if this"),
    "zenith angle": (carrier("n78", "downtilt_deg", "98"),
        "carriers.csv:3: downtilt_deg=98: is outside -20..30 degrees; write 8 if this is a zenith angle"),
    "negative azimuth": (sector("-30"), "sectors.csv:3: azimuth_deg=-30: is outside 0..360 degrees; write 330"),
    "tenths of a degree": (sector("1200"),
        "sectors.csv:3: azimuth_deg=1200: is outside 0..360 degrees; write degrees: 120 if these are tenths"),
    "half an element": (carrier("n78", "n_elements", "7.5"),
        "carriers.csv:3: n_elements=7.5: is no whole number; write 8"),
    "unknown band": (("carriers", CARRIERS.replace("b,1,n28", "b,1,n28a")),
        "carriers.csv:3: band=n28a: is no known NR band; did you mean 'n28'?"),
    "LTE band": (("carriers", CARRIERS.replace("b,1,n28", "b,1,B28")),
        "carriers.csv:3: band=B28: is no known NR band; did you mean 'n28'?"),
    "uplink band": (("carriers", CARRIERS.replace("b,1,n28", "b,1,n83")),
        "carriers.csv:3: band=n83: is no known NR band; n83 has no downlink (SUL)"),
    "no band": (("carriers", CARRIERS.replace("b,1,n28", "b,1,")),
        "carriers.csv:3: band=: is missing; give the band, or all the rest too: layer, fc_ghz, "),
    "unknown layer": (carrier("n28", "layer", "overlay"),
        "carriers.csv:3: layer=overlay: is no layer; write coverage or capacity"),
    "unknown area type": (site("propagation", "UNa"),
        "sites.csv:3: propagation=UNa: is no area type the twin can map; did you mean \"UMa\"?"),
    "misspelt column": (site("heigth_m", "25"),
        "sites.csv:1: column=heigth_m: is no field of sites; did you mean 'height_m' in m?"),
    "column in another unit": (carrier("n78", "freq_mhz", "3500"),
        "carriers.csv:1: column=freq_mhz: is no field of carriers; did you mean 'fc_ghz' in GHz?"),
    "two columns of one field": (site("lat", "48"),
        "sites.csv:1: column=lat: means the same as 'latitude'; keep one of them"),
    "missing column": (("sectors", "site,id\na,1\n"),
        "sectors.csv:1: column=azimuth_deg: is missing; give every one of the sectors its azimuth_deg"),
    "no places at all": (("sites", "id\na\nb\nc\nd\n"),
        "sites.csv:1: column=latitude: no site has a place; give latitude and longitude in degrees, or x_m "
        "and y_m"),
    "repeated column": (("sites", "id,id\na,a\n"), "sites.csv:1: column 'id' stands there twice; keep one of them"),
    "ragged": (place("b,48.11"), "sites.csv:3: 2 fields where the header has 3; quote text that holds commas"),
    "semicolons": (("sites", SITES.replace(",", ";")), "sites.csv:1: 'id;latitude;longitude' separates with ';'; "),
    "empty": (("sites", ""), "sites.csv:1: is empty; begin it with a line of column names"),
    "header only": (("sites", "id,latitude,longitude\n"), "sites.csv:1: lists no sites; give one record"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said_with_its_place_and_repair(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    kind, text = change
    told = problems_of(folder_with(tmp_path, **{kind: text}))
    assert told[0] == "the inventory has 1 problem:"
    assert told[1].startswith(message)
    assert len(told) == 2


def test_the_unchanged_folder_is_right(tmp_path: Path) -> None:
    assert [site.id for site in read_inventory(folder_with(tmp_path)).sites] == list("abcd")


def test_all_problems_of_all_files_come_together_sites_first(tmp_path: Path) -> None:
    told = problems_of(
        folder_with(
            tmp_path,
            carriers=CARRIERS.replace("b,1,n28", "b,1,n82a"),
            sites=SITES.replace("48.11", "x").replace("48.20", "y"),
            sectors=SECTORS.replace("c,1,0", "c,1,400"),
        )
    )
    assert [line.partition(" ")[0] for line in told[1:]] == [
        "sites.csv:3:", "sites.csv:5:", "sectors.csv:4:", "carriers.csv:3:",
    ]  # fmt: skip


POWER = "fixed_power_w=0.3: is outside 10..20000 W of a site in UMa; write 300 if this is in kW"
HEIGHT = "height_m=3000: is outside"


@pytest.mark.parametrize("area", ["UMa", ""])
def test_what_an_area_type_rules_out_is_said_beside_what_no_area_takes(area: str, tmp_path: Path) -> None:
    rows = [f"{name},48.{i},11.{i},{area},20,0.3\n" for i, name in enumerate("abcd")]
    rows[2] = rows[2].replace("20,0.3", "3000,320")
    text = "id,latitude,longitude,propagation,height_m,fixed_power_w\n" + "".join(rows)
    found = "\n".join(problems_of(folder_with(tmp_path, sites=text)))
    assert f"sites.csv:4: {HEIGHT}" in found
    assert [f"sites.csv:{line}: " in found for line in (2, 3, 4, 5)] == [True] * 4
    assert found.count("W of a site in") == 3
    assert area == "" or found.count(POWER) == 3


def test_a_misspelt_area_type_rules_out_nothing(tmp_path: Path) -> None:
    rows = [f"{name},48.{i},11.{i},UMaa,0.3\n" for i, name in enumerate("abcd")]
    text = "id,latitude,longitude,propagation,fixed_power_w\n" + "".join(rows)
    found = problems_of(folder_with(tmp_path, sites=text))
    assert len([line for line in found if "propagation=UMaa" in line]) == 4
    assert not [line for line in found if "fixed_power_w" in line]


def test_many_problems_are_counted_and_the_first_shown(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(
        "id,latitude,longitude\n" + "".join(f"{i},x,{i / 100}\n" for i in range(100)), encoding="utf-8"
    )
    told = problems_of(path)
    assert told[0] == "the inventory has 100 problems:"
    assert len(told) == SHOWN + 2
    assert told[-1] == f"... and {100 - SHOWN} more"


def test_a_cycle_in_transport_is_told_once_with_its_chain(tmp_path: Path) -> None:
    rows = "a,48.1,11.5,b\nb,48.1,11.6,c\nc,48.2,11.5,a\nd,48.2,11.6,a\n"
    (tmp_path / "sites.csv").write_text(f"id,latitude,longitude,transport_parent\n{rows}", encoding="utf-8")
    told = problems_of(tmp_path)
    assert told[1:] == [
        "sites.csv:2: transport_parent=b: the chain a -> b -> c -> a closes on itself; "
        "leave it blank at the site that reaches the core"
    ]


def test_a_tree_of_transport_is_no_cycle(tmp_path: Path) -> None:
    rows = "a,48.1,11.5,\nb,48.1,11.6,a\nc,48.2,11.5,b\nd,48.2,11.6,b\n"
    (tmp_path / "sites.csv").write_text(f"id,latitude,longitude,transport_parent\n{rows}", encoding="utf-8")
    assert [site.transport_parent for site in read_inventory(tmp_path).sites] == ["", "a", "b", "b"]


def test_a_network_across_the_date_line_and_a_remote_island_are_no_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    fiji = "a,-17.1,179.95\nb,-17.2,-179.95\nc,-17.3,179.9\nd,-17.15,-179.9\nrotuma,-12.5,177.1\n"
    path.write_text(f"id,latitude,longitude\n{fiji}", encoding="utf-8")
    inventory = read_inventory(path)
    assert abs(inventory.plane_m()[:4, 0]).max() < 400_000
