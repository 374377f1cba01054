"""RRM policy ratios: the law of sharing resource blocks, and blocks per admission."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from ranrein.twin.rrm_policy import RRMPolicyRatio, policy_ratios, prb_per_admission, share_prbs


@st.composite
def cells(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """Need, min, max and dedicated shares of 1 to 5 slices."""
    count = draw(st.integers(1, 5))
    unit = st.floats(0.0, 1.0)
    raw = np.array([draw(unit) for _ in range(count)])
    least = raw / max(raw.sum(), 1.0)
    most = least + np.array([draw(unit) for _ in range(count)]) * (1.0 - least)
    dedicated = least * np.array([draw(unit) for _ in range(count)])
    need = np.array([draw(st.one_of(st.just(0.0), st.floats(0.0, 3.0))) for _ in range(count)])
    return need, least, np.minimum(most, 1.0), dedicated


@given(cells())
@settings(max_examples=300)
def test_the_properties_of_the_law(cell: tuple[np.ndarray, ...]) -> None:
    need, least, most, dedicated = cell
    given_share = share_prbs(need, least, most, dedicated)
    assert np.all(given_share >= 0.0)
    assert given_share.sum() <= 1.0 + 1e-12
    assert np.all(given_share <= np.minimum(need, most))
    assert np.all(given_share >= np.minimum(need, least) - 1e-15)
    idle = 1.0 - np.maximum(given_share, dedicated).sum()
    unmet = np.minimum(need, most) - given_share
    assert idle <= 1e-9 or unmet.max() <= 1e-9  # work conserving except for what is dedicated


@pytest.mark.parametrize(
    ("need", "least", "most", "dedicated", "expected"),
    [
        # enough for everybody
        ([0.2, 0.3], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.2, 0.3]),
        # shared in proportion to the need
        ([3.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.75, 0.25]),
        # a minimum is lent out while unused ...
        ([2.0, 0.1], [0.0, 0.5], [1.0, 1.0], [0.0, 0.0], [0.9, 0.1]),
        # ... and a dedicated share is not
        ([2.0, 0.1], [0.0, 0.5], [1.0, 1.0], [0.0, 0.5], [0.5, 0.1]),
        # minima first, then unmet need: 0.4 left to 1.7 and 0.8 unmet
        ([2.0, 1.1], [0.3, 0.3], [1.0, 1.0], [0.0, 0.0], [0.3 + 0.4 * 1.7 / 2.5, 0.3 + 0.4 * 0.8 / 2.5]),
        # the cap of the first leaves more to the second
        ([2.0, 1.0], [0.0, 0.0], [0.1, 1.0], [0.0, 0.0], [0.1, 0.9]),
        ([0.0, 0.0], [0.5, 0.5], [1.0, 1.0], [0.2, 0.2], [0.0, 0.0]),
    ],
)
def test_shares_by_hand(
    need: list[float], least: list[float], most: list[float], dedicated: list[float], expected: list[float]
) -> None:
    np.testing.assert_allclose(share_prbs(need, least, most, dedicated), expected, rtol=1e-12, atol=1e-15)


def test_cells_do_not_influence_each_other() -> None:
    rng = np.random.default_rng(1)
    need = rng.random((4, 6, 3)) * 2.0
    least, most, dedicated = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 1.0]), np.array([0.1, 0.0, 0.1])
    together = share_prbs(need, least, most, dedicated)
    assert together.shape == need.shape
    for index in np.ndindex(4, 6):
        np.testing.assert_array_equal(together[index], share_prbs(need[index], least, most, dedicated))


def test_ratios_come_from_policies_in_percent() -> None:
    least, most, dedicated = policy_ratios(
        [RRMPolicyRatio("PRB", 80.0, 20.0, 10.0), RRMPolicyRatio(rRMPolicyMinRatio=30.0)]
    )
    assert (least.tolist(), most.tolist(), dedicated.tolist()) == ([0.2, 0.3], [0.8, 1.0], [0.1, 0.0])


def test_impossible_policies_are_refused() -> None:
    with pytest.raises(ValueError, match='"PRBDL" is unknown: did you mean "PRB_DL"'):
        RRMPolicyRatio("PRBDL")
    for values in ((50.0, 60.0, 0.0), (100.0, 10.0, 20.0), (101.0, 0.0, 0.0), (float("nan"), 0.0, 0.0)):
        with pytest.raises(ValueError, match="order them"):
            RRMPolicyRatio("PRB", *values)
    with pytest.raises(ValueError, match="mix resource types"):
        policy_ratios([RRMPolicyRatio("PRB"), RRMPolicyRatio("DRB")])
    with pytest.raises(ValueError, match="add up to 120 %"):
        policy_ratios([RRMPolicyRatio(rRMPolicyMinRatio=60.0)] * 2)
    with pytest.raises(ValueError, match="add up to 120 %"):
        share_prbs([0.0, 0.0], 0.6, 1.0, 0.0)
    with pytest.raises(ValueError, match="out of order"):
        share_prbs([0.0], 0.5, 0.4, 0.0)
    with pytest.raises(ValueError, match="need = nan"):
        share_prbs([float("nan")], 0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match=r"max_ratio = 1\.2"):
        share_prbs([0.0], 0.0, 1.2, 0.0)


def test_blocks_per_admission() -> None:
    assert prb_per_admission(1.0, 2.0, overhead=0.0) == pytest.approx(1e6 / 360e3)
    assert prb_per_admission(10.0, 5.0) == pytest.approx(10e6 / (5.0 * 180e3 * 0.86))
    assert prb_per_admission(10.0, 5.0, layers=2.0) == pytest.approx(5e6 / (5.0 * 180e3 * 0.86))
    np.testing.assert_array_equal(prb_per_admission([0.0, 1.0], 0.0), [0.0, np.inf])
    with pytest.raises(ValueError, match="rate_mbps = -1"):
        prb_per_admission(-1.0, 2.0)
    with pytest.raises(ValueError, match=r"overhead = 1\.0"):
        prb_per_admission(1.0, 2.0, overhead=1.0)
