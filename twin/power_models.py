"""Which power models a carrier may name, and what each of them needs."""

from __future__ import annotations

from .earth import earth_station
from .power import POWER_LEVELS

POWER_MODELS = ("tr38864", "earth")  # see ``power_tables.py``


def check_power_model(model: str, station: tuple[int, int], earth: str, idle_share: float) -> None:
    """Refuse what no power model knows.

    Args:
        model: one of ``POWER_MODELS``.
        station: ``power_category`` and ``reference_set`` of TR 38.864 table 5.1-1.
        earth: kind of EARTH station.
        idle_share: of the full power, drawn without traffic; 0 for that of the model.

    Raises:
        ValueError: naming the field of the carrier, its value and what there is.
    """
    if model not in POWER_MODELS:
        raise ValueError(f"carrier.power_model={model!r}; use one of {POWER_MODELS}")
    if station not in POWER_LEVELS:
        raise ValueError(
            f"carrier.power_category={station[0]}, reference_set={station[1]} is not in TR 38.864 table 5.1-1: "
            "use category 1 or 2 and set 1, 2 or 3"
        )
    try:
        earth_station(earth)
    except ValueError as error:
        raise ValueError(f"carrier.earth_station: {error}") from error
    if not (0.0 <= idle_share < 1.0):
        raise ValueError(f"carrier.idle_share={idle_share} is outside [0, 1)")
    if model == "earth" and idle_share > 0.0:
        raise ValueError(
            f'carrier.idle_share={idle_share} is for TR 38.864: leave it out with power_model "earth"'
        )
