"""The same function over many jobs gives the same results in the same order, wherever they are run."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from operator import neg
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

from ranrein.agents import executors
from ranrein.agents.config import ConfigError
from ranrein.agents.executors import AHEAD, RETRIES, WorkerLostError, executor_named


class FakeRay:
    """What is used of Ray 2, with calls that run when their result is fetched."""

    def __init__(self) -> None:
        lost = type("WorkerCrashedError", (Exception,), {}), type("OutOfMemoryError", (Exception,), {})
        self.exceptions = SimpleNamespace(WorkerCrashedError=lost[0], OutOfMemoryError=lost[1])
        self.started: dict[str, Any] | None = None
        self.options: dict[str, Any] = {}
        self.in_flight = self.most = 0

    def is_initialized(self) -> bool:
        return self.started is not None

    def init(self, **settings: Any) -> None:
        self.started = settings

    def shutdown(self) -> None:
        self.started = None

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        self.options = options
        return lambda function: SimpleNamespace(remote=lambda job: self._submit(function, job))

    def _submit(self, function: Any, job: Any) -> Any:
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        return lambda: function(job)

    def get(self, reference: Any) -> Any:
        self.in_flight -= 1
        return reference()


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.delenv(executors.ADDRESS, raising=False)
    monkeypatch.setattr(executors.importlib, "import_module", lambda name: {"ray": fake}[name])
    return fake


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers: int) -> None:
    with executor_named("process", workers) as executor:
        assert list(executor.map(neg, range(12))) == [-n for n in range(12)]


def test_jobs_are_drawn_only_when_there_is_room() -> None:
    drawn: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(50):
            drawn.append(number)
            yield number

    with executor_named("process", 2) as executor:
        results = executor.map(neg, jobs())
        assert next(results) == 0
        assert len(drawn) <= 2 * AHEAD + 1
        assert list(results) == [-n for n in range(1, 50)]


def test_a_worker_that_ends_is_an_error_that_says_what_to_do() -> None:
    with (
        pytest.raises(WorkerLostError, match="run it again with fewer workers"),
        executor_named("process", 2) as executor,
    ):
        list(executor.map(os._exit, [7]))


def test_a_mistake_in_a_job_is_told_as_it_is() -> None:
    with pytest.raises(TypeError), executor_named("process", 2) as executor:
        list(executor.map(neg, ["one"]))


def test_ray_is_started_here_used_and_left_as_it_was(ray: FakeRay) -> None:
    with executor_named("ray", 3) as executor:
        assert ray.started == {"log_to_driver": False, "num_cpus": 3, "include_dashboard": False}
        assert list(executor.map(neg, range(20))) == [-n for n in range(20)]
    assert ray.options == {"num_cpus": 1, "max_retries": RETRIES}
    assert ray.most == 3 * AHEAD
    assert not ray.is_initialized()


def test_a_cluster_that_is_there_is_joined_and_not_ended(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(executors.ADDRESS, "10.0.0.1:6379")
    with executor_named("ray", 3):
        assert ray.started == {"log_to_driver": False}
    ray.init(by="somebody else")
    with executor_named("ray", 3):
        pass
    assert ray.started == {"by": "somebody else"}


def test_a_worker_that_ray_lost_is_told(ray: FakeRay) -> None:
    def lost(_: int) -> int:
        raise ray.exceptions.WorkerCrashedError

    with pytest.raises(WorkerLostError, match="Ray lost the worker"), executor_named("ray", 1) as executor:
        list(executor.map(lost, [1]))


@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs an extra: pip install 'ranrein[ray]'"
)
def test_ray_itself_gives_the_same() -> None:
    with executor_named("ray", 2) as executor:
        assert list(executor.map(dedent, [f"  {n}" for n in range(8)])) == [str(n) for n in range(8)]


def test_another_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown executor 'rey'; did you mean 'ray'"):
        executor_named("rey", 1)
