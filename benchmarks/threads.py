"""Two threads against one: a batch is cut in two, and the kernel runs without the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.state import State

from .against_c import STEPS
from .network import commands, network, started
from .runner import Best, Case, Ratio, arguments, measure, report, timed

TARGET = 1.7
REPLICAS, THREADS = 16, 2


def advance_in_parts(
    pool: ThreadPoolExecutor, params: Params, state: State, command: Command, n_parts: int
) -> None:
    """Move the network on by a control period, a part of the replicas in each thread; the bits stay the same."""
    n = state.n_replicas
    cuts = [n * i // n_parts for i in range(n_parts + 1)]

    def part(i: int) -> None:
        first, last = cuts[i], cuts[i + 1]
        advance(params, state.view(first, last), command.rows(slice(first, last)), STEPS)

    list(pool.map(part, range(n_parts)))


def thread_case(pool: ThreadPoolExecutor, params: Params, n_parts: int) -> Case:
    """Return a case: a control period of the whole batch, cut into so many parts."""
    state, order = started(params, REPLICAS), commands(params, REPLICAS)
    work = timed(_period(pool, params, state, order, n_parts))
    return Case(named(n_parts), work, params.scenario.users.resident * STEPS * REPLICAS)


def _period(
    pool: ThreadPoolExecutor, params: Params, state: State, order: Iterator[Command], n_parts: int
) -> Callable[[], object]:
    return lambda: advance_in_parts(pool, params, state, next(order), n_parts)


def named(n_parts: int) -> str:
    """Name a case."""
    return f"{n_parts} thread{'s' if n_parts > 1 else ''}, B={REPLICAS}"


def ratios(best: dict[str, Best]) -> list[Ratio]:
    """Return the speed of two threads over that of one; only the clock on the wall knows, and it needs idle cores."""
    one, two = best[named(1)], best[named(THREADS)]
    return [
        Ratio("two threads over one", one.wall_s / two.wall_s, TARGET),
        Ratio("the same, were both cores free: by CPU time", THREADS * one.cpu_s / two.cpu_s),
    ]


def main() -> None:
    """Measure and report."""
    options = arguments("threads", __doc__, rounds=200).parse_args()
    if (os.cpu_count() or 1) < THREADS:
        raise SystemExit("skipped: there is one core only")
    params = Params.of(network())
    with ThreadPoolExecutor(THREADS) as pool:
        best = measure([thread_case(pool, params, n) for n in (1, THREADS)], options.rounds)
    report(options.out, best, "UE-step", ratios(best))


if __name__ == "__main__":
    main()
