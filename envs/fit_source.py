"""``scenario=fit:PATH``: the scenario that ``ranrein calibrate`` fitted, checked against the digest that names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..twin.fitted import FittedScenario
from ..twin.scenario import Scenario
from .catalogue import scenario_from

FIT_PREFIX = "fit:"
FILE = "fit.json"
SCHEMA = "ranrein.fit/1"


class FitFileError(ValueError):
    """A fit that cannot be used; the message names file, field, value and repair."""


def body_digest(body: object) -> str:
    """Return the SHA-256 of a fit's canonical JSON; it names the fit."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def read_fit(path: Path) -> dict[str, Any]:
    """Return the body of a fit, from its folder or its file.

    Raises:
        FitFileError: if there is none, it is of another version, or it was changed after it was written.
    """
    file = path / FILE if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise FitFileError(f"{file}: {what}; give the folder that `ranrein calibrate` wrote") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else data
        raise FitFileError(f"{file}: schema = {found!r}; this version reads {SCHEMA!r}: calibrate again")
    body, digest = data.get("body"), data.get("digest")
    if not isinstance(body, dict) or body_digest(body) != digest:
        raise FitFileError(
            f"{file}: digest = {digest!r} is not that of the body: it was changed; calibrate again"
        )
    return body


def fitted_scenario(path: Path) -> FittedScenario:
    """Return the scenario of a fit, with its margin and its digest.

    Raises:
        FitFileError: if the fit cannot be used, or its scenario does not fit this version's schema.
    """
    body = read_fit(path)
    try:
        plain = scenario_from(body["scenario"])
        parts = {field.name: getattr(plain, field.name) for field in fields(Scenario)}
        return FittedScenario(
            **parts, growth_margin=float(body["growth_margin"]), fit_digest=body_digest(body)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FitFileError(f"{path}: {error}; calibrate again with this version") from error
