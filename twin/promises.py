"""The promises that judge an episode, by digest: their limits, and the code that tells whether they are kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from .canonical import digest_of, digest_of_files
from .scenario import Scenario

JUDGES = ("sla.py", "kernels/judge.py")
SLICE_JUDGES = ("slice_report.py", "kernels/slice_view.py")
# to the tenant of a slice
PROMISED = ("name", "guaranteed_mbps", "latency_ms", "availability", "reduced_rate")
_TWIN = Path(__file__).resolve().parent


def constraints_digest(scenario: Scenario, twin: Path = _TWIN) -> str:
    """Return the digest that a certificate carries as ``constraints``, 64 hexadecimal digits.

    It changes with a limit of ``sla``, with the promises to slices where there are any, and with one character of the
    code that judges them; with nothing else of the scenario.

    Args:
        scenario: whose promises.
        twin: folder of the sources.
    """
    parts: dict[str, object] = {"sla": asdict(scenario.sla), "code": _digest(twin, JUDGES)}
    if scenario.slicing.types:
        types = [{name: getattr(kind, name) for name in PROMISED} for kind in scenario.slicing.types]
        limits = {"max_broken_frac": scenario.slicing.max_broken_frac, "types": types}
        parts["slices"] = {**limits, "code": _digest(twin, SLICE_JUDGES)}
    return digest_of(parts)


def _digest(twin: Path, names: tuple[str, ...]) -> str:
    return digest_of_files([twin / name for name in names], root=twin)
