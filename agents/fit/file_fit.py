"""A fit to a file of one quantity, load or power: kept in the folder and format of any other fit."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ...envs.fit_source import body_digest
from ...twin.canonical import digest_of
from ...twin.params import Params
from ...twin.scenario import Scenario
from ..calibrate import EPS
from ..digests import scenario_table
from ..report import Figure, ReportData, Section, Verdict, write_report
from .fit import Parameter
from .job import PAGE, fit_folder, parameter_json, scenario_json, write_fit
from .report import SLACK, rows_of


@dataclass(frozen=True)
class Worth:
    """The error on what was not fitted, before and after."""

    measure: str
    unit: str
    before: float
    after: float
    counts: bool = True  # whether it tells which law is better


@dataclass(frozen=True)
class FileFit:
    """What a file says of a scenario."""

    source: dict[str, Any]  # name, digest, columns and cut of the file
    parameters: tuple[Parameter, ...]
    scenario: Scenario
    worth: tuple[Worth, ...]
    growth_margin: float  # at least 1
    growth_scores: int
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()

    @property
    def is_better(self) -> bool:
        """Tell whether the fitted law foretells what was not fitted better, and by no measure worse."""
        ratios = [w.after / max(w.before, 1e-12) for w in self.worth if w.counts]
        return bool(max(ratios) <= SLACK and np.prod(ratios) < 1.0)

    @property
    def margin_text(self) -> str:
        """Return the growth margin for people; 1 is none."""
        return (
            f"{self.growth_margin:.3f}"
            if self.growth_margin > 1
            else "none; the shield takes that of its own episodes"
        )


@dataclass(frozen=True)
class Kept:
    """A fit and where it lies."""

    fit: FileFit
    digest: str
    folder: Path


def keep(fit: FileFit, base: Params, out: str | None) -> Kept:
    """Write the fit and its page.

    Raises:
        ConfigError: if the folder holds another fit.
    """
    body = file_body(fit, base)
    digest = body_digest(body)
    folder = fit_folder(out, digest)
    write_fit(folder, body, digest)
    write_report(_page(fit, base.scenario.name, digest, folder), folder / PAGE)
    return Kept(fit, digest, folder)


def file_body(fit: FileFit, base: Params) -> dict[str, Any]:
    """Return what ``fit.json`` says, as JSON data; equal inputs give equal bytes."""
    return {
        "source": fit.source,
        "base": {"name": base.scenario.name, "digest": digest_of(scenario_table(base.scenario))},
        "version": version("ranrein"),
        "parameters": [parameter_json(p) for p in fit.parameters],
        "residuals": [
            {"measure": w.measure, "unit": w.unit, "rmse_believed": w.before, "rmse_fitted": w.after}
            for w in fit.worth
        ],
        "eps": EPS,
        "growth_margin": fit.growth_margin,
        "growth_scores": fit.growth_scores,
        "scenario": scenario_json(fit.scenario),
    }


def worth_rows(fit: FileFit) -> tuple[tuple[str, str], ...]:
    """Return the errors on what was not fitted, before and after."""
    return tuple((w.measure, f"{w.before:.3g} before, {w.after:.3g} after, {w.unit}") for w in fit.worth)


def _page(fit: FileFit, base: str, digest: str, folder: Path) -> ReportData:
    words = "better than" if fit.is_better else "not clearly better than"
    notes = "\n\n".join(fit.notes)
    return ReportData(
        title=f"Calibration of {base}",
        subtitle=f"to {fit.source['file']}",
        verdict=Verdict.PASS if fit.is_better else Verdict.INCONCLUSIVE,
        verdict_text=f"The fitted law foretells what was not fitted {words} the law as it was.",
        key_rows=(("fit", digest), *worth_rows(fit), ("growth margin", fit.margin_text)),
        sections=(
            Section("Parameters", notes, rows_of(fit.parameters), fit.figures),
            Section("What the fit is worth", "", (("measure", "error"), *worth_rows(fit))),
        ),
        next_command=f"ranrein evaluate scenario=fit:{folder}",
    )
