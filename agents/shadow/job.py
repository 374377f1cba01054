"""From a configuration to a shadow run, with a report that names the digests of all that was run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...envs.baselines import AlwaysOn, Forecast, Greedy, LoadThreshold
from ...envs.controller import Controller
from ...network.telemetry import TelemetryLog, read_log, require_granularity
from ...twin.canonical import sha256_hex
from ...twin.params import Params
from ..bundle import OnnxPolicy, bundle_folder, load_bundle, require_outside
from ..certify import calibrated_shield
from ..config import ConfigError, nearest
from ..digests import running_digests
from ..episodes import Progress, no_progress
from ..problem import decided_problem_of, problem_of
from ..sample_log import write_sample_of
from .config import ShadowConfig
from .report import write
from .shadow import shadow
from .summary import ShadowReport

BASELINE = "baseline:"
_CALIBRATION_SHARE = 0.4  # of the time, for the progress bar


def run_shadow(config: ShadowConfig, progress: Progress = no_progress) -> ShadowReport:
    """Run a policy in shadow and write the report into ``config.out``.

    Raises:
        ConfigError: if policy, log or scenario are missing or unknown, or the load file cannot be used.
        BundleError: if the policy must not be used here.
        CalibrationError: if the twin cannot foresee the demand, so that there is no shield.
        GranularityError: if the log is coarser than the control period.
        TelemetryError: if the log cannot be used.
    """
    task, params = decided_problem_of(config.env, config.scenario, config.load_file, config.load_column)
    log = _opened(config.log)
    require_granularity(log, params.scenario.timing.control_period_s)
    policy = _policy(config, params)
    shield = calibrated_shield(params, lambda share: progress(_CALIBRATION_SHARE * share))
    rest = lambda share: progress(_CALIBRATION_SHARE + (1 - _CALIBRATION_SHARE) * share)  # noqa: E731
    report = shadow(policy, shield, task, log, rest)
    name = policy.digest if isinstance(policy, OnnxPolicy) else sha256_hex(repr(policy).encode())
    digests = {**running_digests(shield, name), "log": sha256_hex(log.path.read_bytes())}
    report = replace(report, subject=replace(report.subject, digests=digests))
    write(report, Path(config.out))
    return report


def make_sample(config: ShadowConfig, path: Path, progress: Progress = no_progress) -> int:
    """Write the telemetry of a network that differs from its twin, under the load threshold rule.

    Returns the number of records.

    Raises:
        ConfigError: for an unknown scenario, a load file that cannot be used, or if the file exists.
    """
    _, believed = problem_of(config.env, config.scenario, config.load_file, config.load_column)
    return write_sample_of(path, believed, config.sample_days, config.sample_seed, progress)


def _opened(path: str | None) -> TelemetryLog:
    if path is None:
        raise ConfigError("log is missing: give log=FILE, or make one with --make-sample FILE")
    if not Path(path).is_file():
        raise ConfigError(f"log={path!r} is no file; make one to try with --make-sample {path}")
    return read_log(Path(path))


def _policy(config: ShadowConfig, params: Params) -> Controller:
    if config.policy is None:
        raise ConfigError("policy is missing: give policy=runs/NAME or policy=baseline:load_threshold")
    if not config.policy.startswith(BASELINE):
        require_outside(bundle_folder(Path(config.policy)), Path(config.out))
        return load_bundle(Path(config.policy), params, config.env.id)
    known = {
        rule.name.replace(" ", "_"): rule for rule in (AlwaysOn(), Greedy(), LoadThreshold(), Forecast())
    }
    name = config.policy.removeprefix(BASELINE)
    if name not in known:
        raise ConfigError(f"unknown baseline {name!r}; {nearest(name, list(known))}")
    return known[name]
