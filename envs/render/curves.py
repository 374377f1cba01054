"""Which curves and which largest number a picture shows, by what is decided on the network."""

from __future__ import annotations

from dataclasses import dataclass

from ...twin.params import Params
from ..palette import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILION, signed
from ..topics import Topics
from ..trail import Trail

PERCENT = 100.0


@dataclass(frozen=True)
class Curves:
    """Curves of one plot: title with the unit; name in the trail, words and colour of each."""

    title: str
    lines: tuple[tuple[str, str, str], ...]
    scale: float = 1.0
    least_top: float = 1.0  # of the axis


POWER = Curves("Power, W", (("power_w", "", INK),))
LAYERS = Curves("Mean PRB load, %", (("coverage_load", "coverage", BLUE),
                                     ("capacity_load", "capacity", ORANGE)), PERCENT)  # fmt: skip
BALANCE = Curves("PRB load of cells, %", (("fullest", "fullest", VERMILION), ("mean_load", "mean", INK),
                                          ("emptiest", "emptiest", BLUE)), PERCENT)  # fmt: skip
ASLEEP = Curves("Carriers asleep", (("asleep", "", BLUE),), least_top=2.0)
HANDOVERS = Curves("Handovers per period", (("handovers", "all", BLUE),
                                            ("ping_pongs", "ping-pong", VERMILION)))  # fmt: skip
RATE = Curves("Mean user throughput, Mbit/s", (("mbps", "", BLUE),))
LINK = Curves("Mean spectral efficiency, bit/s/Hz", (("efficiency", "", PURPLE),))
MONEY = Curves("Money per hour", (("revenue", "revenue", GREEN), ("penalty", "penalty", VERMILION)))
SLOTS = Curves("Slices served", (("in_full", "in full", BLUE), ("reduced", "reduced", ORANGE)), least_top=2.0)
SHARES = Curves("Mean PRB load, %", (("mean_load", "all", FAINT), ("slice_load", "slices", ORANGE)), PERCENT)


def curves_of(topics: Topics) -> tuple[Curves, ...]:
    """Return the plots: three of one topic, else the most telling of each."""
    if topics.count > 1:
        both = ((POWER, topics.sleep), (LAYERS, topics.sleep), (RATE, topics.patterns and not topics.sleep),
                (HANDOVERS, topics.offsets), (MONEY, topics.slices))  # fmt: skip
        return tuple(curves for curves, is_told in both if is_told)
    if topics.slices:
        return MONEY, SLOTS, SHARES
    if topics.patterns:
        return RATE, LINK, BALANCE
    return (BALANCE, HANDOVERS, RATE) if topics.offsets else (POWER, LAYERS, ASLEEP)


def headline(params: Params, topics: Topics, values: dict[str, float], trail: Trail) -> tuple[str, str]:
    """Return the largest number of a picture, and what it is."""
    if topics.sleep:
        power_w = values["power_w"]
        return f"{power_w:,.0f} W", f"{100 * power_w / params.full_power_w:.0f} % of full power"
    if topics.slices:
        return f"{signed(values['revenue'] - values['penalty'])} /h", _earned(params, trail)
    if topics.patterns:
        return f"{values['mbps']:.1f} Mbit/s", "mean user throughput"
    return f"{100 * values['fullest']:.0f} %", "PRB load of the fullest cell"


def _earned(params: Params, trail: Trail) -> str:
    hours = params.scenario.timing.control_period_s / 3600.0
    sums = [trail.total(name, hours) for name in ("revenue", "penalty")]
    so_far = "" if None in sums else f"; {sums[0] - sums[1]:,.0f} so far".replace("-", "\u2212")  # type: ignore[operator]
    return f"revenue less penalty{so_far}"
