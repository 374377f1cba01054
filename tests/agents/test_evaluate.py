"""Comparisons: what is paired, what counts as feasible, when no score is given, and what is written."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.episodes import Episodes, record_day
from ranrein.agents.evaluate import Setting, Table, best_feasible, evaluate
from ranrein.agents.plots import plot_comparison, plot_day
from ranrein.agents.results import (
    COLUMNS,
    RETURN,
    SHORT,
    Column,
    cells,
    headings,
    markdown,
    shown,
    write_results,
)
from ranrein.agents.seeds import Domain, episode_seeds
from ranrein.agents.shielded import run_shielded
from ranrein.agents.stats import Interval
from ranrein.envs.baselines import AlwaysOn, LoadThreshold
from ranrein.envs.bounds import EnergyBound
from ranrein.envs.energy_saving import EnergySaving
from ranrein.safety.shield import Shield
from ranrein.scripts.tables import print_comparison
from ranrein.twin.params import Params

PNG = b"\x89PNG"
SEEDS = episode_seeds(0, Domain.DEMO, 1, 4)
BOUND = EnergyBound(np.full(4, 280.0), np.full(4, 20.0))
RULE = LoadThreshold(name="rule")


@pytest.fixture(scope="module")
def setting(params: Params, task: EnergySaving) -> Setting:
    return Setting(params, task, SEEDS)


@pytest.fixture(scope="module")
def table(setting: Setting) -> Table:
    return evaluate([RULE], [AlwaysOn()], setting, BOUND)


@pytest.fixture(scope="module")
def shield(params: Params) -> Shield:
    return Shield.of(params, 1.3)


@pytest.fixture(scope="module")
def shielded(setting: Setting, shield: Shield) -> Table:
    return evaluate([RULE], [AlwaysOn()], setting, BOUND, shield=shield)


def made_up(name: str, mean_return: float, violated: int) -> Episodes:
    zeros, n = np.zeros(100), np.arange(100)
    returns = zeros + mean_return
    return Episodes(name, n, returns, zeros, zeros, n < violated, zeros, {}, {})


def test_always_on_saves_nothing_and_scores_zero_as_the_only_baseline(table: Table) -> None:
    row = table.rows[1]
    assert row.is_baseline
    assert row.feasible
    assert (row.saving_pct.low, row.saving_pct.high) == (0.0, 0.0)
    assert (row.score.mean, row.score.low, row.score.high) == (0.0, 0.0, 0.0)


def test_saving_and_gain_agree(table: Table) -> None:
    policy, baseline = table.rows
    spent = policy.energy_kwh.mean - baseline.energy_kwh.mean
    assert policy.energy_gain_kwh.mean == pytest.approx(spent)
    assert policy.saving_pct.mean == pytest.approx(-100 * spent / baseline.energy_kwh.mean)


def test_infeasible_baselines_do_not_set_the_mark() -> None:
    tempting, honest = made_up("tempting", 9.0, violated=2), made_up("honest", 5.0, violated=1)
    assert best_feasible([tempting, honest]) is honest
    assert best_feasible([tempting]) is None


def test_no_score_without_a_bound(setting: Setting) -> None:
    assert evaluate([], [AlwaysOn()], setting).rows[0].score is None


def test_no_gain_without_a_feasible_baseline(setting: Setting) -> None:
    strict = replace(setting, task=EnergySaving(budget=-1.0))
    table = evaluate([RULE], [AlwaysOn()], strict, BOUND)
    assert table.best_baseline is None
    assert table.rows[0].return_gain is None
    assert table.rows[0].score is None


def test_controllers_that_share_a_name_are_refused(setting: Setting) -> None:
    with pytest.raises(ValueError, match="share a name"):
        evaluate([AlwaysOn()], [AlwaysOn()], setting)


def test_bound_of_other_seeds_is_refused(setting: Setting) -> None:
    with pytest.raises(ValueError, match="the bound is for 3 seeds"):
        evaluate([], [AlwaysOn()], setting, EnergyBound(np.zeros(3), np.zeros(3)))


def test_a_policy_behind_the_shield_has_a_row_of_its_own_after_the_bare_one(
    table: Table, shielded: Table
) -> None:
    assert [row.controller for row in shielded.rows] == ["rule", "rule, shielded", "always on"]
    assert (shielded.rows[0], shielded.rows[2]) == table.rows
    assert [row.intervention is None for row in shielded.rows] == [True, False, True]
    assert not shielded.rows[1].is_baseline


def test_the_shielded_row_tells_what_the_shielded_episodes_were(
    shielded: Table, setting: Setting, shield: Shield
) -> None:
    row, run = shielded.rows[1], run_shielded(RULE, shield, setting.task, SEEDS)
    assert row.intervention.mean == pytest.approx(run.intervention.mean())
    assert row.energy_kwh.mean == pytest.approx(run.energy_kwh.mean())
    assert row.violated_share.mean == pytest.approx(run.violated.mean())
    assert row.switches.mean == pytest.approx(run.switches.mean())
    assert min(row.intervention.mean, row.switches.mean) > 0
    assert row.energy_kwh.mean != shielded.rows[0].energy_kwh.mean


def test_interventions_are_shown_where_there_is_a_shield(table: Table, shielded: Table) -> None:
    assert "changed by the shield" not in markdown(table)
    header, _, bare, behind, _ = (line.split(" | ") for line in markdown(shielded).splitlines()[:5])
    assert "changed by the shield, %" in header[-2]
    assert bare[-2] == "-"
    assert behind[-2].startswith(f"{100 * shielded.rows[1].intervention.mean:.1f} [")


@pytest.mark.parametrize("revenue", [None, Interval(0.02, 0.01, 0.03)])
@pytest.mark.parametrize("columns", [SHORT, COLUMNS])
def test_the_return_that_ranks_is_shown_where_no_energy_says_the_same(
    table: Table, columns: tuple[Column, ...], revenue: Interval | None
) -> None:
    assert RETURN not in shown(table, SHORT)
    rows = [replace(row, energy_kwh=None, saving_pct=None, energy_gain_kwh=None) for row in table.rows]
    other = replace(table, rows=tuple(replace(row, revenue_per_s=revenue) for row in rows))
    seen = shown(other, columns)
    assert headings(seen).count("return") == 1
    assert ("revenue per s" in headings(seen)) == (revenue is not None)
    mean, low, high = (f"{getattr(rows[0].episode_return, part):.2f}" for part in ("mean", "low", "high"))
    assert cells(rows[0], seen)[headings(seen).index("return")] == f"{mean} [{low}, {high}]"


def test_no_interval_is_broken_where_the_terminal_is_narrow(
    shielded: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        replace(row, controller=f"{row.controller} of a network with a long name") for row in shielded.rows
    ]
    print_comparison(replace(shielded, rows=tuple(rows)))
    told = capsys.readouterr().out
    cells = [cell.strip() for line in told.splitlines() for cell in line.split("\u2502")]
    intervals = [cell for cell in cells if cell.startswith("[")]
    assert len(intervals) == 5 * len(rows) + 1
    assert all(cell.endswith("]") for cell in intervals)
    assert "\u2026" not in told


def test_progress_is_told_in_order_to_the_end(setting: Setting, shield: Shield) -> None:
    shares: list[float] = []
    evaluate([RULE], [], replace(setting, seeds=SEEDS[:1]), progress=shares.append, shield=shield)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_results_are_written_for_machines_and_people(table: Table, tmp_path: Path) -> None:
    write_results(table, tmp_path)
    data = json.loads((tmp_path / "results.json").read_text())
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (
        [row["controller"] for row in data["rows"]]
        == [row["controller"] for row in rows]
        == ["rule", "always on"]
    )
    assert float(rows[0]["energy_kwh_mean"]) == data["rows"][0]["energy_kwh"]["mean"]
    assert (tmp_path / "results.md").read_text() == markdown(table)


def test_markdown_has_as_many_cells_in_every_row(table: Table) -> None:
    lines = [line for line in markdown(table).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(table.rows)
    assert len({line.count("|") for line in lines}) == 1


def test_plots_are_pictures(table: Table, setting: Setting, tmp_path: Path) -> None:
    plot_comparison(table, tmp_path / "a" / "comparison.png")
    plot_day(record_day(RULE, setting.params, setting.task, SEEDS[0]), tmp_path / "day.png")
    assert (tmp_path / "a" / "comparison.png").read_bytes().startswith(PNG)
    assert (tmp_path / "day.png").read_bytes().startswith(PNG)
