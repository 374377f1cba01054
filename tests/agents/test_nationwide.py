"""Many clusters add up to the same, however they are run, and an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ranrein.agents import nationwide as job
from ranrein.agents.config import ConfigError
from ranrein.agents.nationwide import LINES, SUMMARY, Summary, run_nationwide, summarise
from ranrein.agents.nationwide_cluster import ClusterResult, run_cluster
from ranrein.agents.nationwide_config import NationwideConfig
from ranrein.envs.synthetic import nationwide

FEW = NationwideConfig(clusters=3, periods=12, workers=1)


def run(folder: Path, **changes: Any) -> Summary:
    return run_nationwide(replace(FEW, out=str(folder), **changes), lambda *_: None)


@pytest.fixture(scope="module", autouse=True)
def small_country() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "inventory_named", lambda _: nationwide(60))
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    run(folder)
    return folder


def test_what_is_written_does_not_depend_on_the_workers(done: Path, tmp_path: Path) -> None:
    run(tmp_path, workers=2)
    for name in (LINES, SUMMARY):
        assert (tmp_path / name).read_bytes() == (done / name).read_bytes()


def test_an_interrupted_run_goes_on_and_gives_the_same(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    def broken(each: Any) -> ClusterResult:
        ran.append(each.number)
        if len(ran) == 2:
            raise KeyboardInterrupt
        return run_cluster(each)

    with monkeypatch.context() as patched:
        patched.setattr(job, "run_cluster", broken)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
        with (tmp_path / LINES).open("a") as lines:
            lines.write('{"number": 9')  # cut off in the middle
        run(tmp_path)
    assert len(ran) == len(set(ran)) + 1 == 4, "the first cluster was not run again"
    for name in (LINES, SUMMARY):
        assert (tmp_path / name).read_bytes() == (done / name).read_bytes()


def test_a_finished_run_is_not_run_again(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "run_cluster", lambda _: 1 / 0)
    assert run(done).clusters == 3


def test_a_folder_of_another_run_is_refused(done: Path) -> None:
    with pytest.raises(ConfigError, match="holds a run with other periods, seed; choose another out"):
        run(done, periods=6, seed=5)


def test_sums_are_those_of_the_clusters(done: Path) -> None:
    rows = [json.loads(line) for line in (done / LINES).read_text().splitlines()]
    summary = json.loads((done / SUMMARY).read_text())
    assert summary["energy_kwh"] == pytest.approx(sum(row["energy_kwh"] for row in rows))
    assert summary["cells"] == sum(row["cells"] for row in rows)
    assert [row["number"] for row in rows] == sorted({row["number"] for row in rows})
    assert all(0 < row["energy_kwh"] <= row["always_on_kwh"] for row in rows)
    saving = 1 - summary["energy_kwh"] / summary["always_on_kwh"]
    assert summary["saving"]["mean"] == pytest.approx(saving)


def test_the_worst_clusters_are_named_first() -> None:
    plain = ClusterResult(1, "n@1", 1, 2, 8, 2, 1.0, 2.0, 3.0, 0.0, 0.5, 0, 0, 0.0)
    worse = [replace(plain, number=n, name=f"n@{n}", violated=n % 3, cost=n / 10) for n in range(1, 6)]
    summary = summarise(replace(FEW, episodes=2), worse)
    assert [found.number for found in summary.worst] == [5, 2, 4, 1]
    assert summary.violated_share.mean == pytest.approx(6 / 10)
    assert summary.cost == pytest.approx(1.5 / 10)
    assert summary.always_on_cost == pytest.approx(0.25)
    assert summary.energy_kwh == 5 * 1.0 / 2


def test_a_variant_makes_every_cluster_harder(tmp_path: Path) -> None:
    assert asdict(run(tmp_path, scenario="nationwide+drift"))["cells"] > 0
    assert "+drift" in (tmp_path / LINES).read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "gredy"}, "did you mean 'greedy'"),
        ({"scenario": "urban"}, "use nationwide or inventory:PATH"),
        ({"scenario": "nationwide+drft"}, "did you mean 'drift'"),
        ({"executor": "proces"}, "did you mean 'process'"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, **changes)
