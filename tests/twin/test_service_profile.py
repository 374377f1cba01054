"""ServiceProfile of TS 28.541: what it computes and what it refuses."""

from __future__ import annotations

import pytest

from ranrein.twin.service_profile import DlThpt, ServiceProfile, SliceSimultaneousUse

URLLC = ServiceProfile(
    maxNumberofUEs=200,
    dLThptPerSlice=DlThpt(50e3, 100e3),
    dLThptPerUE=DlThpt(1e3, 5e3),
    dLLatency=10.0,
    uLLatency=10.0,
    dLReliability=99.999,
    availability=99.99,
    termDensity=1000.0,
    activityFactor=30.0,
    jitter=1.0,
    survivalTime=20.0,
    uESpeed=30.0,
    maxNumberofPDUSessions=400,
    sliceSimultaneousUse=SliceSimultaneousUse.SAME_SST,
)


def test_a_full_slice_needs_the_larger_of_its_promises() -> None:
    assert URLLC.expected_active_ues == pytest.approx(60.0)
    assert URLLC.guaranteed_kbps == pytest.approx(60e3)
    assert ServiceProfile(10, DlThpt(50e3)).guaranteed_kbps == 50e3
    assert ServiceProfile(10).guaranteed_kbps == 0.0
    assert ServiceProfile(10).expected_active_ues == 10.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maxNumberofUEs": 0}, "maxNumberofUEs = 0"),
        ({"maxNumberofUEs": 1.5}, r"maxNumberofUEs = 1\.5 is not whole"),
        ({"dLLatency": -1.0}, "dLLatency = -1"),
        ({"uLLatency": float("nan")}, "uLLatency = nan"),
        ({"dLReliability": 100.1, "dLLatency": 1.0}, r"dLReliability = 100\.1"),
        ({"dLReliability": 99.0}, "dLReliability = 99 % has no deadline"),
        ({"availability": 101.0}, "availability = 101"),
        ({"termDensity": -1.0}, "termDensity = -1"),
        ({"activityFactor": 150.0}, "activityFactor = 150"),
        ({"jitter": float("inf")}, "jitter = inf"),
        ({"survivalTime": -3.0}, "survivalTime = -3"),
        ({"uESpeed": -3.0}, "uESpeed = -3"),
        ({"energyEfficiency": -1.0}, "energyEfficiency = -1"),
        ({"energyEfficiency": float("inf")}, "energyEfficiency = inf"),
        ({"maxNumberofPDUSessions": 0}, "maxNumberofPDUSessions = 0"),
        ({"sliceSimultaneousUse": 5}, "sliceSimultaneousUse = 5"),
        (
            {"dLThptPerUE": DlThpt(2e3), "dLThptPerSlice": DlThpt(None, 1e3)},
            r"dLThptPerUE\.guaThpt = 2000 is above dLThptPerSlice\.maxThpt = 1000",
        ),
    ],
)
def test_impossible_promises_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ServiceProfile(**{"maxNumberofUEs": 10, **change})  # type: ignore[arg-type]


def test_a_guarantee_above_the_largest_rate_is_refused() -> None:
    with pytest.raises(ValueError, match=r"guaThpt = 5 is above maxThpt = 4"):
        DlThpt(5.0, 4.0)
    with pytest.raises(ValueError, match=r"DlThpt\.maxThpt = -1"):
        DlThpt(None, -1.0)
