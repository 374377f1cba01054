"""TR 38.864 clause 5.1: tables, power vectors, transitions and SSB-limited idle power."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ranrein.twin.link import N_PRB
from ranrein.twin.power import (
    break_even_gap_s,
    idle_power_rel,
    power_levels,
    relative_power_dl,
    relative_power_ul,
    transition,
    watt_scale,
)

DATA = Path(__file__).parents[1] / "data"


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_power_levels_are_those_of_the_table() -> None:
    rows = _rows("tr38864_relative_power.csv")
    assert len(rows) == 6
    for row in rows:
        levels = power_levels(int(row["bs_category"]), int(row["ref_set"]))
        got = (levels.deep, levels.light, levels.micro, levels.downlink, levels.uplink)
        assert got == tuple(float(value) for key, value in row.items() if key.startswith("p"))


def test_transitions_are_those_of_the_table() -> None:
    for row in _rows("tr38864_transitions.csv"):
        got = transition(int(row["bs_category"]), row["state"].removesuffix("_sleep"))
        assert got == (float(row["total_transition_time_s"]), float(row["additional_energy_relpower_ms"]))


def test_power_follows_the_reference_vectors() -> None:
    """The vectors carry six decimals, so the power is rounded to them before it must agree within 1e-9."""
    rows = _rows("tr38864_power_vectors.csv")
    assert len(rows) >= 50
    for row in rows:
        station = int(row["bs_category"]), int(row["ref_set"])
        s_a, s_f, s_p = (float(row[name]) for name in ("s_a", "s_f", "s_p"))
        downlink = float(relative_power_dl(*station, s_a, s_f, s_p, row["eta_mode"]))
        assert round(downlink, 6) == pytest.approx(float(row["p_dl_rel"]), abs=1e-9), row
        assert round(float(relative_power_ul(*station, s_a)), 6) == pytest.approx(
            float(row["p_ul_rel"]), abs=1e-9
        )


def test_dual_efficiency_applies_strictly_below_half_output() -> None:
    below, at = relative_power_dl(1, 1, 1.0, [0.4, 0.5], 1.0, "dual")
    assert below == pytest.approx(55.0 + 225.0 * (0.4 + 0.6 * 0.4 / 0.76), abs=1e-9)
    assert at == pytest.approx(212.5, abs=1e-9)


def test_power_broadcasts_and_never_falls_with_the_load() -> None:
    load = np.linspace(0.0, 1.0, 11)
    power = relative_power_dl(1, 2, np.array([[0.5], [1.0]]), load, 1.0)
    assert power.shape == (2, 11)
    assert np.all(np.diff(power, axis=1) > 0.0)
    assert np.all(power[1] > power[0])


@pytest.mark.parametrize(
    ("depth", "period_ms", "expected"), [("micro", 20.0, 60.7), ("light", 20.0, 38.2), ("deep", 160.0, 8.6)]
)
def test_idle_power_with_eight_ssb_beams(depth: str, period_ms: float, expected: float) -> None:
    assert idle_power_rel(1, 1, depth, ssb_period_ms=period_ms) == pytest.approx(expected, abs=0.05)


def test_idle_power_without_beams_and_sleep_is_the_micro_level() -> None:
    assert idle_power_rel(1, 1, "micro", ssb_symbols_per_burst=0) == pytest.approx(55.0)


def test_idle_power_rises_with_the_number_of_beams() -> None:
    powers = [idle_power_rel(1, 1, "light", ssb_symbols_per_burst=symbols) for symbols in (4, 8, 16, 32)]
    assert powers == sorted(powers)


@pytest.mark.parametrize(
    ("category", "deeper", "shallower", "gap_s"),
    [
        (1, "light", "micro", 0.003),
        (1, "deep", "light", 910 / 24e3),
        (2, "light", "micro", 0.320),
        (2, "deep", "light", 15912 / 1.1e3),
    ],
)
def test_break_even_gaps(category: int, deeper: str, shallower: str, gap_s: float) -> None:
    assert break_even_gap_s(category, 1, deeper, shallower) == pytest.approx(gap_s, abs=1e-9)


@pytest.mark.parametrize("category", [1, 2])
@pytest.mark.parametrize("reference_set", [1, 2, 3])
@pytest.mark.parametrize(("deeper", "shallower"), [("light", "micro"), ("deep", "light"), ("deep", "micro")])
def test_sleeping_deeper_pays_from_the_break_even_gap_on(
    category: int, reference_set: int, deeper: str, shallower: str
) -> None:
    levels = power_levels(category, reference_set)

    def energy(depth: str, gap_ms: float) -> float:
        return levels.idle(depth) * gap_ms + transition(category, depth)[1]

    gap_ms = 1e3 * break_even_gap_s(category, reference_set, deeper, shallower)
    assert energy(deeper, gap_ms) == pytest.approx(energy(shallower, gap_ms), rel=1e-12)
    assert energy(deeper, 1.01 * gap_ms) < energy(shallower, 1.01 * gap_ms)
    assert energy(deeper, 0.99 * gap_ms) > energy(shallower, 0.99 * gap_ms)


def test_the_gap_must_also_hold_the_transition() -> None:
    """Break-even 3 ms needs 6, 38 ms needs 50; category 2: 320 ms needs 640, deep sleep 14.5 s holds its 10 s."""
    assert [1e3 * transition(1, depth)[0] for depth in ("light", "deep")] == [6.0, 50.0]
    assert [transition(2, depth)[0] for depth in ("light", "deep")] == [0.64, 10.0]
    assert break_even_gap_s(1, 1, "deep", "light") == pytest.approx(0.038, abs=5e-4)
    assert break_even_gap_s(2, 1, "deep", "light") == pytest.approx(14.5, abs=0.05)


@pytest.mark.parametrize(("depth", "needed_ms"), [("light", 640.0), ("deep", 10_000.0)])
def test_category_2_cannot_sleep_between_ordinary_bursts(depth: str, needed_ms: float) -> None:
    with pytest.raises(ValueError, match=f"{needed_ms:g} ms transition to {depth}"):
        idle_power_rel(2, 1, depth, ssb_period_ms=160.0)
    period_ms = 2.0 * needed_ms
    assert idle_power_rel(2, 1, depth, ssb_period_ms=period_ms) < idle_power_rel(
        2, 1, "micro", ssb_period_ms=period_ms
    )


def test_reference_sets_are_those_of_the_study() -> None:
    for row in _rows("tr38864_reference_configs.csv"):
        carrier = N_PRB[int(row["bandwidth_mhz"]), int(row["scs_khz"])]
        explicit = idle_power_rel(1, int(row["ref_set"]), "micro", s_f_ssb=20.0 / carrier)
        assert explicit == idle_power_rel(1, int(row["ref_set"]), "micro")


def test_watts_follow_a_stated_fixed_share() -> None:
    idle = idle_power_rel(1, 1, "micro")
    scale = watt_scale(1000.0, 0.45, 280.0, idle)
    assert scale.watts(280.0) == pytest.approx(1000.0)
    assert scale.watts(idle) == pytest.approx(450.0)
    assert scale.fixed_w == pytest.approx(1000.0 - 280.0 * 550.0 / (280.0 - idle))
    assert scale.watts(1.0) < scale.watts(25.0) < scale.watts(idle)
    assert watt_scale(1000.0, 0.5, 280.0, 140.0).fixed_w == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("full_w", "share", "full_rel", "idle_rel"),
    [
        (1000.0, 0.1, 280.0, 60.7),  # less than the relative model itself keeps at no load
        (1000.0, 1.0, 280.0, 60.7),
        (0.0, 0.5, 280.0, 60.7),
        (1000.0, 0.5, 50.0, 60.7),
        (1000.0, float("nan"), 280.0, 60.7),
    ],
)
def test_a_share_that_no_scale_fits_is_refused(
    full_w: float, share: float, full_rel: float, idle_rel: float
) -> None:
    with pytest.raises(ValueError, match="give positive watts"):
        watt_scale(full_w, share, full_rel, idle_rel)
    with pytest.raises(ValueError, match="relative = -1"):
        watt_scale(1000.0, 0.5, 280.0, 60.7).watts(-1.0)


def test_both_states_take_equal_energy_at_the_break_even_gap() -> None:
    levels, gap_ms = power_levels(1, 2), 1e3 * break_even_gap_s(1, 2, "deep", "micro")
    assert levels.deep * gap_ms + transition(1, "deep")[1] == pytest.approx(levels.micro * gap_ms)


def test_a_gap_too_short_for_the_transition_is_refused() -> None:
    with pytest.raises(
        ValueError, match="18 ms between SSB bursts cannot hold the 50 ms transition to deep sleep"
    ):
        idle_power_rel(1, 1, "deep")


def test_unknown_stations_states_and_ratios_are_refused() -> None:
    with pytest.raises(ValueError, match="category 3, reference set 1"):
        relative_power_dl(3, 1, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="s_f = nan"):
        relative_power_dl(1, 1, 1.0, float("nan"), 1.0)
    with pytest.raises(ValueError, match='eta_mode "triple"'):
        relative_power_dl(1, 1, 1.0, 1.0, 1.0, "triple")
    with pytest.raises(ValueError, match='no sleep state "nap"'):
        transition(1, "nap")
    with pytest.raises(ValueError, match='"micro" is not deeper than "light"'):
        break_even_gap_s(1, 1, "micro", "light")


@pytest.mark.parametrize("symbols", [-5, 4.5, float("nan"), float("inf")])
def test_a_count_of_symbols_that_is_none_is_refused(symbols: float) -> None:
    with pytest.raises(ValueError, match=r"ssb_symbols_per_burst = .* 4 for each SSB beam"):
        idle_power_rel(1, 1, "micro", symbols)  # type: ignore[arg-type]
