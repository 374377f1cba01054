"""Canonical JSON and digests, as certificates and logs use them; what computes them lies below, in the twin."""

from __future__ import annotations

from ..twin.canonical import canonical_bytes, digest_of, digest_of_files, sha256_hex, source_digest

__all__ = ["canonical_bytes", "digest_of", "digest_of_files", "sha256_hex", "source_digest"]
