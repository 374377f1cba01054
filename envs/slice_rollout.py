"""Admission by trying it out: every answer is simulated in twins that agree with what was reported."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..twin.command import Command
from ..twin.kernels.slices import CENTRE_X, CENTRE_Y, HOLD_S, KIND
from ..twin.params import Params
from ..twin.seeding import unit
from ..twin.slice_report import SliceReport, area_at, earnings, report_slices
from ..twin.slicing import SECONDS_PER_HOUR, Tier
from ..twin.state import State
from ..twin.sync import Belief, assimilate, expect, first_belief
from ..twin.types import F32, I32, I64, Bool
from .slice_world import answerable, free_slots, slices_of
from .window import Window

_SEED = 4_049  # of the members' random streams; has nothing to do with the network's
_SLOT, _REQUEST, _USER_X, _USER_Y = range(64, 68)  # purposes of random streams, none of the kernel's


@dataclass
class RollOut:
    """Answer each request with the tier that earns most over the next control period in K twins, less its slot.

    The twins follow the reports (``twin/sync.py``); of slices they know type, tier and area, and place the users
    themselves. An admission is granted where it earns ``slot_price`` more per hour than refusing.
    """

    members: float = 8.0  # K
    slot_price: float = 2.5  # per hour
    caution: float = 6.0  # how often a penalty counts
    name: str = "roll-out in the twin"
    _belief: Belief | None = field(default=None, repr=False, compare=False)

    def begin(self, params: Params, n: int) -> None:
        """Forget the twins."""
        self._belief = None

    def actions(self, params: Params, window: Window) -> I64:
        """Try refusing, the full and the reduced tier of every request, one place after the other."""
        self._follow(params, window)
        report = slices_of(window)
        chosen = np.zeros(report.request_kind.shape, np.int64)
        for place in range(params.scenario.slicing.requests):
            asked = (report.request_kind[:, place] >= 0) & (
                free_slots(params, report) > (chosen > 0).sum(axis=1)
            )
            rows = np.flatnonzero(asked)
            if len(rows):
                chosen[rows, place] = self._best(params, rows, chosen[rows], place, report)
        return answerable(params, window, chosen)

    def _follow(self, params: Params, window: Window) -> None:
        """Bring the twins to the end of the period that was reported."""
        command, kpis, k = window.precedent.command, window.kpis, int(self.members)
        if self._belief is None:
            plain = Command(command.carrier_state)
            self._belief = first_belief(params, kpis, plain, k, _SEED)
        else:
            self._belief = assimilate(params, self._belief, kpis, command)
        read_slices(params, self._belief.members, slices_of(window), k)

    def _best(self, params: Params, rows: I64, chosen: I64, place: int, report: SliceReport) -> I64:
        """Return the best tier of one place for some networks, those before it being answered."""
        assert self._belief is not None
        belief = self._belief.rows(rows)
        hours = params.scenario.timing.control_period_s / SECONDS_PER_HOUR
        values = []
        for tier in Tier:
            answers = chosen.copy()
            answers[:, place] = tier
            command = replace(belief.command, admit=answers.astype(np.int8))
            members, _ = expect(params, belief, command)
            revenue, penalty = earnings(params, report_slices(params, members))
            net = (revenue - self.caution * penalty).reshape(len(rows), -1).mean(axis=1) / hours
            values.append(net - self.slot_price * (tier != Tier.REFUSED))
        return np.argmax(np.stack(values, axis=1), axis=1)


def read_slices(params: Params, members: State, report: SliceReport, n_members: int) -> None:
    """Take over what is reported of slices: who is served, and who asks; places within an area are drawn.

    A slice keeps its place in a member from period to period.

    Args:
        params: the twin.
        members: (B * K) states, changed in place.
        report: (B) of the management system.
        n_members: K.
    """
    spread, arrays = np.repeat(np.arange(report.n_replicas), n_members), members.arrays
    area, kind = report.area[spread], report.kind[spread]
    elsewhere = area_at(params, arrays.slot_xy) != area
    moved = (kind >= 0) & ((kind != arrays.slot_kind) | elsewhere)
    _place(params, members, moved, area)
    if arrays.queue.shape[1] > 0:  # what waits stays with a slice
        waiting = arrays.queue[:, params.arrays.slice_first :]
        waiting[np.repeat(moved | (kind < 0), params.arrays.slice_users, axis=1)] = 0.0
    arrays.slot_kind[:] = kind
    arrays.slot_tier[:] = report.tier[spread]
    arrays.slot_left_s[:] = report.left_hours[spread] * np.float32(SECONDS_PER_HOUR)
    xy = _somewhere(params, members, np.maximum(report.request_area[spread], 0), _REQUEST)
    arrays.request[:, :, KIND] = report.request_kind[spread]
    arrays.request[:, :, CENTRE_X], arrays.request[:, :, CENTRE_Y] = xy[..., 0], xy[..., 1]
    arrays.request[:, :, HOLD_S] = report.request_hours[spread] * np.float32(SECONDS_PER_HOUR)


def _place(params: Params, members: State, moved: Bool, area: I32) -> None:
    """Put the users of some slots (B * K, N) somewhere in the area of each."""
    arrays, slicing = members.arrays, params.scenario.slicing
    xy = _somewhere(params, members, np.maximum(area, 0), _SLOT)
    arrays.slot_xy[moved] = xy[moved]
    users, width = slicing.users_per_slot, np.float32(params.scenario.width_m)
    who, first = np.arange(slicing.n_users, dtype=np.int64), params.n_users - slicing.n_users
    rows = np.repeat(moved, users, axis=1)
    for axis, (name, purpose) in enumerate((("user_x", _USER_X), ("user_y", _USER_Y))):
        away = np.float32(slicing.radius_m) * (2 * _uniform(members, who, purpose) - 1)
        placed = np.clip(np.repeat(xy[:, :, axis], users, axis=1) + away, 0, width)
        values = getattr(arrays, name)[:, first:]
        values[rows] = placed[rows]
    for name, nothing in (("serving", -1), ("left", -1), ("ttt_s", 0)):
        getattr(arrays, name)[:, first:][rows] = nothing


def _somewhere(params: Params, members: State, area: I32, purpose: int) -> F32:
    """Return the centre of a pixel in each area, drawn by member, time and position, (B * K, n, 2) m."""
    arrays = params.arrays
    order = np.argsort(arrays.pixel_area, kind="stable")
    count = np.bincount(arrays.pixel_area, minlength=params.n_areas)
    first = np.cumsum(count) - count
    uniform = _uniform(members, np.arange(area.shape[1], dtype=np.int64), purpose)
    pixel = order[first[area] + np.minimum((uniform * count[area]).astype(np.int64), count[area] - 1)]
    column, row = pixel % arrays.n_x, pixel // arrays.n_x
    return ((np.stack([column, row], axis=-1) + 0.5) * arrays.pixel_m).astype(np.float32)


def _uniform(members: State, entity: I64, purpose: int) -> F32:
    return unit(members.arrays.key[:, None], members.arrays.step[:, None], entity[None, :], purpose)
