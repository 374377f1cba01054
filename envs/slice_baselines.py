"""Admission rules on the radio twin that a RAN engineer would respect."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..twin.params import Params
from ..twin.slicing import Tier
from ..twin.types import F64, I64
from .slice_features import by_type, full_mbps, promised_mbps
from .slice_rollout import RollOut
from .slice_world import answerable, free_slots, slices_of
from .window import Window


@dataclass
class AdmitNone:
    """Refuse everybody: no revenue, and no promise to break."""

    name: str = "refuse all"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Refuse everybody."""
        return np.full(slices_of(window).request_kind.shape, Tier.REFUSED, np.int64)


@dataclass
class AdmitAll:
    """Complete sharing: admit in full whatever finds a slot."""

    name: str = "complete sharing"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Admit everybody who asks."""
        return _answers(params, window, np.full(slices_of(window).request_kind.shape, Tier.FULL))


@dataclass
class SliceReservation:
    """Trunk reservation: admit a request in full only if its area then keeps some of its guaranteed traffic free.

    An area is taken to carry ``area_mbps`` of guaranteed traffic. The type that pays best per Mbit/s may use all of it,
    the one that pays least must leave ``reserve`` of it free, the others something between, by rank. Where only the
    reduced tier leaves enough, that is granted; a request that takes a slot must also leave ``slots`` free if its
    type pays least for a slot.
    """

    area_mbps: float = 200.0
    reserve: float = 0.5  # of area_mbps
    slots: float = 6.0  # kept free of the type that pays least per hour
    name: str = "trunk reservation"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Compare what would be promised in each area with what may be."""
        limit = self.area_mbps * (1.0 - self.reserve * _rank(-revenue_per_mbps(params)))
        kept = np.round(self.slots * _rank(-by_type(params, "revenue_per_hour")))
        asks = _Door.of(params, window)
        full = asks.promised + asks.mbps <= limit[asks.kind]
        reduced = asks.promised + asks.mbps * asks.reduced_rate <= limit[asks.kind]
        tier = np.where(full, Tier.FULL, np.where(reduced, Tier.REDUCED, Tier.REFUSED))
        return _answers(params, window, np.where(asks.free > kept[asks.kind], tier, Tier.REFUSED))


@dataclass
class SliceDensity:
    """Revenue density: admit what pays for the guaranteed traffic it takes; the price grows with what is promised.

    A Mbit/s costs ``price`` per hour in an area that has promised ``area_mbps``, and in proportion below and beyond.
    The tier with the larger gain is granted; refused where neither gains, or the revenue is below ``slot_price``.
    """

    price: float = 0.15  # per Mbit/s and hour
    area_mbps: float = 150.0
    slot_price: float = 2.5  # per hour
    name: str = "revenue density"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Compare revenue with price for every request."""
        asks = _Door.of(params, window)
        revenue = by_type(params, "revenue_per_hour")[asks.kind]
        share = by_type(params, "reduced_revenue")[asks.kind]
        gains = [
            rate * revenue
            - self.slot_price
            - self.price * mbps * (asks.promised + mbps) / max(self.area_mbps, 1e-9)
            for rate, mbps in ((1.0, asks.mbps), (share, asks.mbps * asks.reduced_rate))
        ]
        best = np.where(gains[0] >= gains[1], Tier.FULL, Tier.REDUCED)
        return _answers(params, window, np.where(np.maximum(*gains) > 0, best, Tier.REFUSED))


SliceRule = AdmitNone | AdmitAll | SliceReservation | SliceDensity | RollOut


def slice_rules() -> list[SliceRule]:
    """Return the baselines of a network with slices, with the settings that were best on the selection seeds."""
    return [AdmitNone(), AdmitAll(), SliceReservation(), SliceDensity(), RollOut()]


def slice_candidates() -> dict[str, list[SliceRule]]:
    """List the settings that the rules are tuned over."""
    reservations: list[SliceRule] = [
        SliceReservation(area_mbps=mbps, reserve=reserve, slots=slots)
        for mbps, reserve, slots in product((100.0, 150.0, 200.0, 250.0), (0.0, 0.25, 0.5), (2.0, 4.0, 6.0))
    ]
    densities: list[SliceRule] = [
        SliceDensity(price=price, slot_price=slot)
        for price, slot in product((0.05, 0.1, 0.15, 0.2, 0.3), (1.5, 2.5, 4.0))
    ]
    return {"trunk reservation": reservations, "revenue density": densities}


def revenue_per_mbps(params: Params) -> F64:
    """Return what each type pays per hour for one Mbit/s of guaranteed traffic, (K,)."""
    return by_type(params, "revenue_per_hour") / full_mbps(params)


@dataclass(frozen=True)
class _Door:
    """The requests that wait, (B, R) each; of a place where nobody asks the values mean nothing."""

    kind: I64
    mbps: F64  # guaranteed at the full tier
    reduced_rate: F64  # of it, at the reduced tier
    promised: F64  # Mbit/s in the area of the request now
    free: F64  # slots

    @staticmethod
    def of(params: Params, window: Window) -> _Door:
        report = slices_of(window)
        kind = np.maximum(report.request_kind.astype(np.int64), 0)
        area = np.maximum(report.request_area.astype(np.int64), 0)
        return _Door(
            kind,
            full_mbps(params)[kind],
            by_type(params, "reduced_rate")[kind],
            np.take_along_axis(promised_mbps(params, report), area, axis=1),
            np.broadcast_to(free_slots(params, report)[:, None].astype(np.float64), kind.shape),
        )


def _rank(values: F64) -> F64:
    """Return the rank of each value from 0, the least, to 1, the largest."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return order / max(len(values) - 1, 1)


def _answers(params: Params, window: Window, tiers: I64) -> I64:
    return answerable(params, window, tiers.astype(np.int64))
