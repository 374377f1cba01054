"""Evidence for certificates: nothing that fails is left out, and nothing but the seeds decides."""

from __future__ import annotations

import os
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranrein.agents import evidence as module
from ranrein.agents.evidence import NO_EVIDENCE, Evidence, Work, collect
from ranrein.agents.levels import COST, INTERVENTION, LEVELS, SAVING, VIOLATION, Level
from ranrein.agents.seeds import Domain, episode_seeds
from ranrein.safety.certificate import Verdict
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario

LEVEL = LEVELS["ci"]
SEEDS = episode_seeds(0, Domain.CERTIFY, 1, 96)


class Inline:
    """A pool that works at once, in this process, and breaks for good from a piece on."""

    breaks_from = 1_000_000

    def __init__(self, *_: object, **__: object) -> None:
        self.handed_out = 0

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None: ...

    def shutdown(self, **_: object) -> None: ...

    def submit(self, function: Any, *args: Any) -> Future[Evidence]:
        self.handed_out += 1
        if self.handed_out > self.breaks_from:
            raise BrokenProcessPool("a worker died")
        future: Future[Evidence] = Future()
        try:
            future.set_result(function(*args))
        except RuntimeError as error:
            future.set_exception(error)
        return future


def perfect(_: Work, seeds: tuple[int, ...]) -> Evidence:
    """No violation, no intervention, a fifth of the energy saved; the mark of each seed as its cost."""
    zero = np.zeros(len(seeds))
    marks = np.array([seed % 1000 for seed in seeds]) * 1e-6
    values = {VIOLATION: zero, COST: marks, INTERVENTION: zero, SAVING: zero + 0.4}
    return Evidence(values, {"users": (float(min(seeds)), float(max(seeds)))})


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> type[Inline]:
    kind = type("Broken", (Inline,), {})
    monkeypatch.setattr(module, "worker_pool", kind)
    monkeypatch.setattr(module, "run_piece", perfect)
    monkeypatch.setattr(module, "BATCH", 32)
    return kind


@pytest.fixture
def work(params: Params) -> Work:
    return Work(Path("nowhere"), params.scenario, 1.3)


def gather(work: Work, seeds: list[int] = SEEDS, workers: int = 2, level: Level = LEVEL) -> Any:
    return collect(work, level, level.alpha, seeds, workers, lambda *_: None)


def test_episodes_stay_in_seed_order_whatever_the_workers(inline: type[Inline], work: Work) -> None:
    for workers in (1, 2, 5):
        evidence, _ = gather(work, workers=workers)
        assert np.allclose(evidence.values[COST], [seed % 1000 * 1e-6 for seed in SEEDS])


def test_a_piece_that_raises_counts_as_violations(
    inline: type[Inline], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sometimes(work: Work, seeds: tuple[int, ...]) -> Evidence:
        if SEEDS[40] in seeds:
            raise RuntimeError("the simulator failed")
        return perfect(work, seeds)

    monkeypatch.setattr(module, "run_piece", sometimes)
    evidence, results = gather(work)
    assert evidence.values[VIOLATION][:64].tolist() == [0.0] * 32 + [1.0] * 32
    assert results[0].verdict is Verdict.FAIL


def test_a_pool_that_breaks_on_the_way_counts_as_violations_too(inline: type[Inline], work: Work) -> None:
    inline.breaks_from = 3
    evidence, results = gather(work, episode_seeds(0, Domain.CERTIFY, 1, 192), workers=1)
    assert not evidence.values[VIOLATION][:96].any()
    assert evidence.values[VIOLATION][96:].all()
    assert evidence.n > 96
    assert results[0].verdict is Verdict.FAIL


def test_collecting_stops_as_soon_as_everything_is_decided(inline: type[Inline], work: Work) -> None:
    seeds = episode_seeds(0, Domain.CERTIFY, 1, 1600)
    evidence, results = gather(work, seeds)
    assert [result.verdict for result in results] == [Verdict.PASS] * 4
    assert evidence.n < 1600


def test_too_few_seeds_are_inconclusive_and_none_at_all_too(inline: type[Inline], work: Work) -> None:
    for n in (0, 32):
        evidence, results = gather(work, SEEDS[:n])
        assert evidence.n == n
        assert results[0].verdict is Verdict.INCONCLUSIVE


def test_whoever_watches_sees_every_piece(inline: type[Inline], work: Work) -> None:
    seen: list[int] = []
    collect(work, LEVEL, 0.05, SEEDS, 2, lambda evidence, results: seen.append(evidence.n))
    assert seen == [32, 64, 96]


def test_situations_of_all_pieces_are_joined(inline: type[Inline], work: Work) -> None:
    evidence, _ = gather(work)
    assert evidence.envelope == {"users": (float(min(SEEDS)), float(max(SEEDS)))}


def test_no_evidence_is_no_episode() -> None:
    assert NO_EVIDENCE.n == 0
    assert set(NO_EVIDENCE.values) == {claim.name for claim in LEVEL.claims(0.05)}


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_spends_exactly_the_alpha_it_was_granted(name: str) -> None:
    claims = LEVELS[name].claims(0.03)
    assert sum(claim.alpha for claim in claims) == pytest.approx(0.03)
    assert {claim.name for claim in claims} == {VIOLATION, COST, INTERVENTION, SAVING}


def short(scenario: Scenario) -> Scenario:
    timing = replace(scenario.timing, episode_s=12 * scenario.timing.control_period_s)
    return replace(scenario, timing=timing)


def test_one_or_two_real_workers_find_the_same(
    run: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 32)
    work, found = Work(run, short(params.scenario), 1.3), []
    for workers in (1, 2):
        evidence, results = gather(work, SEEDS[:64], workers)
        found.append(
            ({name: values.tobytes() for name, values in evidence.values.items()}, evidence.envelope, results)
        )
    assert evidence.n == 64
    assert not evidence.values[VIOLATION].all()  # it did run
    assert found[0] == found[1]


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return os._exit, (3,)


def test_a_real_worker_that_dies_counts_as_violations(run: Path) -> None:
    evidence, results = gather(Work(run, Deadly(), 1.0), SEEDS[:64], workers=1)  # type: ignore[arg-type]
    assert evidence.values[VIOLATION].all()
    assert results[0].verdict is Verdict.FAIL
