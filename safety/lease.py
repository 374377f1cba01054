"""The right to act, held for a short time and numbered, so that a revived stale controller cannot act."""

from __future__ import annotations

from .clock import Clock


class Lease:
    """A dead-man lease with a fencing token; lives in the gate and runs on monotonic time.

    Each `grant` hands out a higher epoch and ends the one before. A lapsed epoch never comes back: its holder
    has to ask for a new grant, which only a restarted, re-checked loop does.
    """

    def __init__(self, clock: Clock, ttl_s: float, epoch: int = 0) -> None:
        """`ttl_s` is three control periods by rule; `epoch` is the last one granted before a restart."""
        if not 0.0 < ttl_s < float("inf"):
            raise ValueError(f"ttl_s is {ttl_s!r}; a lease needs a positive, finite number of seconds")
        self._clock = clock
        self._ttl_s = ttl_s
        self._epoch = epoch
        self._expires_s = float("-inf")

    @property
    def epoch(self) -> int:
        """The last epoch granted."""
        return self._epoch

    def grant(self) -> int:
        """Hand out a new epoch; every earlier one is stale from now on."""
        self._epoch += 1
        self._expires_s = self._clock.monotonic_s() + self._ttl_s
        return self._epoch

    def renew(self, epoch: int) -> bool:
        """Prolong the lease; False, changing nothing, when the epoch is stale or has lapsed."""
        if not self.alive(epoch):
            return False
        self._expires_s = self._clock.monotonic_s() + self._ttl_s
        return True

    def alive(self, epoch: int | None = None) -> bool:
        """Whether the lease (of this very epoch, when given) still holds."""
        current = epoch is None or epoch == self._epoch
        return current and self._clock.monotonic_s() < self._expires_s
