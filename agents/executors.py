"""The same function over many jobs, on this machine or on many: results in the order of the jobs, the same bits."""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from .config import ConfigError, nearest
from .workers import worker_pool

Job = TypeVar("Job")
Result = TypeVar("Result")
ADDRESS = "RAY_ADDRESS"
AHEAD = 2  # jobs in flight per worker: what waits takes memory
RETRIES = 3  # of a job whose machine is lost


class WorkerLostError(RuntimeError):
    """A worker ended before its job did."""


class Executor(Protocol):
    """Runs a function of a module over jobs; both are sent to other processes."""

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield the results in the order of the jobs; WorkerLostError if a worker ended."""
        ...


def executor_named(name: str, workers: int) -> AbstractContextManager[Executor]:
    """Return ``process``, a pool on this machine, or ``ray``, the cluster that Ray finds or starts.

    Raises:
        ConfigError: for an unknown name.
        ModuleNotFoundError: if the extra ``ray`` is missing.
    """
    kinds: dict[str, Callable[[int], AbstractContextManager[Executor]]] = {"process": _processes, "ray": _ray}
    if name not in kinds:
        raise ConfigError(f"unknown executor {name!r}; {nearest(name, list(kinds))}")
    return kinds[name](workers)


def _in_order(
    submit: Callable[[Job], Any], fetch: Callable[[Any], Result], jobs: Iterable[Job], most: int
) -> Iterator[Result]:
    """Keep at most so many jobs in flight, and yield their results in order."""
    waiting, rest = deque[Any](), iter(jobs)
    waiting.extend(submit(job) for job in islice(rest, most))
    while waiting:
        result = fetch(waiting.popleft())
        waiting.extend(submit(job) for job in islice(rest, 1))
        yield result


class _Here:
    """One worker: this process."""

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Run one job after the other."""
        return map(function, jobs)


@dataclass(frozen=True)
class _Pool:
    """Processes of this machine."""

    pool: ProcessPoolExecutor
    workers: int

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Run the jobs, some ahead."""
        try:
            yield from _in_order(
                lambda job: self.pool.submit(function, job), Future.result, jobs, AHEAD * self.workers
            )
        except BrokenProcessPool as error:
            what = "a worker process ended: it was killed, or memory ran out"
            raise WorkerLostError(f"{what}; run it again with fewer workers") from error


@dataclass(frozen=True)
class _Ray:
    """Workers of a Ray cluster; a job whose machine is lost is run again."""

    ray: Any  # the module
    workers: int

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Run the jobs, some ahead."""
        remote = self.ray.remote(num_cpus=1, max_retries=RETRIES)(function)
        lost = (self.ray.exceptions.WorkerCrashedError, self.ray.exceptions.OutOfMemoryError)
        try:
            yield from _in_order(remote.remote, self.ray.get, jobs, AHEAD * self.workers)
        except lost as error:
            raise WorkerLostError(f"Ray lost the worker of a job {RETRIES + 1} times: {error}") from error


@contextmanager
def _processes(workers: int) -> Generator[Executor]:
    if workers == 1:
        yield _Here()
        return
    pool = worker_pool(workers)
    try:
        yield _Pool(pool, workers)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _ray(workers: int) -> Generator[Executor]:
    """Join the cluster that RAY_ADDRESS names, or start one on this machine; leave Ray as it was found."""
    ray = importlib.import_module("ray")
    found = ray.is_initialized()
    if not found:
        own = {} if os.environ.get(ADDRESS) else {"num_cpus": workers, "include_dashboard": False}
        ray.init(log_to_driver=False, **own)
    try:
        yield _Ray(ray, workers)
    finally:
        if not found:
            ray.shutdown()
