"""Sharing radio resources between slices: `RRMPolicyRatio` of TS 28.541 clause 4.3.36 and its law.

Dedicated resources are kept for a slice even while it does not use them, prioritised ones (up to the minimum ratio) are
its own when it needs them and lent out otherwise, and no slice passes its maximum ratio (clause 4.3.36.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import fraction, one_of, positive, within
from .types import F64

RESOURCE_TYPES = ("PRB", "PRB_UL", "PRB_DL", "RRC_CONNECTED_USERS", "DRB")
PRB_BANDWIDTH_15_KHZ = 180e3  # Hz


@dataclass(frozen=True)
class RRMPolicyRatio:
    """Ratios of one slice in percent; ValueError unless 0 <= dedicated <= min <= max <= 100."""

    resourceType: str = "PRB"
    rRMPolicyMaxRatio: float = 100.0
    rRMPolicyMinRatio: float = 0.0
    rRMPolicyDedicatedRatio: float = 0.0

    def __post_init__(self) -> None:
        one_of("resourceType", self.resourceType, RESOURCE_TYPES)
        dedicated, least, most = (
            self.rRMPolicyDedicatedRatio,
            self.rRMPolicyMinRatio,
            self.rRMPolicyMaxRatio,
        )
        if not (0.0 <= dedicated <= least <= most <= 100.0):
            raise ValueError(
                f"dedicated {dedicated}, min {least}, max {most} %: "
                "order them 0 <= dedicated <= min <= max <= 100"
            )


def policy_ratios(policies: list[RRMPolicyRatio]) -> tuple[F64, F64, F64]:
    """Return the minimum, maximum and dedicated shares of a cell in [0, 1], each (K,).

    Raises ValueError when the policies mix resource types or promise more than the cell has.
    """
    kinds = {policy.resourceType for policy in policies}
    if len(kinds) > 1:
        raise ValueError(
            f"policies of one cell mix resource types {sorted(kinds)}: share each type by itself"
        )
    table = np.array(
        [
            (policy.rRMPolicyMinRatio, policy.rRMPolicyMaxRatio, policy.rRMPolicyDedicatedRatio)
            for policy in policies
        ]
    ).reshape(-1, 3)
    least, most, dedicated = table.T / 100.0
    _refuse_oversold(least)
    return least, most, dedicated


def share_prbs(
    need: ArrayLike,
    min_ratio: ArrayLike,
    max_ratio: ArrayLike,
    dedicated_ratio: ArrayLike,
    whole: float = 1.0,
) -> F64:
    """Return the share of the resource blocks that each slice may use, (..., K).

    1. Dedicated shares are set aside, used or not.
    2. Each slice is granted its need up to its minimum (and maximum) share.
    3. What is left goes to the unmet needs in proportion to them, up to the maximum shares; what a capped slice
       cannot take goes round again. K rounds suffice, for each that does not end it satisfies one slice.

    Given shares include dedicated blocks only as far as they are needed: the rest stays idle. Their sum is at
    most ``whole``, none passes its maximum, none lies below its minimum while it needs that much, and all needs
    up to the maxima are met while blocks last that are not dedicated to another.

    Args:
        need: (..., K) share of the blocks that would serve all that waits, 0 or more, finite.
        min_ratio, max_ratio, dedicated_ratio: shares in [0, 1] that broadcast to (..., K).
        whole: share of the blocks that there is for all of them.

    Raises:
        ValueError: on a share out of range, dedicated <= min <= max violated, or minima above ``whole`` in sum.
    """
    wanted, least, most, dedicated = np.broadcast_arrays(
        within("need", need, 0.0),
        fraction("min_ratio", min_ratio),
        fraction("max_ratio", max_ratio),
        fraction("dedicated_ratio", dedicated_ratio),
    )
    if not np.all((dedicated <= least) & (least <= most)):
        raise ValueError("RRM policy ratios are out of order: each slice needs dedicated <= min <= max")
    _refuse_oversold(least, whole)
    target = np.minimum(wanted, most)
    given = np.minimum(target, least)
    reserved = np.maximum(given, dedicated)  # what others cannot have
    left = np.maximum(whole - reserved.sum(axis=-1, keepdims=True), 0.0)
    for _ in range(wanted.shape[-1]):
        room = target - given
        weight = np.where(room > 0.0, wanted - given, 0.0)  # unmet need, with what the maximum will refuse
        total = weight.sum(axis=-1, keepdims=True)
        part = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0.0)
        more = np.minimum(part * left, room)
        given = np.where(more >= room, target, given + more)
        left = np.maximum(left - more.sum(axis=-1, keepdims=True), 0.0)
    return given


@dataclass(frozen=True)
class CellShares:
    """What ``share_cell`` decides, as shares of a cell's resource blocks."""

    given: F64  # (..., K), used by each slice
    held: F64  # (..., K), the same with dedicated blocks that stay idle
    open: F64  # (..., K), what a slice could use before it meets another's blocks: the server of its queue
    others: F64  # (...,), what is left to everybody else


def share_cell(
    need: ArrayLike,
    others_need: ArrayLike,
    policies: tuple[F64, F64, F64],
    guaranteed: ArrayLike,
    most: float,
) -> CellShares:
    """Share a cell among slices with and without a guaranteed rate and everybody else.

    1. ``share_prbs`` among the slices, of the ``most`` that they may be guaranteed together: those with a guaranteed
       rate (GBR) bring all they need, the others only what their minimum covers.
    2. ``share_prbs`` of what that leaves, among the unmet needs of slices without a guarantee and of everybody else.

    Args:
        need: (..., K) share of the blocks that would serve each slice.
        others_need: (...,) the same of everybody else, who has no quota.
        policies: minimum, maximum and dedicated shares, (K,) each; the minima add up to at most ``most``.
        guaranteed: (K,) which slices are GBR.
        most: share that slices may be guaranteed together, in (0, 1].

    Raises:
        ValueError: see ``share_prbs``.
    """
    wanted, gbr = np.asarray(need, np.float64), np.asarray(guaranteed, np.bool_)
    least, cap, dedicated = policies
    first = share_prbs(np.where(gbr, wanted, np.minimum(wanted, least)), least, cap, dedicated, most)
    held = np.maximum(first, dedicated)
    pool = np.maximum(most - held.sum(axis=-1, keepdims=True), 0.0)
    rest = np.asarray(others_need, np.float64)[..., None]
    nothing = np.zeros_like(rest)
    second = share_prbs(
        np.concatenate([np.where(gbr, first, wanted), rest], axis=-1),
        np.concatenate([held, nothing], axis=-1),
        np.concatenate([np.where(gbr, held, cap), nothing + 1.0], axis=-1),
        np.concatenate([np.broadcast_to(dedicated, held.shape), nothing], axis=-1),
        max(1.0, float(held.sum(axis=-1).max(initial=0.0))),
    )
    given = second[..., :-1]
    held = np.maximum(given, dedicated)
    others = np.maximum(1.0 - held.sum(axis=-1), 0.0)
    spare = np.maximum(others - second[..., -1], 0.0)[..., None]
    return CellShares(given, held, np.minimum(cap, held + np.where(gbr, pool, spare)), others)


def _refuse_oversold(least: F64, whole: float = 1.0) -> None:
    total = np.max(least.sum(axis=-1), initial=0.0)
    if not (total <= whole + 1e-12):
        raise ValueError(
            f"minimum ratios add up to {100.0 * total:g} % of the cell: "
            f"lower rRMPolicyMinRatio to {100.0 * whole:g} % in sum"
        )


def prb_per_admission(
    rate_mbps: ArrayLike, efficiency_bps_hz: ArrayLike, overhead: float = 0.14, layers: float = 1.0
) -> F64:
    """Return the resource blocks that a guaranteed rate takes: rate / (layers SE 180 kHz (1 - OH)).

    At 30 kHz spacing divide by 2: a block is twice as wide. Infinite where the efficiency is 0.

    Args:
        rate_mbps: guaranteed rate, 0 or more.
        efficiency_bps_hz: spectral efficiency per layer, 0 or more; broadcasts with the rate.
        overhead: OH of TS 38.306 clause 4.1.2, in [0, 1).
        layers: spatial layers, above 0.
    """
    rate = 1e6 * within("rate_mbps", rate_mbps, 0.0)
    efficiency = within("efficiency_bps_hz", efficiency_bps_hz, 0.0)
    if not (0.0 <= overhead < 1.0):
        raise ValueError(f"overhead = {overhead} is not a fraction: give a value in [0, 1)")
    per_block = efficiency * float(positive("layers", layers)) * PRB_BANDWIDTH_15_KHZ * (1.0 - overhead)
    blocks = np.divide(
        rate, per_block, out=np.full(np.broadcast(rate, per_block).shape, np.inf), where=per_block > 0
    )
    return np.where(rate == 0.0, 0.0, blocks)
