"""Transport as a tree of links: F1 and backhaul towards the user plane function, their sharing and their delay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import one_of, positive, within
from .types import F64, I64


@dataclass(frozen=True)
class Link:
    """A link from one node towards the core; the link whose parent is None ends at the user plane function.

    The capacity of the user plane function is that of a last link of its own. ValueError on an impossible value.
    """

    name: str
    parent: str | None
    capacity_mbps: float
    delay_ms: float = 0.0  # one way, without queueing; see `transport`
    buffer_ms: float = 50.0  # longest queueing delay, what does not fit is dropped

    def __post_init__(self) -> None:
        positive(f'link "{self.name}" capacity_mbps', self.capacity_mbps)
        within(f'link "{self.name}" delay_ms', self.delay_ms, 0.0)
        within(f'link "{self.name}" buffer_ms', self.buffer_ms, 0.0)


@dataclass(frozen=True)
class Carried:
    """What a tree does with its traffic."""

    carried_mbps: F64  # (..., N) of what enters at each node
    load_frac: F64  # (..., N) of each link: offered to it / capacity; above 1 it drops
    delay_ms: F64  # (..., N) one way from each node to the core


class TransportTree:
    """A checked tree of links, (N,); traffic enters at any node and runs to the core."""

    def __init__(self, links: Sequence[Link]) -> None:
        """Check that names are unique, parents exist and every path ends at the core.

        Raises:
            ValueError: naming the double name, the unknown parent with the nearest known one, or the cycle.
        """
        self.names = tuple(link.name for link in links)
        if len(set(self.names)) < len(self.names):
            double = next(name for name in self.names if self.names.count(name) > 1)
            raise ValueError(f'two links are called "{double}": rename one')
        for link in links:
            if link.parent is not None:
                one_of(f'parent of link "{link.name}"', link.parent, self.names)
        place = {name: index for index, name in enumerate(self.names)}
        self.parent: I64 = np.array(  # (N,), -1 at the core
            [-1 if link.parent is None else place[link.parent] for link in links], dtype=np.int64
        )
        self.order: I64 = self._core_first()  # (N,) every parent before its children
        self.capacity_mbps: F64 = np.array([link.capacity_mbps for link in links])
        self.delay_ms: F64 = np.array([link.delay_ms for link in links])
        self.buffer_ms: F64 = np.array([link.buffer_ms for link in links])

    def _core_first(self) -> I64:
        depth = np.full(len(self.names), -1)
        for start in range(len(self.names)):
            path: list[int] = []
            node = start
            while node >= 0 and depth[node] < 0:
                if node in path:
                    cycle = [self.names[index] for index in [*path[path.index(node) :], node]]
                    raise ValueError(
                        f"links form a cycle {' -> '.join(cycle)}: let one of them end at the core"
                    )
                path.append(node)
                node = int(self.parent[node])
            above = -1 if node < 0 else int(depth[node])
            for index, member in enumerate(reversed(path)):
                depth[member] = above + 1 + index
        return np.argsort(depth, kind="stable").astype(np.int64)

    def carry(self, offered_mbps: ArrayLike, packet_bytes: float = 1500.0) -> Carried:
        """Return what arrives at the core, the load of the links and the delay of each node.

        From the leaves to the core, a link that is offered more than its capacity cuts all its traffic by the
        same factor, so nobody behind it is favoured. Queueing on a link is that of M/M/1, load / (1 - load)
        packet times (Kleinrock, Queueing Systems vol. I, 1975, section 3.2), at most the time its buffer holds.

        Args:
            offered_mbps: (..., N) rate that enters at each node, 0 or more.
            packet_bytes: mean packet size.

        Raises:
            ValueError: on a wrong number of nodes, or a negative or non-finite rate.
        """
        own = within("offered_mbps", offered_mbps, 0.0)
        if own.shape[-1:] != (len(self.names),):
            raise ValueError(f"offered_mbps {own.shape} must end in one rate per link, ({len(self.names)},)")
        through = own.copy()  # what each link is offered
        passes = np.ones_like(own)  # share of it that gets through
        for node in self.order[::-1]:
            passes[..., node] = np.minimum(
                self.capacity_mbps[node] / np.maximum(through[..., node], 1e-300), 1.0
            )
            if self.parent[node] >= 0:
                through[..., self.parent[node]] += through[..., node] * passes[..., node]
        load = through / self.capacity_mbps
        delay = self.delay_ms + self._queueing_ms(load, float(positive("packet_bytes", packet_bytes)))
        for node in self.order:
            if self.parent[node] >= 0:
                passes[..., node] *= passes[..., self.parent[node]]
                delay[..., node] += delay[..., self.parent[node]]
        return Carried(own * passes, load, delay)

    def _queueing_ms(self, load: F64, packet_bytes: float) -> F64:
        packet_ms = 8e-3 * packet_bytes / self.capacity_mbps
        idle = 1.0 - np.minimum(load, 1.0)
        waiting = np.divide(load * packet_ms, idle, out=np.full(load.shape, math.inf), where=idle > 0.0)
        return np.minimum(waiting, self.buffer_ms)
