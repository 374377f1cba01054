"""A control period in one call, for whoever runs many: the same as the parts of the twin called one by one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .advance import check_command
from .command import Command
from .kernels.direct import direct
from .kernels.judge import Verdict
from .kernels.layout import make_scratch
from .kernels.period import PeriodLaw, Space, make_period, run_period
from .kpis import Kpis
from .params import Params
from .rules import Precedent, Rules
from .sla import limits
from .state import State
from .types import F64, Bool


class Period(NamedTuple):
    """What a control period brought."""

    truth: Kpis  # as ``measure`` returns it
    verdict: Verdict  # on the truth
    power_w: F64  # (B,), of the whole network
    precedent: Precedent  # after it
    struck: Bool | None  # (2, B, C), lost and old reports, see ``deliver``; None for none, gone with the next


class Runner:
    """Runs one state from control period to control period.

    Args:
        params: the network.
        state: changed in place; its arrays must stay the same ones.
    """

    def __init__(self, params: Params, state: State) -> None:
        faults, timing = params.scenario.faults, params.scenario.timing
        law = PeriodLaw(
            rules=Rules.of(params).arrays,
            limits=limits(params.scenario.sla),
            n_steps=timing.steps_per_period,
            loss_prob=float(faults.loss_prob),
            freeze_prob=float(faults.freeze_prob),
        )
        self._shape = state.arrays.carrier.shape
        self._fixed = (params.arrays, state.arrays, law)
        self._space = Space(make_scratch(state.arrays), np.empty((2, *self._shape), np.bool_))
        self._granularity_s = timing.steps_per_period * timing.twin_step_s
        fresh = Precedent.fresh(*self._shape)
        order = fresh.order(fresh.command.settings)
        self._params = params
        self._run = direct(run_period, *self._fixed, order, make_period(*self._shape), self._space)

    def __reduce__(self) -> tuple[type[Runner], tuple[Params, State]]:
        """Pickle what it is made of: compiled code stays where it is, and a period leaves nothing behind in here."""
        return Runner, (self._params, State(self._fixed[1]))

    def run(self, precedent: Precedent, wanted: Command) -> Period:
        """Run one control period under the legal command nearest to ``wanted``.

        Raises:
            ValueError: for a command that the network cannot obey, see ``check_command``.
        """
        check_command(self._params, wanted, self._shape[0])
        settings = wanted.settings._replace(states=wanted.carrier_state.copy())
        out = make_period(*self._shape)
        count = self._run(*self._fixed, precedent.order(settings), out, self._space)
        truth = Kpis.of(out.readings, self._granularity_s)
        after = Precedent(Command.obeyed(settings), out.dwell)
        return Period(truth, out.verdict, out.power_w, after, self._space.struck if count else None)
