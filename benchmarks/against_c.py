"""The twin's kernel against the same arithmetic as a plain C loop, on one thread."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ranrein.twin.advance import check_command
from ranrein.twin.command import Command
from ranrein.twin.kernels.direct import direct
from ranrein.twin.kernels.layout import make_scratch
from ranrein.twin.kernels.step import advance_replicas
from ranrein.twin.params import Params
from ranrein.twin.state import State

from .c_kernel import SAME_BITS, Bind, Step, build, compiler
from .network import commands, network, started
from .runner import Best, Case, Ratio, arguments, measure, report, timed

TARGET = 0.6
STEPS = 5  # twin steps in a control period
BATCHES = (1, 8)
TWIN, SAME, FUSED = "twin", "C, same bits", "C, fused multiply-add"
STILL = "twin, nobody walks"  # the gain map is then read from the caches: the difference is what memory costs


def bind_twin(params: Params, state: State) -> Step:
    """Bind the twin to a state and its working space once, as the C loop is bound, and environments bind it."""
    first, space = Command.all_active(state.n_replicas, params.n_cells), make_scratch(state.arrays)
    run = direct(advance_replicas, params.arrays, state.arrays, first.settings, 1, space)

    def step(command: Command, n_steps: int) -> None:
        check_command(params, command, state.n_replicas)
        run(params.arrays, state.arrays, command.settings, n_steps, space)

    return step


def step_case(name: str, bind: Bind, params: Params, n_replicas: int, periods: int) -> Case:
    """Return a case: so many control periods under changing commands."""
    step, command = bind(params, started(params, n_replicas)), commands(params, n_replicas)
    residents = params.scenario.users.resident
    work = timed(lambda: step(next(command), STEPS), periods)
    return Case(f"{name}, B={n_replicas}", work, residents * STEPS * n_replicas * periods)


def c_loops(folder: Path) -> dict[str, Bind]:
    """Return the C loop with the twin's bits, and with the fused operations that a C programmer would allow."""
    return {SAME: build(folder, SAME_BITS), FUSED: build(folder)}


def ratios(best: dict[str, Best]) -> list[Ratio]:
    """Return the twin's speed over each C loop's, in CPU time."""
    return [
        Ratio(f"twin over {c}, B={b}", best[f"{c}, B={b}"].cpu_s / best[f"{TWIN}, B={b}"].cpu_s, TARGET)
        for c in (SAME, FUSED)
        for b in BATCHES
    ]


def main() -> None:
    """Measure and report."""
    options = arguments("against_c", __doc__, rounds=40).parse_args()
    if compiler() is None:
        raise SystemExit("skipped: there is no C compiler here; install one, or name it in the variable CC")
    params = Params.of(network())
    with tempfile.TemporaryDirectory() as folder:
        loops = {TWIN: bind_twin, **c_loops(Path(folder))}
        cases = [step_case(name, loop, params, b, 8 // b) for b in BATCHES for name, loop in loops.items()]
        cases.append(
            step_case(STILL, bind_twin, replace(params, arrays=params.arrays._replace(move_m=0.0)), 8, 1)
        )
        best = measure(cases, options.rounds)
    report(options.out, best, "UE-step", ratios(best))


if __name__ == "__main__":
    main()
