"""How kernel functions are compiled; the cache folder is chosen before the first of them is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from .cache import use_kernel_cache

Function = TypeVar("Function", bound=Callable[..., Any])
# numba's signature does not name these options: kernels own no memory, and nobody calls them from C
_BARE: dict[str, Any] = {"_nrt": False, "no_cfunc_wrapper": True}
_INLINED: dict[str, Any] = {**_BARE, "forceinline": True, "no_cpython_wrapper": True}
_TO_READ, _TO_KEEP, _DATA = 0, 3, 1  # operands of llvm.prefetch

use_kernel_cache()


def kernel(function: Function) -> Function:
    """Compile what Python calls: without the interpreter's lock, kept on disk, unable to allocate."""
    return cast(Function, njit(nogil=True, error_model="numpy", cache=True, **_BARE)(function))


def inlined(function: Function) -> Function:
    """Compile what only kernels call; LLVM makes its body part of theirs.

    Inlined by LLVM and not by numba, and without a door from Python, a function is compiled once however many
    kernels call it: a third of the time for the same bits and speed.
    """
    return cast(Function, njit(error_model="numpy", **_INLINED)(function))


def reinterpret(source: types.Type, target: types.Type) -> Callable[[Any], Any]:
    """Return a function for kernels that reads the bits of one scalar type as another of the same width."""

    def typed(_typing_context: Any, number: Any) -> Any:  # noqa: ANN401  (numba's own objects)
        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            return builder.bitcast(args[0], context.get_value_type(target))

        return target(source), codegen

    return cast(Callable[[Any], Any], intrinsic(typed))


def _fetch(_typing_context: Any, array: types.Array, index: types.Integer) -> Any:  # noqa: ANN401
    """Ask the memory for element ``index`` of a contiguous ``array``, counted flat, before it is needed.

    Reads nothing and changes nothing: rows that lie scattered in a large map come in side by side, not one by one.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        element = builder.gep(
            context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]]
        )
        flag = ir.IntType(32)
        law = ir.FunctionType(ir.VoidType(), [element.type, flag, flag, flag])
        asked = builder.module.declare_intrinsic("llvm.prefetch", (element.type,), law)
        builder.call(asked, [element, flag(_TO_READ), flag(_TO_KEEP), flag(_DATA)])
        return context.get_dummy_value()

    return types.none(array, types.intp), codegen


fetch = cast(Callable[[np.ndarray, int], None], intrinsic(_fetch))
