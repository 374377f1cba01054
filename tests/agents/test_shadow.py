"""Shadow runs: what is compared, what is counted, what is refused, and that nothing but reports is used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.sample_log import write_sample_log
from ranrein.agents.shadow.figures import power_figure
from ranrein.agents.shadow.report import write
from ranrein.agents.shadow.shadow import shadow
from ranrein.agents.shadow.step import PROPOSAL, RECORDED, SHIELDED, ShadowStep
from ranrein.agents.shadow.summary import FEWEST_BLOCKS, NOT_ENOUGH, ShadowReport, residual, saving
from ranrein.envs.baselines import AlwaysOn, LoadThreshold
from ranrein.envs.controller import Controller
from ranrein.envs.energy_saving import EnergySaving
from ranrein.network.telemetry import GranularityError, TelemetryError, read_log
from ranrein.safety.shield import Shield
from ranrein.twin.params import Params
from ranrein.twin.reality_gap import reality_gap
from ranrein.twin.sync import Belief

HOURS = 3  # 36 control periods


@pytest.fixture(scope="session")
def twin(params: Params) -> Params:
    """The urban network without lost reports."""
    return Params.of(replace(params.scenario, faults=replace(params.scenario.faults, loss_prob=0.0)))


@pytest.fixture(scope="session")
def same_log(twin: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hours of a network that is what its twin believes."""
    path = tmp_path_factory.mktemp("logs") / "same.jsonl"
    assert write_sample_log(path, twin, HOURS / 24, 5, LoadThreshold()) == 37
    return path


@pytest.fixture(scope="session")
def gap_log(twin: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hours of a network that differs from its twin."""
    path = tmp_path_factory.mktemp("logs") / "gap.jsonl"
    write_sample_log(path, Params.of(reality_gap(twin.scenario)), HOURS / 24, 5, LoadThreshold())
    return path


@pytest.fixture(scope="session")
def run(twin: Params) -> Callable[..., ShadowReport]:
    shield = Shield.of(twin)
    return lambda path, policy=None: shadow(policy or LoadThreshold(), shield, EnergySaving(), read_log(path))


@pytest.fixture(scope="session")
def same(run: Callable[..., ShadowReport], same_log: Path) -> ShadowReport:
    return run(same_log)


@pytest.fixture(scope="session")
def awake(run: Callable[..., ShadowReport], same_log: Path) -> ShadowReport:
    """The log of the threshold rule, with a policy that never lets anything sleep."""
    return run(same_log, AlwaysOn())


def changed(source: Path, target: Path, change: Callable[[list[dict]], list[dict]]) -> Path:
    """Copy a log; ``change`` gets and returns its records."""
    header, *records = [json.loads(line) for line in source.read_text().splitlines()]
    lines = [header, *change(records)]
    target.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return target


def states(step: ShadowStep) -> list[list[int]]:
    return [step.recorded.tolist(), step.proposal.tolist(), step.shielded.tolist()]


def test_a_rule_agrees_entirely_with_its_own_log(same: ShadowReport) -> None:
    assert same.counts.decisions == 36
    assert same.agreement.share.mean == 1.0
    assert same.agreement.share.low < 1.0  # 36 decisions prove no more than that
    assert set(same.agreement.carriers.values()) == {1.0}
    assert int(same.agreement.matrix[4, 4]) > 0  # carriers did sleep
    assert same.saving[PROPOSAL].kwh == 0.0


def test_another_rule_disagrees_carrier_by_carrier(awake: ShadowReport, same: ShadowReport) -> None:
    asleep = np.stack([step.recorded for step in same.steps]) != 0
    share = awake.agreement.carriers
    for cell, name in enumerate(awake.cells):
        if name in share:
            assert share[name] == pytest.approx(1 - asleep[:, cell].mean())
    assert awake.agreement.share.mean == pytest.approx(1 - asleep.any(axis=1).mean())


def test_waking_everything_is_predicted_to_cost_what_a_sleeper_saves(awake: ShadowReport) -> None:
    slept = [step for step in awake.steps if not step.agrees]
    assert slept
    assert all(step.expected[PROPOSAL].power_w > step.expected[RECORDED].power_w for step in slept)
    watts = sum(step.saved_w(PROPOSAL) for step in awake.steps)
    assert awake.saving[PROPOSAL].kwh == pytest.approx(watts * 300 / 3.6e6)
    assert awake.saving[PROPOSAL].kwh < 0


def test_equal_commands_are_predicted_equally_to_the_bit(awake: ShadowReport) -> None:
    for step in awake.steps:
        if step.agrees:
            assert step.expected[PROPOSAL].power_w == step.expected[RECORDED].power_w


def test_a_plant_like_the_twin_is_predicted_better_than_one_with_a_gap(
    run: Callable[..., ShadowReport], twin: Params, same: ShadowReport, tmp_path: Path
) -> None:
    restless = Params.of(reality_gap(twin.scenario, noise_sigma_scale=6.0))
    write_sample_log(tmp_path / "restless.jsonl", restless, HOURS / 24, 5, LoadThreshold())
    gap = run(tmp_path / "restless.jsonl")
    areas = [name for name in same.residuals if name.startswith("traffic of area")]
    error = lambda report: sum(report.residuals[name].mean_absolute for name in areas)  # noqa: E731
    assert error(same) < error(gap)


def test_the_shield_is_given_reports_and_recorded_commands_only(
    run: Callable[..., ShadowReport], same_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Belief, object]] = []
    decide = Shield.decide

    def spy(self: Shield, belief: Belief, proposal: object, memory: object) -> object:
        seen.append((belief, memory))
        return decide(self, belief, proposal, memory)

    monkeypatch.setattr(Shield, "decide", spy)
    run(same_log, AlwaysOn())
    for (belief, memory), record in zip(seen, list(read_log(same_log))[:-1], strict=True):
        assert np.array_equal(belief.kpis.prb_tot_dl, record.kpis.prb_tot_dl)
        in_force = memory.precedent.command.carrier_state
        assert np.array_equal(in_force, record.command.carrier_state)


def test_nothing_is_decided_with_knowledge_of_the_future(
    run: Callable[..., ShadowReport], awake: ShadowReport, same_log: Path, tmp_path: Path
) -> None:
    start = run(changed(same_log, tmp_path / "short.jsonl", lambda records: records[:13]), AlwaysOn())
    assert [states(step) for step in start.steps] == [states(step) for step in awake.steps[:12]]
    assert start.steps[-1].expected[SHIELDED].power_w == awake.steps[11].expected[SHIELDED].power_w


def test_the_same_log_gives_the_same_report(run: Callable[..., ShadowReport], same_log: Path) -> None:
    once, again = run(same_log), run(same_log)
    assert (once.saving, once.residuals, once.worst) == (again.saving, again.residuals, again.worst)


def test_gaps_restart_the_supervisor_and_are_counted(
    run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    path = changed(same_log, tmp_path / "gap.jsonl", lambda records: records[:10] + records[13:20])
    report = run(path)
    assert (report.counts.gaps, report.counts.missing_periods) == (1, 3)
    assert report.counts.decisions == 9 + 6  # none across the gap
    assert report.steps[9].start_s - report.steps[8].start_s == 300.0 * 5
    assert re.search(r'd="M[^"M]*L[^"M]*M[^"M]*L', power_figure(report))  # the line is broken there


def test_lost_and_aged_values_are_counted_and_not_compared(
    run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    def spoil(records: list[dict]) -> list[dict]:
        records[5]["valid"][0], records[5]["age_s"][0] = False, 300.0
        records[6]["age_s"][2] = 300.0
        return records[:8]

    report = run(changed(same_log, tmp_path / "lost.jsonl", spoil))
    assert (report.counts.lost_values, report.counts.aged_values) == (1, 1)
    assert np.isnan(report.steps[4].residuals.load_pct).tolist() == [True, False, False]
    assert np.isnan(report.steps[5].residuals.traffic_mbps).tolist() == [False, True, False]
    assert report.residuals["power"].n == 7 - 2


def test_a_log_coarser_than_the_control_period_is_refused_naming_both(
    run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    path = tmp_path / "coarse.jsonl"
    path.write_text(same_log.read_text().replace('"granularity_s":300.0', '"granularity_s":900.0'))
    with pytest.raises(GranularityError, match=r"granularity_s is 900 s, the control period is 300 s"):
        run(path)


def test_a_finer_log_is_joined_to_control_periods(
    run: Callable[..., ShadowReport], same: ShadowReport, same_log: Path, tmp_path: Path
) -> None:
    def split(records: list[dict]) -> list[dict]:
        for record in records:
            for name in ("DRB.PdcpSduVolumeDL", "DRB.BlockedVolumeDL", "MM.HoExeInterSucc"):
                record["kpis"][name] = [value / 2 for value in record["kpis"][name]]
        return [record | {"t": record["t"] - late} for record in records for late in (150.0, 0.0)]

    path = changed(same_log, tmp_path / "fine.jsonl", split)
    path.write_text(path.read_text().replace('"granularity_s": 300.0', '"granularity_s": 150.0'))
    fine = run(path)
    assert [states(step) for step in fine.steps] == [states(step) for step in same.steps]
    for name, found in same.residuals.items():
        assert fine.residuals[name].quantiles == pytest.approx(found.quantiles, rel=1e-3, abs=1e-3), name


def test_a_log_of_other_cells_names_file_line_field_and_repair(
    run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(same_log.read_text().replace("macro-0-n28", "mast-0-n28", 1))
    with pytest.raises(TelemetryError, match=r"other.jsonl, line 1, cells: found .*name the scenario"):
        run(path)


def test_one_report_alone_is_not_enough(
    run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    with pytest.raises(TelemetryError, match="give at least two"):
        run(changed(same_log, tmp_path / "one.jsonl", lambda records: records[:1]))


@pytest.mark.parametrize(
    ("chance", "words"), [(1.0, "both deterministic"), (None, "does not say how likely")]
)
def test_without_overlap_there_is_no_number(
    chance: float | None, words: str, run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    mark = lambda records: [record | {"propensity": chance} for record in records[:4]]  # noqa: E731
    support = run(changed(same_log, tmp_path / "p.jsonl", mark)).support
    assert (support.verdict, support.overlap) == (NOT_ENOUGH, 0)
    assert words in support.reason


def test_a_stochastic_log_can_be_weighed(
    run: Callable[..., ShadowReport], same_log: Path, tmp_path: Path
) -> None:
    mark = lambda records: [record | {"propensity": 0.25} for record in records[:4]]  # noqa: E731
    support = run(changed(same_log, tmp_path / "p.jsonl", mark)).support
    assert (support.verdict, support.overlap) == ("importance weighting possible", 3)


def test_intervals_come_from_hours_and_need_enough_of_them(same: ShadowReport, awake: ShadowReport) -> None:
    assert awake.saving[PROPOSAL].hours == HOURS
    assert awake.saving[PROPOSAL].kwh_interval is None
    days = [replace(step, start_s=step.start_s + 3600 * HOURS * k) for k in range(3) for step in awake.steps]
    found = saving(days, PROPOSAL, 300.0)
    assert found.hours == 3 * HOURS >= FEWEST_BLOCKS
    assert found.kwh_interval is not None
    assert found.kwh_interval.low < found.kwh == pytest.approx(found.kwh_interval.mean)
    assert found.kwh < found.kwh_interval.high


def test_residual_quantiles_leave_out_what_was_not_reported() -> None:
    found = residual("W", np.array([np.nan, -2.0, 0.0, 2.0, np.nan]))
    assert (found.n, found.mean, found.quantiles[50]) == (3, 0.0, 0.0)
    assert found.mean_absolute == pytest.approx(4 / 3)


def test_the_worst_periods_come_first(same: ShadowReport) -> None:
    assert len(same.worst) == 20
    least = [float((same.steps[i].expected[PROPOSAL].margins / [0.05, 0.05, 0.01]).min()) for i in same.worst]
    assert least == sorted(least)


def test_the_page_opens_without_anything_from_elsewhere(awake: ShadowReport, tmp_path: Path) -> None:
    html = write(awake, tmp_path / "out").read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\"' <]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|<link|<iframe|@import|url\(", html)
    assert html.count("<svg ") == 5
    assert "predicted by the twin, not measured" in html
    assert "not enough support" in html


def test_the_files_say_the_same(awake: ShadowReport, tmp_path: Path) -> None:
    write(awake, tmp_path)
    data = json.loads((tmp_path / "shadow.json").read_text())
    assert data["counts"]["decisions"] == len(data["steps"]) == 36
    assert data["saving"]["proposal"]["label"] == "predicted by the twin, not measured"
    assert "NaN" not in (tmp_path / "shadow.json").read_text()
    assert f"{awake.saving[PROPOSAL].kwh:.2f} kWh" in (tmp_path / "shadow.md").read_text()


def test_a_sample_log_is_never_overwritten(same_log: Path, twin: Params) -> None:
    with pytest.raises(FileExistsError):
        write_sample_log(same_log, twin, 0.01, 0, AlwaysOn())


def test_a_sample_log_is_the_same_for_the_same_seed(twin: Params, tmp_path: Path) -> None:
    policies: list[Controller] = [LoadThreshold(), LoadThreshold()]
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, policy in zip(paths, policies, strict=True):
        write_sample_log(path, twin, 1 / 48, 3, policy)
    assert paths[0].read_bytes() == paths[1].read_bytes()
