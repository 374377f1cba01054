"""Gymnasium environments on the twin; importing this package registers their ids."""

from __future__ import annotations

from .registry import make_env, make_vector_env, register

register()

__all__ = ["make_env", "make_vector_env", "register"]
