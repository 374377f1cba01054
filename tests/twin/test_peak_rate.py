"""Peak rates of TS 38.306 clause 4.1.2."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ranrein.twin.link import N_PRB
from ranrein.twin.link import peak_rate_mbps as one_carrier_mbps
from ranrein.twin.peak_rate import ComponentCarrier, peak_rate_mbps

WIDE = ComponentCarrier(n_prb=273, scs_khz=30, layers=4, modulation_order=8)


@pytest.mark.parametrize(
    ("carrier", "expected_mbps"),
    [
        (WIDE, 2337.0),
        (replace(WIDE, scaling_factor=0.75), 0.75 * 2337.0),
        # 12 * 273 * 28000 symbols, 2 layers, 6 bits, rate 948/1024, 8 % overhead
        (
            replace(WIDE, direction="UL", layers=2, modulation_order=6),
            12 * 273 * 0.028 * 12 * 0.92578125 * 0.92,
        ),
        # 12 * 66 * 112000 symbols, 2 layers, 6 bits, 18 % overhead
        (
            ComponentCarrier(66, 120, 2, 6, frequency_range="FR2"),
            12 * 66 * 0.112 * 12 * 0.92578125 * 0.82,
        ),
        (
            ComponentCarrier(66, 120, 1, 6, direction="UL", frequency_range="FR2"),
            12 * 66 * 0.112 * 6 * 0.92578125 * 0.90,
        ),
        (replace(WIDE, duty_frac=0.74), 0.74 * 2337.0),
    ],
)
def test_peak_rate_of_a_carrier(carrier: ComponentCarrier, expected_mbps: float) -> None:
    assert carrier.peak_rate_mbps == pytest.approx(expected_mbps, rel=2.5e-4)


def test_the_headline_rate_is_exact() -> None:
    assert WIDE.peak_rate_mbps == pytest.approx(
        1e-6 * 4 * 8 * (948 / 1024) * 12 * 273 * 28e3 * 0.86, rel=1e-15
    )
    assert round(WIDE.peak_rate_mbps) == 2337


def test_it_agrees_with_the_link_model_on_every_carrier() -> None:
    for (_, scs_khz), prbs in N_PRB.items():
        carrier = ComponentCarrier(prbs, scs_khz, 2, 8)
        assert carrier.peak_rate_mbps == pytest.approx(one_carrier_mbps(prbs, scs_khz, 2, 8), rel=1e-12)


def test_carriers_add_up_and_directions_do_not_mix() -> None:
    other = ComponentCarrier(106, 15, 2, 8)
    assert peak_rate_mbps([WIDE, other]) == pytest.approx(WIDE.peak_rate_mbps + other.peak_rate_mbps)
    assert peak_rate_mbps([]) == 0.0
    with pytest.raises(ValueError, match="mix DL and UL"):
        peak_rate_mbps([WIDE, replace(WIDE, direction="UL")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_prb": 0}, "n_prb = 0"),
        ({"scs_khz": 45}, "scs_khz = 45"),
        ({"layers": 9}, "layers = 9"),
        ({"layers": 8, "direction": "UL"}, "layers = 8"),
        ({"modulation_order": 5}, "modulation_order = 5"),
        ({"scaling_factor": 0.5}, r"scaling_factor = 0\.5"),
        ({"direction": "SL"}, 'direction "SL"'),
        ({"frequency_range": "FR3"}, 'frequency_range "FR3"'),
        ({"duty_frac": float("nan")}, "duty_frac = nan"),
    ],
)
def test_what_the_clause_does_not_know_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(WIDE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_prb", [0, 276, 10.5, float("nan"), float("inf")])
def test_a_carrier_has_as_many_blocks_as_there_are(n_prb: float) -> None:
    with pytest.raises(ValueError, match=r"n_prb = .* give 1 to 275"):
        ComponentCarrier(n_prb, 30, 4, 8)  # type: ignore[arg-type]
