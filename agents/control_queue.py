"""Requests on their way from the socket to the loop's own thread."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

from .control_socket import Answer
from .operator_request import OperatorRequest, RequestRefused, Verb


@dataclass(frozen=True)
class Task:
    """A request, or the refusal of one, on its way to the loop's thread."""

    content: OperatorRequest | RequestRefused
    answer: Future[Answer]

    @property
    def is_stop(self) -> bool:
        """Whether it goes first."""
        return isinstance(self.content, OperatorRequest) and self.content.verb is Verb.STOP


class Inbox:
    """Tasks in order of arrival, stops before all others; any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._stops: deque[Task] = deque()
        self._others: deque[Task] = deque()
        self._arrived = threading.Condition()

    def __len__(self) -> int:
        return len(self._stops) + len(self._others)

    def put(self, task: Task) -> bool:
        """Whether there was room; for a stop there always is."""
        with self._arrived:
            if not task.is_stop and len(self._others) >= self._most:
                return False
            (self._stops if task.is_stop else self._others).append(task)
            self._arrived.notify_all()
            return True

    def take(self) -> Task | None:
        """The next task, if any."""
        with self._arrived:
            queue = self._stops or self._others
            return queue.popleft() if queue else None

    def wait(self, timeout_s: float) -> bool:
        """Whether a task is there, waiting for one up to `timeout_s`."""
        with self._arrived:
            return self._arrived.wait_for(lambda: bool(self), timeout_s)
