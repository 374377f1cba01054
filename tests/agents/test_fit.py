"""A fit of a network with hidden parameters: recovered within the intervals, and worth having on other days."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ranrein.agents.calibrate import demand_factor
from ranrein.agents.config import ConfigError
from ranrein.agents.fit import networks as fit_networks
from ranrein.agents.fit import radio as fit_radio
from ranrein.agents.fit.fit import Fit, FitError, Parameter, calibrate
from ranrein.agents.fit.load import fit_load
from ranrein.agents.fit.predict import Predicted, predict
from ranrein.agents.fit.report import MOST_UNEXPLAINED, SLACK, Subject, is_better, report_data
from ranrein.agents.fit.series import Parts, Series, read_series, split
from ranrein.agents.report import Verdict
from ranrein.agents.sample_log import write_sample_log
from ranrein.envs.baselines import LoadThreshold
from ranrein.envs.catalogue import load_scenario
from ranrein.network.telemetry import TelemetryRecord, read_log
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.fitted import FittedScenario
from ranrein.twin.kpis import Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario
from ranrein.twin.state import begin, open_period

SCALE, WATTS, FIXED, OFFSET_DB = 1.3, 1.4, 1.5, -5.0
NETWORKS, PERIODS = 20, 48


def weak() -> Scenario:
    """Return `tiny` with more users, some indoors, and so little power that rates depend on it."""
    tiny = load_scenario("tiny")
    carriers = {name: replace(c, tx_power_dbm=c.tx_power_dbm - 30.0) for name, c in tiny.carriers.items()}
    users = replace(tiny.users, resident=32, indoor_share=0.5)
    load = replace(tiny.load, noise_sigma=0.1, full_load_mbps=150.0)
    return replace(tiny, carriers=carriers, users=users, load=load)


def hidden(scenario: Scenario) -> Scenario:
    """Return the scenario of a network with more load, hungrier hardware and worse radio."""
    carriers = {
        name: replace(c, tx_power_dbm=c.tx_power_dbm + OFFSET_DB, watts_per_unit=c.watts_per_unit * WATTS)
        for name, c in scenario.carriers.items()
    }
    sites = tuple(replace(site, fixed_power_w=site.fixed_power_w * FIXED) for site in scenario.sites)
    load = replace(scenario.load, scale=SCALE)
    return replace(scenario, carriers=carriers, sites=sites, load=load)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Four days of the hidden network."""
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_sample_log(path, Params.of(hidden(weak())), 4.0, 0, LoadThreshold())
    return split(read_series(read_log(path), Params.of(weak()), 0.0))


@pytest.fixture(scope="module")
def fit(parts: Parts) -> Fit:
    return calibrate(parts, Params.of(weak()), 200.0 * FIXED)


def estimates(fit: Fit) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in fit.parameters}


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("load.scale", SCALE),
        ("fixed power of the sites", 200.0 * FIXED),
        ("carriers.n3.watts_per_unit", 2.5 * WATTS),
        ("carriers.n78.watts_per_unit", 3.6 * WATTS),
        ("radio offset of n3", OFFSET_DB),
        ("radio offset of n78", OFFSET_DB),
    ],
)
def test_hidden_parameters_lie_in_their_intervals(name: str, truth: float, fit: Fit) -> None:
    parameter = estimates(fit)[name]
    assert parameter.estimate.contains(truth), parameter
    assert not parameter.estimate.contains(parameter.believed) or "radio" in name


def test_the_fitted_twin_foretells_other_days_better(fit: Fit) -> None:
    before, after = np.array(fit.believed.rmse), np.array(fit.fitted.rmse)
    assert np.all(after <= SLACK * before)
    assert np.prod(after / before) < 0.3
    assert is_better(fit)


def test_a_fit_that_is_no_better_is_not_called_so(fit: Fit) -> None:
    assert not is_better(replace(fit, believed=fit.fitted, fitted=fit.believed))
    assert not is_better(replace(fit, fitted=fit.believed))


def test_a_fit_that_explains_the_traffic_and_not_the_prb_load_is_not_better(fit: Fit) -> None:
    """Volume in the wrong unit: the traffic fits, and the load is as wrong as before."""
    told = fit.fitted.told_pct
    assert fit.fitted.unexplained < MOST_UNEXPLAINED
    seventh = replace(fit.fitted, load_pct=told * 7 / 8)
    assert seventh.unexplained == pytest.approx(7 / 8)
    assert not is_better(replace(fit, believed=replace(fit.believed, load_pct=told), fitted=seventh))


def test_the_days_that_judge_play_no_part_in_the_fit(parts: Parts, fit: Fit) -> None:
    other = replace(parts, judge=parts.calibrate)
    again = calibrate(other, Params.of(weak()), 200.0 * FIXED)
    assert asdict(again.scenario) == asdict(fit.scenario)
    assert again.growth_margin == fit.growth_margin
    assert again.fitted.rmse != fit.fitted.rmse


def test_the_margin_is_kept_by_as_many_periods_as_it_says(parts: Parts, fit: Fit) -> None:
    found = predict(Params.of(fit.scenario), parts.calibrate.records)
    assert np.mean(found.growth <= fit.growth_margin) >= 0.99
    assert fit.growth_margin <= found.growth.max()


def test_too_few_periods_for_a_margin_are_an_error(parts: Parts) -> None:
    short = replace(parts, calibrate=parts.calibrate.rows(slice(0, 50)))
    with pytest.raises(FitError, match="give more days"):
        calibrate(short, Params.of(weak()), 200.0, radio=False)


def test_the_shield_of_a_fitted_network_has_at_least_its_margin() -> None:
    tiny = load_scenario("tiny")
    plain = {name: getattr(tiny, name) for name in tiny.__dataclass_fields__}
    short = replace(tiny.timing, episode_s=3600.0 * 10)
    fitted = FittedScenario(**(plain | {"timing": short}), growth_margin=1.7)
    factors = [demand_factor(Params.of(s), [1, 2]) for s in (fitted, replace(fitted, growth_margin=1.0))]
    assert factors[0] == 1.7
    assert factors[1] < 1.7


def test_no_margin_is_below_one() -> None:
    tiny = load_scenario("tiny")
    plain = {name: getattr(tiny, name) for name in tiny.__dataclass_fields__}
    with pytest.raises(ValueError, match=r"growth_margin=0\.9"):
        FittedScenario(**plain, growth_margin=0.9)


def test_the_report_says_what_it_was_worth(parts: Parts, fit: Fit) -> None:
    data = report_data(fit, Subject("log", "net", "tiny", "d" * 64, "runs/fit", parts))
    assert data.verdict is Verdict.PASS
    titles = [section.title for section in data.sections]
    assert titles == ["Parameters", "Hours of the day", "Radio", "What the fit is worth"]
    worse = report_data(replace(fit, fitted=fit.believed), Subject("l", "n", "t", "d", "f", parts))
    assert worse.verdict is Verdict.INCONCLUSIVE


def test_a_log_that_begins_anew_after_a_gap_is_predicted_on_both_sides(parts: Parts) -> None:
    records = list(parts.judge.records[:40])
    records[20] = replace(records[20], gap_periods=3)
    found: Predicted = predict(Params.of(weak()), records)
    assert len(found.hour) == 38
    assert len(found.growth) == 36


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulates four hours of fewer networks."""
    monkeypatch.setattr(fit_networks, "MOST_PERIODS", PERIODS)
    monkeypatch.setattr(fit_networks, "MAPS", 4)
    monkeypatch.setattr(fit_networks, "USERS_PER_MAP", 48)


def networks(scenario: Scenario, count: int = NETWORKS, first_seed: int = 100) -> list[Series]:
    """Run four hours of many networks whose capacity carriers sleep every other hour."""
    params = Params.of(replace(scenario, surge=replace(scenario.surge, probability=0.0)))
    state = begin(params, first_seed + np.arange(count), np.zeros(count, np.int64))
    commands, kpis = [], []
    for period in range(PERIODS):
        states = 4 * (period // 12 % 2) * params.is_capacity
        commands.append(Command.of(np.tile(states, (count, 1))))
        open_period(state)
        advance(params, state, commands[-1], params.scenario.timing.steps_per_period)
        kpis.append(measure(params, state))
    return [series_of(kpis, commands, network) for network in range(count)]


def series_of(kpis: list[Kpis], commands: list[Command], network: int) -> Series:
    start, row = datetime(2026, 3, 2, tzinfo=UTC), np.array([network])
    records = tuple(
        TelemetryRecord(k.rows(row), start + timedelta(seconds=float(k.time_s[0])), c.rows(row), None, 0)
        for k, c in zip(kpis, commands, strict=True)
    )
    stack = lambda name: np.concatenate([getattr(r.kpis, name) for r in records]).astype(np.float64)  # noqa: E731
    mbps = stack("volume_dl") / 300_000.0
    everywhere = np.ones(mbps.shape, np.bool_)
    time_s = np.array([float(r.kpis.time_s[0]) for r in records])
    offered, state = mbps + stack("blocked_dl") / 300_000.0, stack("carrier_state").astype(np.int64)
    load, power_w = stack("prb_tot_dl") / 100.0, stack("power")
    return Series(records, time_s, state, everywhere, everywhere, load, mbps, offered, power_w, 0)


@pytest.mark.usefixtures("brief")
def test_intervals_of_the_radio_offset_cover_the_truth_as_often_as_they_say() -> None:
    believed = weak()
    hits, values = 0, []
    for series in networks(hidden(believed)):
        load = fit_load(series, Params.of(believed))
        found = fit_radio.fit_radio(series, replace(believed, load=replace(believed.load, scale=SCALE)), load)
        offset = next(o.offset_db for o in found.offsets if o.kind == "n78")
        hits += offset.contains(OFFSET_DB)
        values.append(offset.value)
    assert hits >= 0.85 * NETWORKS, values
    assert abs(float(np.median(values)) - OFFSET_DB) < 2.5


def two_sites() -> Scenario:
    """Return two weak sites, each with both carriers and a shadowing of its own."""
    one = weak()
    left, right = (replace(one.sites[0], name=n, x_m=x) for n, x in (("left", 60.0), ("right", 140.0)))
    users = replace(one.users, resident=64)
    return replace(one, sites=(left, right), users=users, shadowing=True)


@pytest.mark.usefixtures("brief")
def test_intervals_of_cells_cover_hidden_offsets_as_often_as_they_say() -> None:
    """Six plants, each with shadowing and offsets that the twin does not know."""
    believed, rng = two_sites(), np.random.default_rng(8)
    params = Params.of(believed)
    hits, errors, truths = [], [], []
    for plant in range(6):
        offsets = np.clip(rng.normal(-3.0, 4.0, params.n_cells), -12.0, 8.0)
        hidden_plant = fit_networks.with_offsets(replace(believed, radio_seed=500 + plant), offsets)
        (series,) = networks(hidden_plant, 1, plant)
        found = fit_radio.fit_radio(series, believed, fit_load(series, params)).cells
        assert [cell.cell for cell in found] == [cell.name for cell in params.cells]
        hits += [c.offset_db.contains(o) for c, o in zip(found, offsets, strict=True)]
        errors += [c.offset_db.value - o for c, o in zip(found, offsets, strict=True)]
        truths += offsets.tolist()
    assert 0.85 * len(hits) <= sum(hits), errors
    assert np.sqrt(np.mean(np.square(errors))) < 0.8 * np.sqrt(np.mean(np.square(truths)))


def test_levels_of_the_gain_map_are_offsets_of_the_scenario() -> None:
    """A network at a level of the design has the bits of one whose scenario has that offset."""
    believed = replace(two_sites(), surge=replace(two_sites().surge, probability=0.0))
    (series,) = networks(believed, 1, 3)
    kept, area = np.ones(PERIODS, np.bool_), np.full(2, 20.0)
    level = fit_networks.LEVELS_DB.index(3.0)
    designs = fit_networks.Networks(believed, series, kept, area)
    levels = np.full((2, 4), level)
    here = designs._run_map(np.zeros(4), 0, levels)
    there = designs._run_map(np.full(4, 3.0), 0, np.full((2, 4), fit_networks.LEVELS_DB.index(0.0)))
    np.testing.assert_allclose(here, there, rtol=2e-3, atol=1e-6)


def test_more_patterns_than_columns_for_them_are_an_error(fit: Fit, parts: Parts) -> None:
    one, many = weak(), tuple(f"macro down {tilt}" for tilt in range(1, 19))
    carriers = {name: replace(c, n_elements=8, patterns=many) for name, c in one.carriers.items()}
    with pytest.raises(ConfigError, match="19 broadcast patterns and offsets are fitted to at most 18"):
        fit_radio.fit_radio(parts.fit, replace(one, carriers=carriers), fit.load)


def test_offsets_of_cells_are_those_of_the_sectors_in_order() -> None:
    tuned = fit_networks.with_offsets(two_sites(), np.array([1.0, 2.0, -3.0, 0.5]))
    again = fit_networks.with_offsets(tuned, np.ones(4))
    assert [s.sectors[0].calibration_db for s in again.sites] == [(2.0, 3.0), (-2.0, 1.5)]
    plain, offset = Params.of(two_sites()).gain, Params.of(tuned).gain
    steps = np.array([1.0, 2.0, -3.0, 0.5]) * 64
    np.testing.assert_allclose(offset.astype(int) - plain, np.broadcast_to(steps, plain.shape), atol=1)
