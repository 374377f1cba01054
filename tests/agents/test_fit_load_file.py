"""The law of load from measured series: known laws lie in their intervals, and the fit is kept and judged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from ranrein.agents.config import ConfigError
from ranrein.agents.fit.config import CalibrateConfig
from ranrein.agents.fit.days import HOURS, days_of, fit_site, pooled
from ranrein.agents.fit.file_fit import FileFit, file_body, keep
from ranrein.agents.fit.load_file import fit_load_file
from ranrein.agents.fit.regression import Estimate
from ranrein.agents.load_checks import SiteSeries
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.fit_source import body_digest
from ranrein.envs.scenario_source import scenario_named
from ranrein.twin.fitted import FittedScenario
from ranrein.twin.params import Params
from ranrein.twin.types import F64

DAY = "".join(f"{hour},{1 + hour % 5}\n" for hour in range(24))
MONDAY = datetime(2024, 5, 6)
SIGMA, CORRELATION_S, DAYS, SLOT_MIN = 0.3, 1800.0, 14, 10
WEEKDAY = 1.0 + 0.6 * np.sin(2 * np.pi * (np.arange(HOURS) - 12) / HOURS)
WEEKEND = 1.0 + 0.3 * np.sin(2 * np.pi * (np.arange(HOURS) - 16) / HOURS)
LEVEL = (4.0, 7.0)  # of weekdays and weekends, in the unit of the file


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.of(load_scenario("urban"))


def loads(seed: int, days: int = DAYS, slot_min: int = SLOT_MIN) -> F64:
    """Return averages around 00:00, 00:10, ... of a law with noise in steps of a minute."""
    rng, keep_ = np.random.default_rng(seed), np.exp(-60.0 / CORRELATION_S)
    shocks = rng.normal(size=days * 1440) * SIGMA * np.sqrt(1 - keep_**2)
    shocks[0] /= np.sqrt(1 - keep_**2)
    minute = np.arange(days * 1440) - slot_min // 2
    hour, kind = (minute / 60) % 24, (minute // 1440 % 7 >= 5).astype(int)
    factor = [np.interp(hour, np.arange(25), [*p, p[0]]) for p in (WEEKDAY, WEEKEND)]
    level = np.array(LEVEL)[kind] * np.choose(kind, factor)
    return (level * np.exp(lfilter([1.0], [1.0, -keep_], shocks))).reshape(-1, slot_min).mean(axis=1)


def series_of(values: F64, slot_min: int = SLOT_MIN) -> SiteSeries:
    first_s = (MONDAY - datetime(1970, 1, 1)).total_seconds()
    time_s = first_s + 60.0 * slot_min * np.arange(len(values))
    return SiteSeries("", "load", np.arange(len(values)) + 2, time_s, values, 60.0 * slot_min, ())


def write(folder: Path, values: dict[str, F64], slot_min: int = SLOT_MIN) -> Path:
    path, rows = folder / "days.csv", list[str]()
    for site, series in values.items():
        rows += [f"{MONDAY + timedelta(minutes=slot_min * n)},{x:.12g},{site}" for n, x in enumerate(series)]
    path.write_text("time,load,site\n" + "\n".join(rows) + "\n")
    return path


def fitted(path: Path, params: Params, **settings: object) -> FileFit:
    return fit_load_file(CalibrateConfig(load_file=str(path), **settings), params)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fit(params: Params, tmp_path_factory: pytest.TempPathFactory) -> FileFit:
    """A fit to two weeks of one site."""
    return fitted(write(tmp_path_factory.mktemp("days"), {"a": loads(1)}), params)


def test_intervals_of_a_law_cover_it_as_often_as_they_say(params: Params) -> None:
    plants = 4
    hits = {"sigma": 0, "correlation": 0, "level": 0, "hours": 0}
    for seed in range(plants):
        values = loads(seed)
        law = fit_site(days_of(series_of(values)), params)
        hits["sigma"] += law.noise_sigma.contains(SIGMA)
        hits["correlation"] += law.noise_correlation_s.contains(CORRELATION_S)
        for kind, profile in enumerate((WEEKDAY, WEEKEND)):
            hits["level"] += law.level[kind].mapped(values.mean()).contains(LEVEL[kind])
            hits["hours"] += sum(e.contains(f) for e, f in zip(law.profile[kind], profile, strict=True))
    assert hits["sigma"] >= plants - 1, hits
    assert hits["correlation"] >= plants - 1, hits
    assert hits["level"] >= 2 * plants - 2, hits
    assert hits["hours"] >= 0.9 * 2 * HOURS * plants, hits


def test_hourly_days_give_the_noise_that_their_averages_hide(params: Params) -> None:
    law = fit_site(days_of(series_of(loads(3, slot_min=60), slot_min=60)), params)
    assert law.noise_sigma.value == pytest.approx(SIGMA, rel=0.25)
    assert np.log(law.noise_sigma.high / law.noise_sigma.low) > 0.1


def test_a_week_of_the_scenario_is_the_week_of_the_series(fit: FileFit, params: Params) -> None:
    law, truth = fit.scenario.load, np.array([LEVEL[0] * WEEKDAY] * 5 + [LEVEL[1] * WEEKEND] * 2)
    np.testing.assert_allclose(law.profile[:5], (truth / truth.mean())[:5], rtol=0.4)
    assert np.corrcoef(np.ravel(law.profile), truth.ravel())[0, 1] > 0.9
    assert law.profile[5] == law.profile[6] != law.profile[4]
    assert law.noise_sigma == pytest.approx(SIGMA, rel=0.15)
    assert law.scale == params.scenario.load.scale
    assert "load.scale keeps what was believed" in " ".join(fit.notes)
    assert fit.is_better
    ahead, one, band = fit.worth
    assert ahead.after < 0.8 * ahead.before
    assert one.after < one.before
    assert 88 <= band.after <= 99
    assert fit.growth_scores > 250


def test_each_site_has_its_own_week_and_the_noise_is_theirs_together(params: Params, tmp_path: Path) -> None:
    fit = fitted(write(tmp_path, {"a": loads(1, days=7), "b": 100 * loads(2, days=7)}), params)
    rows = np.array(fit.scenario.load.profile)
    assert rows.shape == (14, HOURS)
    np.testing.assert_allclose([rows[:7].mean(), rows[7:].mean()], 1.0)
    names = {p.name: p.estimate for p in fit.parameters}
    assert names["load of b, day"].value == pytest.approx(100 * names["load of a, day"].value, rel=0.4)
    assert names["load.noise_sigma"] == pooled([names["noise sigma of a"], names["noise sigma of b"]])


@pytest.mark.parametrize("most", [22.25, 1.001])
def test_a_share_above_one_is_refused_with_its_line(most: float, params: Params, tmp_path: Path) -> None:
    values = loads(5, days=5, slot_min=60)
    values *= most / values.max()
    line = 2 + int(np.argmax(values > 1))
    path = write(tmp_path, {"a": values}, slot_min=60)
    value = f"{values[line - 2]:.6g} of site 'a'"
    found = rf"days\.csv, line {line}: load = {value} is above 1; write shares.*load_unit=mbps"
    with pytest.raises(ConfigError, match=found):
        fitted(path, params, load_unit="share")


@pytest.mark.parametrize("unit", ["mbps", "share"])
def test_a_unit_gives_the_scale(unit: str, params: Params, tmp_path: Path) -> None:
    load = params.scenario.load
    to_share = load.full_load_mbps if unit == "mbps" else 1.0
    mean = (5 * LEVEL[0] + 2 * LEVEL[1]) / 7
    quartiles = np.array(load.station_load_quantiles)
    truth = 1.3
    values = loads(5, days=7) / mean * truth * float(quartiles @ [0.25, 0.5, 0.25]) * to_share
    scale = fitted(write(tmp_path, {"a": values}), params, load_unit=unit).parameters[0]
    assert scale.name == "load.scale"
    assert scale.estimate.value == pytest.approx(truth, rel=0.2)
    assert scale.estimate.low < 0.8 * truth < truth < scale.estimate.high


def test_the_days_that_judge_play_no_part_in_the_fit(params: Params, tmp_path: Path) -> None:
    values = loads(1, days=6)
    other = values.copy()
    other[-144:] = values[-288:-144]
    first, second = (fitted(write(tmp_path, {"a": v}), params) for v in (values, other))
    np.testing.assert_allclose(first.scenario.load.profile, second.scenario.load.profile, rtol=1e-9)
    assert first.worth[0].after != second.worth[0].after


def test_a_law_that_is_no_better_is_not_called_so(fit: FileFit) -> None:
    swapped = [type(w)(w.measure, w.unit, w.after, w.before, w.counts) for w in fit.worth]
    assert not replace(fit, worth=tuple(swapped)).is_better


def test_the_fit_is_kept_under_its_digest_and_taken_as_a_scenario(
    fit: FileFit, params: Params, tmp_path: Path
) -> None:
    kept = keep(fit, params, str(tmp_path / "fit"))
    data = json.loads((kept.folder / "fit.json").read_text())
    assert data["digest"] == kept.digest == body_digest(data["body"]) == body_digest(file_body(fit, params))
    scenario = scenario_named(f"fit:{kept.folder}")
    assert isinstance(scenario, FittedScenario)
    assert scenario.load == fit.scenario.load
    assert scenario.growth_margin == fit.growth_margin >= 1.0
    assert "noise_sigma" in (kept.folder / "fit.html").read_text()
    assert keep(fit, params, str(kept.folder)).digest == kept.digest
    on_top = keep(replace(fit, scenario=scenario), Params.of(scenario), str(tmp_path / "on"))
    assert scenario_named(f"fit:{on_top.folder}").load == scenario.load


def test_the_page_shows_no_margin_where_there_is_none(fit: FileFit, params: Params, tmp_path: Path) -> None:
    for margin, shown in ((1.0, "none; the shield takes that of its own episodes"), (1.4, "1.400")):
        kept = keep(replace(fit, growth_margin=margin), params, str(tmp_path / shown[:3]))
        page = (kept.folder / "fit.html").read_text()
        assert kept.fit.margin_text == shown
        assert shown in page
        assert ("1.000" in page[page.index("growth margin") :][:100]) is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "hour,load\n" + DAY,
            "line 1: column 'hour' makes one typical day",
        ),
        ("time,load\n", "no lines below it"),
    ],
)
def test_a_file_that_cannot_be_fitted_is_named(text: str, words: str, params: Params, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        fitted(path, params)


def test_too_few_days_are_named(params: Params, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"days\.csv: field time: 3 days of site 'a'; a fit needs 4 whole days"
    ):
        fitted(write(tmp_path, {"a": loads(1, days=3)}), params)


def test_pooled_estimates_lie_nearer_to_the_surer_one() -> None:
    sure, vague = Estimate(2.0, 1.9, 2.1), Estimate(4.0, 2.0, 8.0)
    found = pooled([sure, vague])
    assert 2.0 < found.value < 2.1
    assert found.high - found.low < sure.high - sure.low
    assert pooled([sure]).value == pytest.approx(2.0)


def test_measured_cells_are_foretold_better(params: Params, reference_data: Path) -> None:
    fit = fitted(reference_data / "traffic" / "barcelona_lte_10min.csv", params, load_column="dl_mbps")
    assert fit.is_better
    assert len(fit.scenario.load.profile) == 14
    sigma = next(p for p in fit.parameters if p.name == "load.noise_sigma")
    assert not sigma.estimate.contains(sigma.believed)
    assert 85 <= fit.worth[2].after <= 99
    assert fit.worth[2].before < 60
