"""What can be configured about a certification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from .config import STRICT, Count

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class CertifyConfig:
    """One certification, or what a certificate is compared with."""

    policy: Text | None = None  # a run folder or a policy bundle
    scenario: str = "urban"  # the law that the episodes are drawn from
    load_file: Text | None = None  # measured load, see docs/load_file.md; part of that law
    load_column: Text | None = None  # of the load file; None means "load"
    level: Text = "ci"  # ci, lab or strict: see agents/levels.py
    state: Text = "runs/loop"  # keys, alpha ledger and the secret of the seeds
    out: Text | None = None  # None: certificate.json beside the bundle
    workers: Count = 2
    environment: Literal["demo", "lab"] = "lab"  # of keys made here; evidence of a twin is never live
