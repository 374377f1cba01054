"""From a configuration to a fit on disk: ``fit.json``, named by its digest, and a page for people."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...envs.fit_source import FILE, SCHEMA, body_digest
from ...network.telemetry import TelemetryLog, read_log
from ...safety.files import replace as replace_file
from ...twin.canonical import digest_of, sha256_hex
from ...twin.params import Params
from ...twin.scenario import Scenario
from ..calibrate import EPS
from ..config import ConfigError, EnvConfig
from ..digests import scenario_table
from ..episodes import Progress, no_progress
from ..problem import problem_of
from ..report import write_report
from ..sample_log import write_sample_of
from .config import CalibrateConfig
from .fit import Fit, Parameter, calibrate
from .predict import MEASURES, UNITS
from .report import Subject, report_data
from .series import Parts, Series, read_series, split

PAGE = "fit.html"
_FIRST_DIGITS = 12
_READ = 0.05  # of the time, for the progress bar


@dataclass(frozen=True)
class Calibrated:
    """A fit and where it lies."""

    fit: Fit
    digest: str
    folder: Path
    series: Series


def run_calibration(config: CalibrateConfig, progress: Progress = no_progress) -> Calibrated:
    """Fit the scenario to the log and write the fit.

    Raises:
        ConfigError: if log or scenario are missing or unknown, or the folder holds another fit.
        GranularityError: if the log is coarser than the control period.
        TelemetryError: if the log cannot be used.
        FitError: if the log says too little.
    """
    log = _opened(config.log)
    params = problem_of(EnvConfig(), config.scenario)[1]
    parts = split(read_series(log, params, config.most_gap_s))
    progress(_READ)
    rest = lambda share: progress(_READ + (1 - _READ) * share)  # noqa: E731
    fit = calibrate(parts, params, log.header.site_power_w, config.radio, rest)
    body = fit_body(fit, parts, log, params)
    digest = body_digest(body)
    folder = fit_folder(config.out, digest)
    write_fit(folder, body, digest)
    subject = Subject(log.path.name, log.header.network, params.scenario.name, digest, str(folder), parts)
    write_report(report_data(fit, subject), folder / PAGE)
    return Calibrated(fit, digest, folder, parts.fit)


def make_sample(config: CalibrateConfig, path: Path, progress: Progress = no_progress) -> int:
    """Write the telemetry of a network that differs from its twin; return the number of records.

    Raises:
        ConfigError: for an unknown scenario, or if the file exists.
    """
    _, believed = problem_of(EnvConfig(), config.scenario)
    return write_sample_of(path, believed, config.sample_days, config.sample_seed, progress)


def fit_body(fit: Fit, parts: Parts, log: TelemetryLog, params: Params) -> dict[str, Any]:
    """Return what ``fit.json`` says, as JSON data; equal inputs give equal bytes."""
    return {
        "source": {
            "log": log.path.name,
            "log_sha256": sha256_hex(log.path.read_bytes()),
            "network": log.header.network,
            "missing_periods": parts.fit.gaps,
            "crowd_periods_left_out": fit.load.left_out,
            "parts": {name: _span(getattr(parts, name)) for name in ("fit", "calibrate", "judge")},
        },
        "base": {"name": params.scenario.name, "digest": digest_of(scenario_table(params.scenario))},
        "version": version("ranrein"),
        "parameters": [parameter_json(p) for p in fit.parameters],
        "figures": [list(row) for row in fit.radio.figures] if fit.radio else [],
        "residuals": [
            {"measure": m, "unit": u, "rmse_believed": _number(b), "rmse_fitted": _number(f), "margin": margin}
            for m, u, b, f, margin in zip(MEASURES, UNITS, fit.believed.rmse, fit.fitted.rmse, fit.margins, strict=True)
        ],
        "eps": EPS,
        "growth_margin": fit.growth_margin,
        "growth_scores": fit.growth_scores,
        "scenario": scenario_json(fit.scenario),
    }  # fmt: skip


def scenario_json(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as JSON data, without what a fit it comes from adds to it."""
    plain = Scenario(**{field.name: getattr(scenario, field.name) for field in fields(Scenario)})
    return json.loads(json.dumps(asdict(plain), allow_nan=False))


def parameter_json(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter as JSON data."""
    estimate = parameter.estimate
    return {
        "name": parameter.name,
        "unit": parameter.unit,
        "value": _number(estimate.value),
        "low": _number(estimate.low),
        "high": _number(estimate.high),
        "believed": _number(parameter.believed),
        "used": parameter.used,
        "method": parameter.method,
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _span(series: Series) -> dict[str, Any]:
    return {
        "from": series.records[0].utc.isoformat(),
        "to": series.records[-1].utc.isoformat(),
        "periods": len(series.records),
    }


def _opened(path: str | None) -> TelemetryLog:
    if path is None:
        raise ConfigError("log is missing: give log=FILE, or make one with --make-sample FILE")
    if not Path(path).is_file():
        raise ConfigError(f"log={path!r} is no file; make one to try with --make-sample {path}")
    return read_log(Path(path))


def fit_folder(out: str | None, digest: str) -> Path:
    """Return where a fit goes; by default its name is its digest."""
    return Path(out) if out else Path("runs") / f"fit-{digest[:_FIRST_DIGITS]}"


def write_fit(folder: Path, body: dict[str, Any], digest: str) -> None:
    """Write the fit.

    Raises:
        ConfigError: one of another digest is never overwritten.
    """
    file = folder / FILE
    if file.exists() and json.loads(file.read_text(encoding="utf-8")).get("digest") != digest:
        raise ConfigError(
            f"out={str(folder)!r} holds another fit, and a fit is never overwritten; choose another"
        )
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {"schema": SCHEMA, "digest": digest, "body": body}, indent=1, sort_keys=True, allow_nan=False
    )
    replace_file(file, (text + "\n").encode("utf-8"))
