"""Collect evidence for a certificate: shielded episodes in seed order, over a pool of processes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..envs.baselines import AlwaysOn
from ..envs.registry import make_twin_task
from ..envs.task import Task
from ..safety.certificate import ClaimResult, Verdict, judge
from ..safety.envelope import join
from ..safety.shield import Shield
from ..twin.params import Params
from ..twin.scenario import Scenario
from ..twin.types import F64
from .bundle import OnnxPolicy, load_bundle
from .episodes import run_episodes
from .levels import COST, INTERVENTION, SAVING, VIOLATION, Level
from .shielded import run_shielded
from .workers import worker_pool

logger = logging.getLogger(__name__)
BATCH = 64  # episodes of one piece of work

Envelope = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Work:
    """What a worker needs to run its episodes; small and picklable."""

    policy: Path
    scenario: Scenario
    demand_factor: float


@dataclass(frozen=True)
class Evidence:
    """Values per claim, one row per episode in seed order, and the situations that were seen."""

    values: dict[str, F64]  # claim name -> (N,) in [0, 1]
    envelope: Envelope

    @property
    def n(self) -> int:
        """Episodes so far."""
        return len(self.values[VIOLATION])

    def joined(self, more: Evidence) -> Evidence:
        """Append the episodes that follow."""
        values = {name: np.concatenate([old, more.values[name]]) for name, old in self.values.items()}
        return Evidence(values, join(self.envelope, more.envelope))


NO_EVIDENCE = Evidence({name: np.zeros(0) for name in (VIOLATION, COST, INTERVENTION, SAVING)}, {})
Watcher = Callable[[Evidence, tuple[ClaimResult, ...]], None]


def collect(
    work: Work, level: Level, alpha_granted: float, seeds: Sequence[int], workers: int, watch: Watcher
) -> tuple[Evidence, tuple[ClaimResult, ...]]:
    """Run episodes until every claim is decided or the seeds are used up.

    Only contiguous prefixes of ``seeds`` are judged, so that neither the number of workers nor their order can change
    the result. A worker that fails has its episodes counted as violations.

    Args:
        work: what runs.
        level: what is claimed.
        alpha_granted: by the ledger for this attempt.
        seeds: of the certify domain, in order.
        workers: processes.
        watch: called after every piece with what is known so far.
    """
    claims, evidence = level.claims(alpha_granted), NO_EVIDENCE
    results = tuple(judge(evidence.values[claim.name], claim) for claim in claims)
    for piece in _pieces(work, seeds, workers):
        evidence = evidence.joined(piece)
        results = tuple(judge(evidence.values[claim.name], claim) for claim in claims)
        watch(evidence, results)
        if all(result.verdict is not Verdict.INCONCLUSIVE for result in results) or any(
            result.verdict is Verdict.FAIL for result in results
        ):
            break
    return evidence, results


def _pieces(work: Work, seeds: Sequence[int], workers: int) -> Iterator[Evidence]:
    """Yield the evidence of successive pieces in seed order, keeping all workers busy ahead of time."""
    pieces = [tuple(seeds[i : i + BATCH]) for i in range(0, len(seeds), BATCH)]
    with worker_pool(workers) as pool:
        waiting: list[tuple[tuple[int, ...], Future[Evidence]]] = []
        todo = iter(pieces)
        try:
            while True:
                while len(waiting) < workers + 1 and (piece := next(todo, None)) is not None:
                    waiting.append((piece, _submit(pool, work, piece)))
                if not waiting:
                    return
                piece, future = waiting.pop(0)
                yield _result(piece, future)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, work: Work, piece: tuple[int, ...]) -> Future[Evidence]:
    """Hand out a piece; where a worker died the pool takes no more, and the piece fails like any other."""
    try:
        return pool.submit(run_piece, work, piece)
    except BrokenProcessPool as error:
        failed: Future[Evidence] = Future()
        failed.set_exception(error)
        return failed


def _result(piece: Sequence[int], future: Future[Evidence]) -> Evidence:
    try:
        return future.result()
    except Exception:  # an episode that cannot be run is a violation, never a missing value
        logger.exception("%d episodes failed; they count as violations", len(piece))
        worst = np.ones(len(piece))
        return Evidence({name: worst for name in NO_EVIDENCE.values}, {})


_ready: dict[str, tuple[OnnxPolicy, Shield, Task]] = {}


def _prepared(work: Work) -> tuple[OnnxPolicy, Shield, Task]:
    """Load what a worker needs once per process."""
    name = repr(work)
    if name not in _ready:
        params = Params.of(work.scenario)
        policy = load_bundle(work.policy, params)
        _ready.clear()
        _ready[name] = (policy, Shield.of(params, work.demand_factor), make_twin_task(policy.contract.task))
    return _ready[name]


def run_piece(work: Work, seeds: Sequence[int]) -> Evidence:
    """Run some episodes with the shield and, on the same seeds, with everything awake."""
    policy, shield, task = _prepared(work)
    shielded = run_shielded(policy, shield, task, seeds)
    awake = run_episodes(AlwaysOn(), shield.params, task, seeds)
    saving = 1.0 - shielded.energy_kwh / awake.energy_kwh
    return Evidence(
        {
            VIOLATION: shielded.violated,
            COST: shielded.cost,
            INTERVENTION: shielded.intervention,
            SAVING: np.clip((1.0 - saving) / 2.0, 0.0, 1.0),
        },
        shielded.envelope,
    )
