"""Calling a kernel without numba's look at every argument, which costs more than the work of a small batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import typeof


def direct(function: Callable[..., Any], *example: object) -> Callable[..., Any]:
    """Return the compiled code of a kernel for arguments of exactly these types, scalars and layouts included.

    numba would compile another version for other types; this one misreads them. Give it the very arrays of
    ``example``, or new ones made in the same place.
    """
    dispatcher: Any = function
    signature = tuple(typeof(argument) for argument in example)
    dispatcher.compile(signature)
    return dispatcher.overloads[signature].entry_point
