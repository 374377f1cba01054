"""Numbers in another unit: each numeric column says what it was probably meant to be, with its line and its repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.envs.inventory.fields import FIELDS
from ranrein.envs.inventory.inventory import read_inventory
from ranrein.envs.inventory.rows import InventoryError

PLACES = {"UMa": ("48.10,11.50", "48.11,11.52"), "InH": ("48.1000,11.5000", "48.1002,11.5000")}


def problems_of(folder: Path, area: str, kind: str, field: str, value: str) -> list[str]:
    """What reading two sites of one sector and carrier says when the second one's field holds a value."""
    first, second = PLACES[area]
    tables = {
        "sites": ("id,latitude,longitude,propagation", [f"a,{first},{area}", f"b,{second},{area}"]),
        "sectors": ("site,id,azimuth_deg", ["a,1,0", "b,1,0"]),
        "carriers": ("site,sector,band", ["a,1,n78", "b,1,n78"]),
    }
    header, rows = tables[kind]
    names = header.split(",")
    if field in names:
        cells = rows[1].split(",")
        cells[names.index(field)] = value
        tables[kind] = (header, [rows[0], ",".join(cells)])
    else:
        tables[kind] = (f"{header},{field}", [f"{rows[0]},", f"{rows[1]},{value}"])
    for name, (head, lines) in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        read_inventory(folder)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


# (area type, table, field, value): what is wrong and how to repair it
SCALES = {
    ("UMa", "sites", "latitude", "4806.6"): "outside -90..90 degrees; write 48.11 if these are degrees and minutes",
    ("UMa", "sites", "latitude", "481100000"): "outside -90..90 degrees; write 48.11 if these are ten-millionths",
    ("UMa", "sites", "longitude", "-1131.2"): "outside -180..180 degrees; write -11.52 if these are degrees and min",
    ("UMa", "sites", "longitude", "348.5"): "outside -180..180 degrees; write -11.5 if this is counted from 0 to 360",
    ("UMa", "sites", "height_m", "0.03"): "outside 1.5..150 m; write metres: 30 if these are kilometres",
    ("UMa", "sites", "height_m", "30000"): "outside 1.5..150 m; write metres: 30 if these are millimetres",
    ("UMa", "sites", "fixed_power_w", "0.3"): "outside 10..20000 W of a site in UMa; write 300 if this is in kW",
    ("UMa", "sites", "fixed_power_w", "300000"): "outside 0..20000 W; write 300 if this is in mW",
    ("InH", "sites", "fixed_power_w", "0.01"): "outside 1..2000 W of a site in InH; write 10 if this is in kW",
    ("InH", "sites", "fixed_power_w", "10000"): "outside 1..2000 W of a site in InH; write 10 if this is in mW",
    ("UMa", "sites", "fixed_power_w", "-300"): "outside 0..20000 W; write in W between 0 and 20000",
    ("UMa", "sectors", "azimuth_deg", "12000"): "outside 0..360 degrees; write degrees: 120 if these are hundredths",
    ("UMa", "carriers", "fc_ghz", "0.0035"): "outside the downlink of n78, 3.3..3.8 GHz; write 3.5 if this is in THz",
    ("UMa", "carriers", "fc_ghz", "3500000"): "outside the downlink of n78, 3.3..3.8 GHz; write 3.5 if this is in kHz",
    ("UMa", "carriers", "fc_ghz", "-3.5"): "below 0 GHz; write in GHz 0 or more",
    ("UMa", "carriers", "bandwidth_mhz", "0.02"): "no channel bandwidth that TS 38.104 table 5.3.2-1 has at 30 kHz "
    "and fits into n78; write 20 if this is in GHz",
    ("UMa", "carriers", "bandwidth_mhz", "100000"): "no channel bandwidth that TS 38.104 table 5.3.2-1 has at 30 kHz "
    "and fits into n78; write 100 if this is in kHz",
    ("UMa", "carriers", "bandwidth_mhz", "273"): "no channel bandwidth that TS 38.104 table 5.3.2-1 has at 30 kHz "
    "and fits into n78; write 100 if this is resource blocks",
    ("UMa", "carriers", "bandwidth_mhz", "19.5"): "no channel bandwidth that TS 38.104 table 5.3.2-1 has at 30 kHz "
    "and fits into n78; write one of [5, 10, 15, 20",
    ("UMa", "carriers", "scs_khz", "0.03"): "no subcarrier spacing the twin knows; write 30 if this is in MHz",
    ("UMa", "carriers", "scs_khz", "-1"): "below 0 kHz; write in kHz 0 or more",
    ("UMa", "carriers", "tx_power_dbm", "0.2"): "outside 30..60 dBm of a carrier in UMa; write 53 if this is in kW",
    ("UMa", "carriers", "tx_power_dbm", "23"): "outside 30..60 dBm of a carrier in UMa; write 43.6 if this is in W or "
    "53 if this is in dBW",
    ("InH", "carriers", "tx_power_dbm", "0.25"): "outside 5..30 dBm of a carrier in InH-Office; write 24 if this is in",
    ("InH", "carriers", "tx_power_dbm", "250"): "outside 5..30 dBm of a carrier in InH-Office; write 24 if this is in",
    ("InH", "carriers", "tx_power_dbm", "-6"): "outside 5..30 dBm of a carrier in InH-Office; write 24 if this is in "
    "dBW",
    ("UMa", "carriers", "n_elements", "192"): "outside 0..64; write the elements of one column, such as 8",
    ("UMa", "carriers", "n_elements", "0.5"): "no whole number; write one from 0 to 64",
    ("UMa", "carriers", "beamforming_gain_db", "100"): "outside 0..40 dB; write 20 if this is a factor",
    ("UMa", "carriers", "beamforming_gain_db", "-6"): "outside 0..40 dB; write 6 if this is a loss turned round",
    ("UMa", "carriers", "mimo_layers", "64"): "outside 1..16; write the mean number of layers, such as 4",
    ("UMa", "carriers", "mimo_layers", "0.5"): "outside 1..16; write the mean number of layers, such as 4",
    ("UMa", "carriers", "dl_share", "740"): "outside 0.01..1; write 0.74 if this is per mille",
    ("UMa", "carriers", "dl_share", "3"): "outside 0.01..1; write 0.75 if this is a ratio of downlink to uplink",
    ("UMa", "carriers", "reference_set", "4"): "outside 1..3; write between 1 and 3",
    ("UMa", "carriers", "power_category", "3"): "outside 1..2; write between 1 and 2",
    ("UMa", "carriers", "watts_per_unit", "3600"): "outside 0.001..100 W; write 3.6 if this is in mW",
    ("UMa", "carriers", "watts_per_unit", "0.0036"): "outside 0.1..100 W of a carrier of this area type; write 3.6 if "
    "this is in kW",
    ("InH", "carriers", "watts_per_unit", "30"): "outside 0.001..10 W of a carrier of this area type; write 0.03 if "
    "this is in mW",
    ("InH", "carriers", "watts_per_unit", "0.00003"): "outside 0.001..100 W; write 0.03 if this is in kW",
    ("UMa", "carriers", "downtilt_deg", "80"): "outside -20..30 degrees; write -10 if this is a zenith angle",
    ("UMa", "carriers", "downtilt_deg", "60"): "outside -20..30 degrees; write 6 if these are tenths of a degree",
    ("UMa", "carriers", "idle_share", "30"): "outside 0..0.99; write 0.3 if this is in percent",
    ("UMa", "carriers", "cell_offset_db", "240"): "outside -48..48 dB; write in dB between -48 and 48",
    ("UMa", "carriers", "min_rsrp_dbm", "116"): "outside -160..-40 dBm; write -116 if this is without its sign",
    ("UMa", "carriers", "min_rsrp_dbm", "1e-10"): "outside -160..-40 dBm; write -100 if this is in mW",
    ("UMa", "carriers", "min_rsrp_dbm", "-170"): "outside -160..-40 dBm; write -140 if this is in dBW",
    ("UMa", "carriers", "calibration_db", "55"): "outside -40..40 dB; write in dB between -40 and 40",
    ("UMa", "sites", "backhaul_capacity_mbps", "600000"): "above the 100000 Mbit/s of a fibre link; write 600 if this "
    "is in kbit/s",
    ("UMa", "sites", "backhaul_capacity_mbps", "1e9"): "above the 100000 Mbit/s of a fibre link; write 1000 if this is "
    "in bit/s",
    ("UMa", "sites", "backhaul_capacity_mbps", "0.6"): "below the 1 Mbit/s that feed a cell; write 600 if this is in "
    "Gbit/s",
    ("UMa", "sites", "backhaul_capacity_mbps", "-600"): "below 0 Mbit/s; write in Mbit/s 0 or more",
    ("UMa", "sites", "backhaul_length_km", "12000"): "outside 0..1000 km; write 12 if this is in metres",
    ("UMa", "sites", "backhaul_length_km", "-12"): "outside 0..1000 km; write in km between 0 and 1000",
    ("UMa", "sites", "backhaul_hops", "25"): "outside 0..20; write between 0 and 20",
    ("UMa", "sites", "backhaul_buffer_ms", "50000"): "outside 0..1000 ms; write 50 if this is in microseconds",
    ("UMa", "sites", "backhaul_beyond_ms", "0.002"): "below 0.01 ms; write 2 if this is in seconds, or 0",
}  # fmt: skip


@pytest.mark.parametrize(("case", "message"), SCALES.items(), ids=[f"{c[2]}={c[3]}" for c in SCALES])
def test_a_number_in_another_unit_is_said_with_its_repair(
    tmp_path: Path, case: tuple[str, str, str, str], message: str
) -> None:
    area, kind, field, value = case
    told = problems_of(tmp_path, area, kind, field, value)
    assert told[0] == "the inventory has 1 problem:"
    assert told[1].startswith(f"{kind}.csv:3: {field}={value}: is {message}")


def test_every_numeric_column_has_its_wrong_scales() -> None:
    tried = {(kind, field) for _, kind, field, _ in SCALES} | {("sites", "x_m"), ("sites", "y_m")}
    assert tried >= {(kind, f.name) for kind, listed in FIELDS.items() for f in listed if f.limits}


def told_of(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        read_inventory(path)
    return str(caught.value).replace(f"{path.parent}/", "").splitlines()[1:]


def test_kilometres_and_degrees_on_the_plane_are_seen_by_their_distances(tmp_path: Path) -> None:
    rows = "a,0.5,0,RMa\nb,1.0,0,RMa\nc,1.5,0,RMa\n"
    (told,) = told_of(tmp_path / "s.csv", f"id,x_m,y_m,propagation\n{rows}")
    assert told == (
        "s.csv:2: x_m=0.5: with y_m=0 is 0.5 m from the next site, as are half of all sites or more; write 500 if "
        "these are kilometres, or call the columns longitude and latitude if these are degrees"
    )
    (told,) = told_of(tmp_path / "s.csv", "id,x_m,y_m\na,600.5,5500.1\nb,601,5500.3\nc,603,5500.1\n")
    assert told.endswith("half of all sites or more; write 600500 if these are kilometres")
    rows = "a,0,0,UMa\nb,20,0,UMa\nc,40,0,UMa\n"
    (told,) = told_of(tmp_path / "s.csv", f"id,x_m,y_m,propagation\n{rows}")
    assert "s.csv:3: x_m=20: with y_m=0 is 20 m from the next site" in told
    (told,) = told_of(tmp_path / "s.csv", "id,x_m,y_m\na,5e7,0\nb,200,0\n")
    assert "x_m=5e7: is outside -2e+07..2e+07 m; write 500000 if this is in centimetres or 50000 if" in told


def test_a_close_pair_among_sites_that_are_not_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("id,x_m,y_m\na,0,0\nb,5,0\nc,500,0\nd,900,0\ne,1400,0\n", encoding="utf-8")
    assert len(read_inventory(path).sites) == 5
    path.write_text("id,x_m,y_m,propagation\na,0,0,InH\nb,15,0,InH\n", encoding="utf-8")
    assert len(read_inventory(path).sites) == 2


def test_radians_on_the_globe_are_a_place_where_no_land_is(tmp_path: Path) -> None:
    told = told_of(tmp_path / "s.csv", "id,latitude,longitude\na,0.948080,0.176872\nb,0.9481,0.1769\n")
    assert told[0] == (
        "s.csv:2: latitude=0.948080: with longitude=0.176872 lies in the Gulf of Guinea, far from any land; "
        "write latitude=54.321, longitude=10.134 if these are radians"
    )
    assert len(told) == 2


def test_azimuths_in_radians_are_seen_by_the_other_sectors_of_the_site(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("id,latitude,longitude\na,48,11\nb,48.01,11\n", encoding="utf-8")
    sectors = tmp_path / "sectors.csv"
    told = told_of_folder(sectors, "a,1,0\na,2,120\nb,1,0\nb,2,2.0944\nb,3,4.1888\n")
    assert told == [
        "sectors.csv:5: azimuth_deg=2.0944: and the others of site 'b' lie within 4.1888 degrees of north; "
        "write 120 if these are radians"
    ]
    sectors.write_text("site,id,azimuth_deg\na,1,0\na,2,5\nb,1,2.5\n", encoding="utf-8")
    assert len(read_inventory(tmp_path).sites) == 2


def told_of_folder(path: Path, rows: str) -> list[str]:
    path.write_text(f"site,id,azimuth_deg\n{rows}", encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        read_inventory(path.parent)
    return str(caught.value).replace(f"{path.parent}/", "").splitlines()[1:]


def test_two_sites_at_one_place_are_refused_and_few_of_many_noted(tmp_path: Path) -> None:
    told = told_of(tmp_path / "s.csv", "id,latitude,longitude\na,48.1,11.5\nb,48.2,11.5\nc,48.1,11.50\n")
    assert told == [
        "s.csv:4: latitude=48.1: with longitude=11.50 is the place of 'a', line 2; "
        "give each site its own place, or list its sectors under one site"
    ]
    rows = "".join(f"{i},{48 + (i % 29) / 100},11.5\n" for i in range(30))
    (tmp_path / "s.csv").write_text(f"id,latitude,longitude\n{rows}", encoding="utf-8")
    assert "places of another site: 1 of 30 sites" in read_inventory(tmp_path / "s.csv").notes


@pytest.mark.parametrize("area", ["InF-SL", "InF-DL", "InF-SH", "InF-DH", "InF-HH", "InH", "inh-open"])
def test_every_hall_and_office_is_read(tmp_path: Path, area: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"id,x_m,y_m,height_m,propagation\na,0,0,8,{area}\n", encoding="utf-8")
    assert read_inventory(path).sites[0].propagation == area


def test_a_hall_whose_antennas_are_not_above_its_clutter_is_refused(tmp_path: Path) -> None:
    header = "id,x_m,y_m,height_m,propagation\n"
    told = told_of(tmp_path / "s.csv", f"{header}a,0,0,5,InF-DH\n")
    assert told == ["s.csv:2: height_m=5: is not above the 6 m clutter of InF-DH; use InF-DL"]
    (told,) = told_of(tmp_path / "s.csv", f"{header}a,0,0,8,InF-S\n")
    assert told.startswith(
        's.csv:2: propagation=InF-S: is no area type the twin can map; did you mean "InF-S'
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("area", "Leisur", "area=Leisur: is unknown; write 'leisure' if that is meant, or another of mixed, res"),
        ("patterns", "macro dwn 4", 'patterns=macro dwn 4: is no list of beam patterns; did you mean "macro'),
        ("backhaul_kbps", "600000", "column=backhaul_kbps: is no field of sites; did you mean 'backhaul_capacity_mb"),
        ("x_km", "1", "column=x_km: is no field of sites; did you mean 'x_m' in m?"),
        ("area_type", "UMa", "column=area_type: is no field of sites; did you mean 'propagation'?"),
    ],
)  # fmt: skip
def test_names_that_are_not_known_are_said_with_the_nearest(
    tmp_path: Path, field: str, value: str, message: str
) -> None:
    kind = "carriers" if field == "patterns" else "sites"
    told = problems_of(tmp_path, "UMa", kind, field, value)
    assert told[1].partition(": ")[2].startswith(message)
