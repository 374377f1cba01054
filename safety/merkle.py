"""Merkle trees of RFC 6962 section 2.1: one hash that vouches for every record of a log, and proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .chain import leaf_hash

__all__ = ["Accumulator", "inclusion_proof", "leaf_hash", "node_hash", "root_hash", "verify_inclusion"]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes; of no leaf at all it is the hash of nothing."""
    tree = Accumulator()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


class Accumulator:
    """A growing tree that keeps only the roots of its complete parts: O(log n) memory and work per root."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash; two complete parts of equal size become one."""
        self.size += 1
        self._peaks.append(leaf)
        merges = (self.size & -self.size).bit_length() - 1  # trailing zero bits of the new size
        for _ in range(merges):
            right, left = self._peaks.pop(), self._peaks.pop()
            self._peaks.append(node_hash(left, right))

    def root(self) -> bytes:
        """Root of everything appended so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Hashes, from the leaf up, that lead from leaf `index` to the root (RFC 6962 section 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"index is {index}, but there are {len(leaves)} leaves")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(index, leaves[:split]), root_hash(leaves[split:])]
    return [*inclusion_proof(index - split, leaves[split:]), root_hash(leaves[:split])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from this leaf at this place of a tree of `size` leaves to the root."""
    if not 0 <= index < size or len(proof) != _depth(index, size):
        return False
    return _climb(leaf, index, size, proof) == root


def _climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    if size == 1:
        return leaf
    split = _split(size)
    if index < split:
        return node_hash(_climb(leaf, index, split, proof[:-1]), proof[-1])
    return node_hash(proof[-1], _climb(leaf, index - split, size - split, proof[:-1]))


def _depth(index: int, size: int) -> int:
    if size == 1:
        return 0
    split = _split(size)
    return 1 + (_depth(index, split) if index < split else _depth(index - split, size - split))


def _split(size: int) -> int:
    """Largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
