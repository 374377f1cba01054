"""5QI and SST tables of TS 23.501."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ranrein.twin.qos import FIVE_QI, SST, ResourceType, five_qi

TABLE = Path(__file__).parents[1] / "data" / "ts23501_5qi.csv"


def test_the_table_is_that_of_ts_23_501() -> None:
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["5qi"]) for row in rows] == list(FIVE_QI)
    for row in rows:
        qos = five_qi(int(row["5qi"]))
        assert qos.resource_type.value == row["resource_type"]
        assert (qos.priority, qos.pdb_ms, qos.per) == (
            int(row["priority"]),
            float(row["pdb_ms"]),
            float(row["per"]),
        )
        assert (qos.mdbv_bytes or "") == (int(row["mdbv_bytes"]) if row["mdbv_bytes"] else "")
        assert (qos.averaging_window_ms or "") == (
            float(row["averaging_window_ms"]) if row["averaging_window_ms"] else ""
        )


def test_only_delay_critical_flows_have_a_burst_volume() -> None:
    for qos in FIVE_QI.values():
        assert (qos.mdbv_bytes is not None) == (qos.resource_type is ResourceType.DELAY_CRITICAL)


def test_slice_types_count_from_one() -> None:
    assert list(SST.values()) == [1, 2, 3, 4, 5, 6]
    assert (SST["eMBB"], SST["URLLC"], SST["MIoT"]) == (1, 2, 3)


def test_the_core_takes_its_part_of_the_budget() -> None:
    assert five_qi(82).air_budget_ms(1.0) == 9.0
    for delay in (5.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=r"core_delay_ms = .* leaves nothing of the 5 ms budget"):
            five_qi(85).air_budget_ms(delay)


def test_an_unknown_identifier_names_its_neighbour() -> None:
    with pytest.raises(ValueError, match="5QI 81 is not standardised: did you mean 80"):
        five_qi(81)
