"""Power against load from a file: known laws are found, published ones too, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.config import ConfigError
from ranrein.agents.fit.config import CalibrateConfig
from ranrein.agents.fit.file_fit import keep
from ranrein.agents.fit.power_file import PowerFile, power_fit
from ranrein.agents.power_file import UnitPower, fit_power_file
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.params import Params

PUBLISHED_IDLE_SHARE = (0.25, 0.61)  # of ITU 2023 products with more than 800 h, see the fits beside the data


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.of(load_scenario("urban"))


def fitted(text: str, params: Params, folder: Path, **settings: object) -> tuple[UnitPower, ...]:
    file = folder / "power.csv"
    file.write_text(text)
    return fit_power_file(CalibrateConfig(power_file=str(file), **({"carrier": "n78"} | settings)), params)  # type: ignore[arg-type]


def test_a_law_without_noise_is_found(params: Params, tmp_path: Path) -> None:
    cell = [c.name for c in params.cells].index("macro-0-n78")
    idle, slope = (float(table[cell, 0]) / 3.6 for table in (params.arrays.idle_w, params.arrays.slope_w))
    rows = "".join(f"{load},{100 + 5 * (idle + load * slope)}\n" for load in np.linspace(0, 1, 11))
    (found,) = fitted("load,power\n" + rows, params, tmp_path)
    assert found.extra.value == pytest.approx(100.0)
    assert found.watts_per_unit.value == pytest.approx(5.0)
    share = (100 + 5 * idle) / (100 + 5 * (idle + slope))
    assert found.idle_share.value == pytest.approx(share)
    assert found.r2 == pytest.approx(1.0)


def test_the_interval_of_the_idle_share_covers_the_truth(params: Params, tmp_path: Path) -> None:
    hits, load = 0, np.linspace(0.0, 1.0, 21)
    for seed in range(40):
        power = (40 + 60 * load) * (1 + 0.05 * np.random.default_rng(seed).normal(size=21))
        rows = "".join(f"{x},{y}\n" for x, y in zip(load, power, strict=True))
        hits += fitted("load,power\n" + rows, params, tmp_path)[0].idle_share.contains(0.4)
    assert hits >= 34


def test_measured_radio_units_lie_within_what_was_published(params: Params, reference_data: Path) -> None:
    found = fit_power_file(
        CalibrateConfig(
            power_file=str(reference_data / "energy" / "itu_energy_vs_load_binned.csv"),
            carrier="n78",
            load_column="load_bin",
            power_column="energy_mean_norm",
            weight_column="n_hours",
            group_columns=("RUType", "Antennas"),
        ),
        params,
    )
    shares = {unit.group: unit.idle_share for unit in found}
    low, high = PUBLISHED_IDLE_SHARE
    for group in ("Type2 2", "Type2 4", "Type3 2", "Type3 4", "Type4 1", "Type4 2", "Type6 2"):
        assert low <= shares[group].value <= high, group
    assert shares["Type4 2"].value == pytest.approx(0.3694, abs=0.02)
    assert shares["Type2 2"].contains(0.4212)
    assert shares["Type2 4"].contains(0.2528)


def law_of(params: Params, watts: float, extra: float) -> str:
    """Return lines of a radio unit of n78 with a little noise."""
    cell = [c.name for c in params.cells].index("macro-0-n78")
    idle, slope = (float(table[cell, 0]) / 3.6 for table in (params.arrays.idle_w, params.arrays.slope_w))
    rng = np.random.default_rng(3)
    rows = (
        f"{x},{extra + watts * (idle + x * slope) * (1 + 0.01 * rng.normal())}\n"
        for x in np.linspace(0, 1, 21)
    )
    return "load,power\n" + "".join(rows)


def power_of(text: str, params: Params, folder: Path, **settings: object) -> PowerFile:
    file = folder / "power.csv"
    file.write_text(text)
    return power_fit(CalibrateConfig(power_file=str(file), **({"carrier": "n78"} | settings)), params)  # type: ignore[arg-type]


def test_a_fit_is_kept_that_is_worth_something_on_lines_left_out(params: Params, tmp_path: Path) -> None:
    fit = power_of(law_of(params, 5.0, 40.0), params, tmp_path).fit
    assert fit is not None
    watts, extra = (p.estimate for p in fit.parameters[:2])
    assert watts.contains(5.0)
    assert extra.contains(40.0)
    assert fit.is_better
    assert fit.worth[0].after < 0.1 * fit.worth[0].before
    kept = keep(fit, params, str(tmp_path / "fit"))
    found, base = scenario_named(f"fit:{kept.folder}"), params.scenario
    assert found.carriers["n78"].watts_per_unit == watts.value
    assert found.carriers["n28"] == base.carriers["n28"]
    added = [a.fixed_power_w - b.fixed_power_w for a, b in zip(found.sites, base.sites, strict=True)]
    assert added == pytest.approx(
        [extra.value * sum("n78" in s.carriers for s in site.sectors) for site in base.sites]
    )
    assert any(added)


def test_the_unit_of_the_column_scales_the_watts(params: Params, tmp_path: Path) -> None:
    once, ten = (
        power_of(law_of(params, 0.5, 4.0), params, tmp_path, power_unit_w=unit).fit for unit in (10.0, 20.0)
    )
    assert once is not None
    assert ten is not None
    assert once.parameters[0].estimate.contains(5.0)
    assert ten.parameters[0].estimate.value == pytest.approx(2 * once.parameters[0].estimate.value)


def test_of_several_groups_the_named_one_is_kept(params: Params, tmp_path: Path) -> None:
    lines = law_of(params, 5.0, 0.0).splitlines()[1:]
    text = "load,power,kind\n" + "".join(f"{line},{kind}\n" for kind in ("old", "new") for line in lines)
    groups = {"group_columns": ("kind",)}
    assert power_of(text, params, tmp_path, **groups).fit is None
    named = power_of(text, params, tmp_path, power_group="new", **groups)
    assert len(named.units) == 2
    assert named.fit is not None
    assert named.fit.source["group"] == "new"
    with pytest.raises(ConfigError, match="power_group='nwe' is no group of the file; did you mean 'new'"):
        power_of(text, params, tmp_path, power_group="nwe", **groups)


def test_power_in_another_unit_is_named(params: Params, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"power of 'all' makes .* W per unit of TR 38\.864; .*give power_unit_w"
    ):
        power_of(law_of(params, 0.005, 0.04), params, tmp_path)


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("", {}, "is empty"),
        ("load,power\n", {}, "no lines below"),
        ("load,power\n0.1,5\n0.2,x\n", {}, "line 3: power = 'x' is no number"),
        ("load,power\n0.1,5\n0.2,-1\n", {}, "line 3: power = '-1'; write zero or more"),
        ("load,power\n0.1,5\n0.2,nan\n", {}, "line 3: power = 'nan'"),
        ("load,power\n10,5\n20,6\n", {}, "line 2: load = 10 is above 1; write shares, not percent"),
        ("lod,power\n0.1,5\n", {}, "lack 'load'; did you mean 'lod'"),
        ("load,power\n0.1,5\n0.2,6\n", {}, "none of 1 groups has 4 lines"),
        ("load,power\n0.1,5\n", {"carrier": "n79"}, "carrier='n79'.*did you mean 'n78'"),
        ("load,power\n0.1,5\n", {"carrier": None}, "carrier=None"),
    ],
)
def test_what_is_wrong_is_named(
    text: str, settings: dict[str, object], words: str, params: Params, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        fitted(text, params, tmp_path, **settings)


def test_a_file_that_is_not_there_is_named(params: Params) -> None:
    with pytest.raises(ConfigError, match="give a readable CSV"):
        fit_power_file(CalibrateConfig(power_file="nowhere.csv", carrier="n78"), params)
