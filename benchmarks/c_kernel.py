"""The plain C loop: building ``kernel.c`` with the system's compiler and calling it on the twin's own arrays."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ranrein.twin.advance import check_command
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import N_SURGES, make_scratch
from ranrein.twin.params import Params
from ranrein.twin.state import State

SOURCE = Path(__file__).with_name("kernel.c")
HEADER = SOURCE.with_suffix(".h")
# What numba assumes anyway: nobody reads floating-point exceptions or errno. Without these two gcc leaves half of the
# loops scalar and the C loop takes twice as long; neither changes a bit.
FLAGS = ("-O3", "-march=native", "-fno-trapping-math", "-fno-math-errno", "-std=c11", "-shared", "-fPIC")
SAME_BITS = (
    "-ffp-contract=off",
)  # the twin's bits are those of every CPU, so it never fuses a multiply and an add
SHAPE = ("replicas", "cells", "columns", "users", "layers", "areas", "surges", "slots", "cqis")

Step = Callable[[Command, int], None]  # moves a state that was chosen before
Bind = Callable[[Params, State], Step]


def compiler() -> str | None:
    """Return the system's C compiler: that of the variable CC, or `cc`; None where there is none."""
    return shutil.which(os.environ.get("CC") or "cc")


def build(folder: Path, extra_flags: tuple[str, ...] = ()) -> Bind:
    """Compile the loop into ``folder``; what is returned binds it to a state, which it then moves like ``advance``.

    Raises:
        RuntimeError: if there is no compiler, it fails, or a structure differs from the twin's.
    """
    found = compiler()
    if found is None:
        raise RuntimeError("no C compiler: install one, or name it in the variable CC")
    target = folder / f"kernel{''.join(extra_flags)}.so"
    command = [found, *FLAGS, *extra_flags, str(SOURCE), "-o", str(target), "-lm"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr}")
    return _binder(ctypes.CDLL(str(target)))


def _binder(library: ctypes.CDLL) -> Bind:
    def bind(params: Params, state: State) -> Step:
        refuse_what_c_lacks(params)
        scratch = make_scratch(state.arrays)
        parts = [structure(part) for part in (params.arrays, state.arrays, scratch)]
        parts.append(shape_of(params, state))
        for which, part in enumerate(parts):
            if library.sizes(which) != ctypes.sizeof(part):
                raise RuntimeError(f"{type(part).__name__} of kernel.h is not that of twin/kernels/layout.py")
        owners = (params, state, scratch)  # the structures only point at what these own
        p, s, w, n = (ctypes.byref(part) for part in parts)

        def step(command: Command, n_steps: int) -> None:
            check_command(owners[0], command, owners[1].n_replicas)
            wanted = command.settings
            library.advance(p, s, n, *(_pointer(array) for array in wanted[:3]), ctypes.c_int64(n_steps), w)

        return step

    return bind


def refuse_what_c_lacks(params: Params) -> None:
    """Refuse a network that the C loop would misjudge.

    Raises:
        ValueError: if it has slices, buffers, failures, backhauls that limit or delay, two humps, kinds of areas,
            services or SSB periods to choose from.
    """
    lacking = {
        "slices": bool(params.scenario.slicing.types),
        "buffers": params.scenario.load.buffer_s > 0,
        "failures": params.scenario.failures.possible,
        "backhauls": len(params.arrays.backhaul_mbps) > 0,
        "crowds with two humps": len(params.arrays.humps) > 0,
        "kinds of areas": len(params.arrays.area_kind) > 0,
        "services": len(params.arrays.service) > 0,
        "SSB periods to choose from": len(params.arrays.wait_s) > 1,
    }
    for name, found in lacking.items():
        if found:
            raise ValueError(f"scenario {params.scenario.name!r} has {name}: the C loop knows none")


def structure(values: NamedTuple) -> ctypes.Structure:
    """Return the C structure with the fields of a tuple of arrays and numbers, in their order.

    Raises:
        ValueError: if an array is not contiguous: the loop would misread it.
    """
    kinds: dict[type, Any] = {int: ctypes.c_int64, float: ctypes.c_double}
    fields = values._asdict()
    for name, value in fields.items():
        if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
            raise ValueError(f"{type(values).__name__}.{name} is not contiguous: the C loop cannot read it")
    layout = [(name, kinds.get(type(value), ctypes.c_void_p)) for name, value in fields.items()]
    kind = type(type(values).__name__, (ctypes.Structure,), {"_fields_": layout})
    return kind(*(_pointer(v) if isinstance(v, np.ndarray) else v for v in fields.values()))


def shape_of(params: Params, state: State) -> ctypes.Structure:
    """Return the sizes of all axes."""
    n_layers, n_users = state.arrays.indoor_db.shape[1:]
    sizes = (
        state.n_replicas,
        params.n_cells,
        params.arrays.gain.shape[1],
        n_users,
        n_layers,
        params.n_areas,
        N_SURGES,
        params.arrays.profile.shape[1],
        len(params.arrays.cqi_sinr),
    )
    kind = type("Shape", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_int64) for name in SHAPE]})
    return kind(*sizes)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
