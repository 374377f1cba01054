"""Calibration to a file of power against load: the carriers of one kind, and what it is worth on lines left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ...twin.canonical import sha256_hex
from ...twin.fitted import growth_margin
from ...twin.params import Params
from ...twin.scenario import Scenario, Site
from ..config import ConfigError, nearest
from ..power_file import UnitPower, fit_power_file, held_out_error
from .config import CalibrateConfig
from .file_fit import FileFit, Worth
from .fit import Parameter
from .units import LEAST_POWER_SHARE, MOST_POWER_SHARE

_METHOD = "non-negative least squares"


@dataclass(frozen=True)
class PowerFile:
    """The fits of all groups, and the one that the scenario takes."""

    units: tuple[UnitPower, ...]
    fit: FileFit | None  # None where nobody said which of several groups it is


def power_fit(config: CalibrateConfig, params: Params) -> PowerFile:
    """Fit the groups of a power file, and a scenario to one of them.

    Raises:
        ConfigError: if the file cannot be used or its unit cannot be W; names the place, the value and the repair.
    """
    units = fit_power_file(config, params)
    names = [unit.group for unit in units]
    if config.power_group is None and len(units) > 1:
        return PowerFile(units, None)
    group = names[0] if config.power_group is None else config.power_group
    if group not in names:
        raise ConfigError(f"power_group={group!r} is no group of the file; {nearest(group, names)}")
    return PowerFile(units, _fit(config, params, units[names.index(group)]))


def _fit(config: CalibrateConfig, params: Params, unit: UnitPower) -> FileFit:
    kind, to_w, path = str(config.carrier), config.power_unit_w, Path(str(config.power_file))
    carrier = params.scenario.carriers[kind]
    watts, extra = unit.watts_per_unit.mapped(to_w), unit.extra.mapped(to_w)
    if not (LEAST_POWER_SHARE <= watts.value / carrier.watts_per_unit <= MOST_POWER_SHARE):
        what = f"{config.power_column} of {unit.group!r} makes {watts.value:.3g} W per unit of TR 38.864"
        repair = (
            f"{kind} is believed to draw {carrier.watts_per_unit:.3g}; give power_unit_w, the W in one unit"
        )
        raise ConfigError(f"{path}: {what}; {repair}")
    scenario = _powered(params.scenario, kind, watts.value, extra.value)
    fixed_w = [sum(site.fixed_power_w for site in s.sites) for s in (params.scenario, scenario)]
    before, after = held_out_error(config, params, unit.group, carrier.watts_per_unit / to_w)
    nan = float("nan")
    source = {
        "file": path.name,
        "file_sha256": sha256_hex(path.read_bytes()),
        "carrier": kind,
        "group": unit.group,
    }
    used = {
        name: getattr(config, name)
        for name in ("load_column", "power_column", "weight_column", "power_unit_w")
    }
    return FileFit(
        source=source | used | {"group_columns": list(config.group_columns), "lines": unit.lines},
        parameters=(
            Parameter(f"carriers.{kind}.watts_per_unit", "W", watts, carrier.watts_per_unit, True, _METHOD),
            Parameter(f"power of a unit of {kind} on top of the model", "W", extra, 0.0, True, _METHOD),
            Parameter("idle over full power", "", unit.idle_share, nan, False, _METHOD),
        ),
        scenario=scenario,
        worth=(Worth("error of power on lines left out", "W of a unit", to_w * before, to_w * after),),
        growth_margin=growth_margin(params.scenario),
        growth_scores=0,
        notes=(f"Fixed power of the sites: {fixed_w[0]:.4g} W before, {fixed_w[1]:.4g} W after.",),
    )


def _powered(scenario: Scenario, kind: str, watts: float, extra_w: float) -> Scenario:
    """Return the scenario with these watts; what a unit draws whatever it does is fixed power of its site."""
    carriers = scenario.carriers | {kind: replace(scenario.carriers[kind], watts_per_unit=watts)}
    sites: tuple[Site, ...] = tuple(
        replace(
            site,
            fixed_power_w=site.fixed_power_w
            + extra_w * sum(list(s.carriers).count(kind) for s in site.sectors),
        )
        for site in scenario.sites
    )
    return replace(scenario, carriers=carriers, sites=sites)
