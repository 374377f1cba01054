"""What the parts of a scenario must have in common: a map that fits memory, laws that know every site, room for SSB."""

from __future__ import annotations

from .angular_spread import departure_law
from .link import n_prb
from .propagation import los_probability
from .ssb import DEFAULT_PERIOD_MS, burst_share_ms

MOST_PIXELS = 4_000_000
MOST_GAINS = 200_000_000  # pixels x patterns of all cells; the map takes 3 bytes of each, making it about 20


def check_map(width_m: float, pixel_m: float, patterns: int) -> None:
    """Refuse a map with more pixels, or more gains of a pixel and a pattern, than a computer should hold.

    Args:
        width_m, pixel_m: of the map, one a whole multiple of the other.
        patterns: of all cells, the planned ones too; 1 or more.

    Raises:
        ValueError: naming ``pixel_m`` and the least that fits.
    """
    side = round(width_m / pixel_m)
    most = min(MOST_PIXELS, MOST_GAINS // patterns)
    if side * side > most:
        raise ValueError(
            f"pixel_m={pixel_m} makes {side:,} x {side:,} pixels of width_m={width_m}, and there are {patterns:,} "
            f"patterns of cells: give a pixel_m of at least {width_m / most**0.5:.3g}, or a smaller width_m"
        )


def check_law(where: str, law: str, heights_m: tuple[float, float], fidelity: str) -> None:
    """Refuse a site that no law of the radio covers.

    Args:
        where: what the site is called.
        law: its scenario of TR 38.901.
        heights_m: of the site and of the users.
        fidelity: of the radio map.

    Raises:
        ValueError: naming the site, the fields and their values.
    """
    where, (bs_m, ut_m) = f"{where}, propagation={law!r}", heights_m
    try:
        los_probability(law, 1.0, ut_m, bs_m)
    except ValueError as error:
        raise ValueError(f"{where}, height_m={bs_m}, users.height_m={ut_m}: {error}") from error
    if fidelity == "B":
        try:
            departure_law(law, "los", 1.0)
        except ValueError as error:
            raise ValueError(f'{where}, fidelity="B": {error}: take fidelity "A"') from error


def check_room(where: str, width: tuple[int, int], dl_share: float, periods_ms: tuple[float, ...]) -> None:
    """Refuse a carrier whose SSB leave nothing of its downlink, if they may come at another period than usual.

    The usable bandwidth of TS 38.306 counts the usual one; others are told by the ratio of what they leave.

    Args:
        where: what the carrier is called.
        width: its ``bandwidth_mhz`` and ``scs_khz``.
        dl_share: of its symbols.
        periods_ms: between its bursts, that it may have.

    Raises:
        ValueError: naming the carrier, the fields and their values.
    """
    least_ms = min(DEFAULT_PERIOD_MS, *periods_ms)
    taken_ms = burst_share_ms(n_prb(*width), width[1], dl_share)
    usual = set(periods_ms) == {DEFAULT_PERIOD_MS} and taken_ms != least_ms
    if taken_ms >= least_ms and not usual:
        raise ValueError(
            f"{where}: bandwidth_mhz={width[0]}, dl_share={dl_share}: SSB every {least_ms:g} ms leave nothing of the "
            "downlink: raise one of them, or sleep.ssb_period_ms"
        )
