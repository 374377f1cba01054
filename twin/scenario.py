"""What a network is made of, as plain data: the schema behind ``conf/scenario/*.yaml``.

Every field has a unit in its name or comment. Values that no public source gives are marked *assumption*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .area_load import AREAS
from .backhaul import Backhaul, Core
from .beam_pattern import standard_pattern
from .checks import one_of
from .failures import Failures
from .link import n_prb
from .outdoor_to_indoor import IRR_GLASS_DB
from .power_models import check_power_model
from .radio_scenario import canonical
from .ranges import require_in_range
from .scenario_checks import check_law, check_map, check_room
from .scenario_ranges import RANGES
from .sector import Sector
from .services import Traffic
from .sleep import Sleep
from .slicing import Slicing
from .surge import Surge
from .traffic import load_profile

LAYERS = ("coverage", "capacity")
FIDELITIES = ("A", "B")  # of the radio map, see `level_b_map.py`


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class Timing:
    """The three clocks of a scenario, in seconds; each divides the next."""

    twin_step_s: float = 60.0
    control_period_s: float = 300.0
    episode_s: float = 86_400.0

    def __post_init__(self) -> None:
        require_in_range(RANGES["Timing"], self, "timing.")
        for short, long in (("twin_step_s", "control_period_s"), ("control_period_s", "episode_s")):
            ratio = getattr(self, long) / getattr(self, short)
            _require(
                ratio >= 1 and math.isclose(ratio, round(ratio)),
                f"timing.{long}={getattr(self, long)} is not a whole multiple of {short}={getattr(self, short)}",
            )

    @property
    def steps_per_period(self) -> int:
        """Twin steps in one control period."""
        return round(self.control_period_s / self.twin_step_s)

    @property
    def periods_per_episode(self) -> int:
        """Control periods in one episode."""
        return round(self.episode_s / self.control_period_s)


@dataclass(frozen=True)
class Carrier:
    """One kind of carrier; a sector lists the carriers it has."""

    layer: str  # "coverage" never sleeps, "capacity" may
    fc_ghz: float
    bandwidth_mhz: int
    scs_khz: int
    tx_power_dbm: float  # total over the carrier
    n_elements: int  # vertical elements of the column (TR 38.901 7.3)
    tilt_deg: float  # zenith angle of the main lobe, 90 = horizon
    beamforming_gain_db: float  # data beams above the sector pattern
    mimo_layers: float  # mean spatial layers on the carrier
    dl_share: float  # share of symbols for the downlink
    reference_set: int  # TR 38.864 table 5.1-1
    watts_per_unit: float  # W per relative power unit, assumption
    cell_offset_db: float  # Ocn of TS 38.331 5.5.4.4
    min_rsrp_dbm: float  # a cell weaker than this is not a candidate
    patterns: tuple[
        str, ...
    ] = ()  # broadcast patterns to choose from beside the planned one (``beam_pattern.py``)
    power_category: int = 1  # TR 38.864 table 5.1-1
    power_model: str = "tr38864"  # or "earth", see ``power_tables.py``
    earth_station: str = "macro"  # of the power model "earth"
    idle_share: float = 0.0  # of the full power, drawn without traffic; 0 for what TR 38.864 gives

    def __post_init__(self) -> None:
        _require(self.layer in LAYERS, f"carrier.layer={self.layer!r}; use one of {LAYERS}")
        for name in self.patterns:
            standard_pattern(name)  # says which there are
        _require(
            not self.patterns or self.n_elements > 0,
            "carrier.patterns need an antenna: n_elements is 0, omnidirectional",
        )
        station = (self.power_category, self.reference_set)
        check_power_model(self.power_model, station, self.earth_station, self.idle_share)
        require_in_range(RANGES["Carrier"], self, "carrier.")
        try:
            n_prb(self.bandwidth_mhz, self.scs_khz)
        except ValueError as error:
            where = f"carrier.bandwidth_mhz={self.bandwidth_mhz}, carrier.scs_khz={self.scs_khz}"
            raise ValueError(f"{where}: {error} (TS 38.101-1 table 5.3.2-1)") from error


@dataclass(frozen=True)
class Site:
    """One place with sectors; the fixed power is drawn whatever sleeps."""

    name: str
    x_m: float
    y_m: float
    height_m: float
    propagation: str  # TR 38.901 scenario name
    fixed_power_w: float
    sectors: tuple[Sector, ...]
    backhaul: Backhaul = field(default_factory=Backhaul)
    area: str = ""  # kind of area around it, a week of its own (``area_load.AREAS``); without any site's, all are alike

    def __post_init__(self) -> None:
        _require(len(self.sectors) > 0, f"site {self.name!r} has no sectors")
        require_in_range(RANGES["Site"], self, f"site {self.name!r}: ")
        one_of(f"site {self.name!r}: area", self.area or "mixed", AREAS)
        try:
            canonical(self.propagation)
        except ValueError as error:
            raise ValueError(f"site {self.name!r}: propagation: {error}") from error


@dataclass(frozen=True)
class Users:
    """Who uses the network. ``crowd`` users carry traffic only while a surge lasts."""

    resident: int = 72
    crowd: int = 24  # half for surges of the law, half for injected ones
    height_m: float = 1.5
    speed_kmh: float = 3.0
    indoor_share: float = 0.7
    high_loss_share: float = 0.2  # of the indoor users (TR 38.901 7.4.3)
    max_indoor_loss_db: float = 25.0  # deeper users are on in-building systems, assumption
    weight_spread: float = 0.5  # standard deviation of a user's log demand, assumption
    vehicle_share: float = 0.0  # of the residents
    vehicle_speed_kmh: float = 30.0
    glass_release: str = "rel17"  # of infrared-reflecting glass, or "rel19" (TR 38.901 table 7.4.3-1)

    def __post_init__(self) -> None:
        one_of("users.glass_release", self.glass_release, tuple(IRR_GLASS_DB))
        require_in_range(RANGES["Users"], self, "users.")
        _require(
            (self.resident + self.crowd) % 8 == 0, "users.resident + users.crowd must be a multiple of 8"
        )
        _require(self.crowd % 2 == 0, f"users.crowd={self.crowd} must be even")

    @property
    def n_vehicles(self) -> int:
        """How many of the residents are in vehicles; the first ones."""
        return round(self.vehicle_share * self.resident)


@dataclass(frozen=True)
class Load:
    """Offered traffic: area mean x hour-of-day profile x slow noise.

    ``profile`` has one row per day; a replica keeps its row. The default is the hour-of-day law of ``traffic.py``.
    """

    full_load_mbps: float  # traffic of one area at a PRB load of 1
    station_load_quantiles: tuple[float, float, float]  # p25, p50, p75 of a station's mean load
    profile: tuple[tuple[float, ...], ...] = ()  # (days, slots), mean 1; empty means the ITU 2023 law
    noise_sigma: float = 0.15  # of log demand
    noise_correlation_s: float = 1800.0
    scale: float = 1.0  # of everything offered; a reality gap sets it
    buffer_s: float = 0.0  # of the guaranteed rate, that can wait for each user; 0 loses it at once

    def __post_init__(self) -> None:
        require_in_range(RANGES["Load"], self, "load.")
        q = self.station_load_quantiles
        _require(q[0] <= q[1] <= q[2], f"load.station_load_quantiles={q} must be positive and ascending")
        load_profile(self.profile)


@dataclass(frozen=True)
class Sla:
    """What users are promised, judged once per control period."""

    guaranteed_mbps: float  # of every active user
    max_below_frac: float  # users below the guarantee
    coverage_rsrp_dbm: float
    max_uncovered_frac: float
    max_blocked_frac: float  # of offered traffic

    def __post_init__(self) -> None:
        require_in_range(RANGES["Sla"], self, "sla.")


@dataclass(frozen=True)
class Handover:
    """Event A3 (TS 38.331 5.5.4.4)."""

    offset_db: float = 2.0
    hysteresis_db: float = 1.0
    time_to_trigger_s: float = 0.16
    ping_pong_s: float = (
        1.0  # a return within this time is one (TR 36.839); within a twin step where that is longer
    )

    def __post_init__(self) -> None:
        require_in_range(RANGES["Handover"], self, "handover.")


@dataclass(frozen=True)
class Faults:
    """Telemetry faults, per cell and report."""

    loss_prob: float = 0.0
    freeze_prob: float = 0.0
    delay_periods: int = 0
    lost_when_cut_off: bool = False  # whether a site whose transport is down reports nothing

    def __post_init__(self) -> None:
        require_in_range(RANGES["Faults"], self, "faults.")


@dataclass(frozen=True)
class Scenario:
    """A network, its users and its promises."""

    name: str
    width_m: float
    pixel_m: float
    radio_seed: int
    noise_figure_db: float
    noise_rise_db: float  # interference from outside the map, assumption
    shadowing: bool
    carriers: dict[str, Carrier]
    sites: tuple[Site, ...]
    users: Users
    load: Load
    surge: Surge
    sla: Sla
    timing: Timing
    handover: Handover
    sleep: Sleep
    faults: Faults
    slicing: Slicing = field(default_factory=Slicing)
    failures: Failures = field(default_factory=Failures)
    traffic: Traffic = field(default_factory=Traffic)
    fidelity: str = "A"
    core: Core = field(default_factory=Core)

    def __post_init__(self) -> None:
        require_in_range(RANGES["Scenario"], self, "")
        pixels = self.width_m / self.pixel_m
        _require(
            pixels >= 1 and math.isclose(pixels, round(pixels)),
            f"width_m={self.width_m} is not a whole multiple of pixel_m={self.pixel_m}",
        )
        for name in ("speed_kmh", "vehicle_speed_kmh"):
            speed_kmh = getattr(self.users, name)
            crosses = speed_kmh / 3.6 * self.timing.twin_step_s >= self.width_m
            used = name == "speed_kmh" or self.users.vehicle_share > 0
            _require(not (used and crosses), f"users.{name}={speed_kmh} crosses the map in one step")
        _require(self.fidelity in FIDELITIES, f"fidelity={self.fidelity!r}; use one of {FIDELITIES}")
        names = [site.name for site in self.sites]
        _require(len(set(names)) == len(names), f"site names repeat: {names}")
        self.failures.require_sites(names)
        for site in self.sites:
            for name in (c for sector in site.sectors for c in sector.carriers):
                known = sorted(self.carriers)
                _require(name in known, f"site {site.name!r}: carrier {name!r} is not one of {known}")
        layers = {self.carriers[c].layer for s in self.sites for sec in s.sectors for c in sec.carriers}
        _require("coverage" in layers, "no coverage carrier: somebody must never sleep")
        self._require_whole()

    def _require_whole(self) -> None:
        """Refuse parts that do not go together: a map too large, sites no law covers, demand that nobody could make."""
        cells = [self.carriers[c] for site in self.sites for sector in site.sectors for c in sector.carriers]
        check_map(self.width_m, self.pixel_m, sum(1 + len(carrier.patterns) for carrier in cells))
        for site in self.sites:
            heights_m = (site.height_m, self.users.height_m)
            check_law(f"site {site.name!r}", site.propagation, heights_m, self.fidelity)
        for name, carrier in self.carriers.items():
            width = (carrier.bandwidth_mhz, carrier.scs_khz)
            check_room(f"carriers.{name}", width, carrier.dl_share, self.sleep.periods_ms)
        self.slicing.arrival_probabilities(self.timing.control_period_s)
        areas = sum(carrier.layer == "coverage" for carrier in cells)
        user_mbps = self.load.full_load_mbps * areas / self.users.resident
        self.traffic.table(self.timing.twin_step_s, user_mbps)
