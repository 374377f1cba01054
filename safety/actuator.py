"""Writing to a network without believing it: every write is read back, and undone by what is read back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ..network.protocol import (
    Change,
    Network,
    NetworkError,
    NetworkUnavailable,
    ObjectState,
    Patch,
    VersionConflict,
)
from ..twin.canonical import digest_of
from .change_set import ChangeSet, changed_json

RESTORE_ATTEMPTS = 3
_LOG = logging.getLogger(__name__)

Objects = Mapping[str, ObjectState]


class NotAsIntended(NetworkError):
    """The read-back does not show what was written."""


class Actuator:
    """The network handle, and the two things that are done with it: apply a change set, undo it."""

    def __init__(self, network: Network, cells: Sequence[str]) -> None:
        self._network, self._cells = network, tuple(cells)
        self._sent = 0

    def read(self) -> Objects:
        """Read all cells back, in their order."""
        found = self._network.read(self._cells)
        return {name: found[name] for name in self._cells}

    def apply(self, change_set: ChangeSet, seen: Callable[[Objects], object]) -> None:
        """Write what gives capacity, see that it is there, and only then write what takes it away.

        Raises:
            NotAsIntended: if the read-back shows anything else.
            NetworkError: if versions do not match or the network does not answer the read-back.
        """
        patches = change_set.patches()
        for index, patch in enumerate(patches):
            self._send(patch, f"{change_set.key}/apply")
            now = self.read()
            wrong = change_set.mismatches(now, patches[: index + 1])
            if wrong:
                raise NotAsIntended("; ".join(wrong))
            seen(now)

    def undo(self, change_set: ChangeSet) -> tuple[Objects, tuple[Change, ...]]:
        """Write back until nothing of ours takes capacity away; return the read-back and what was restored.

        Raises:
            NetworkError: if that cannot be reached or seen now; calling again goes on where this ended.
        """
        restored: dict[str, Change] = {}
        for _ in range(RESTORE_ATTEMPTS):
            now = self.read()
            left = change_set.restoration(now)
            if not left:
                return now, tuple(restored.values())
            restored |= {change.object_id: change for change in left}
            self._send_back(Patch(left), f"{change_set.key}/undo")
        now = self.read()
        if left := change_set.restoration(now):
            raise NotAsIntended(f"{', '.join(change.object_id for change in left)} could not be written back")
        return now, tuple(restored.values())

    def _send_back(self, patch: Patch, name: str) -> None:
        try:
            self._send(patch, name)
        except VersionConflict as error:
            _LOG.warning("somebody wrote while %s was under way: %s", name, error)

    def _send(self, patch: Patch, name: str) -> None:
        """Send a patch, and once more with the same key when there is no answer; the read-back decides."""
        self._sent += 1
        content = digest_of([changed_json(change) for change in patch.changes])
        key = f"{name}/{self._sent}/{content[:16]}"
        for _ in range(2):
            try:
                self._network.apply(patch, key)
                return
            except NetworkUnavailable as error:
                _LOG.warning("no answer to %s: %s", key, error)
