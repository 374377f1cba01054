"""What the proofs of several bounds take for granted."""

from __future__ import annotations

from ..twin.params import Params


def refuse_waiting(params: Params) -> None:
    """Refuse a network where traffic can wait: a moment's demand would depend on what was commanded before.

    Buffers of slices are no hindrance: bounds that know slices do not speak of their traffic.

    Raises:
        ValueError: if ``load.buffer_s`` is not 0.
    """
    buffer_s = params.scenario.load.buffer_s
    if buffer_s > 0:
        raise ValueError(
            f"the bound takes what is not served for lost, but load.buffer_s={buffer_s:g}: "
            "ask for no bound (bound=false), or set load.buffer_s to 0"
        )
