"""Scenarios by name: ``conf/scenario/<name>.yaml`` read into frozen dataclasses; unknown keys and values fail."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from ..twin.scenario import Scenario
from .scenario_file import Rows, ScenarioFile, ScenarioFileError
from .scenario_yaml import read_yaml

_FOLDER = resources.files("ranrein.conf") / "scenario"


class UnknownNameError(ValueError):
    """A name that is not in a list of valid ones; anything but text is none."""

    def __init__(self, kind: str, name: object, valid: list[str]) -> None:
        near = difflib.get_close_matches(name, valid, n=1, cutoff=0.0) if isinstance(name, str) else []
        hint = f"; did you mean {near[0]!r}?" if near else "."
        super().__init__(f"unknown {kind} {name!r}{hint} Valid: {', '.join(sorted(valid))}")


class UnknownArgumentError(UnknownNameError):
    """An argument that an environment does not take."""

    def __init__(self, name: str, others: list[str] | None = None) -> None:
        super().__init__("argument", name, ["scenario", "weights", "render_mode", *(others or [])])
        self.argument = name

    def beside(self, others: list[str]) -> UnknownArgumentError:
        """Return the same error where there are other arguments."""
        return UnknownArgumentError(self.argument, others)


def scenario_names() -> list[str]:
    """List the scenarios that are shipped."""
    return sorted(
        path.name.removesuffix(".yaml") for path in _FOLDER.iterdir() if path.name.endswith(".yaml")
    )


def load_scenario(name: str, days: Rows | None = None) -> Scenario:
    """Read a shipped scenario; ``days`` as in ``scenario_from``.

    Raises:
        UnknownNameError: if there is no such scenario; names the nearest.
        ScenarioFileError: if the file does not fit the schema; names the field.
    """
    if name not in scenario_names():
        raise UnknownNameError("scenario", name, scenario_names())
    return read_scenario(_FOLDER / f"{name}.yaml", days)


def read_scenario(file: Traversable | Path, days: Rows | None = None) -> Scenario:
    """Read a scenario file; ``days`` as in ``scenario_from``.

    Raises:
        ScenarioFileError: if it cannot be read or does not fit the schema; names the file and the field.
    """
    try:
        return _build(ScenarioFile, read_yaml(file.read_text(encoding="utf-8")), "scenario").scenario(days)
    except OSError as error:
        repair = "give a YAML file like those in conf/scenario"
        raise ScenarioFileError(f"{file}: {error.strerror}; {repair}") from error
    except ValueError as error:
        raise ScenarioFileError(f"{file}: {error}") from error


def scenario_from(data: Mapping[str, Any], days: Rows | None = None) -> Scenario:
    """Build a scenario from plain data, checking every key and type; laws over days make its days many.

    ``days``, (days, slots), replace those of the data before any law is applied; None leaves them.
    """
    return _build(ScenarioFile, data, "scenario").scenario(days)


def _build(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401  (a schema walker takes anything)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return (
            None if value is None else _build(next(a for a in arguments if a is not type(None)), value, where)
        )
    if is_dataclass(kind):
        return _build_dataclass(kind, value, where)
    if origin is tuple:
        return _build_tuple(arguments, value, where)
    if origin is dict:
        return {key: _build(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ValueError(f"{where} = {value!r} is not a {kind.__name__}")
    return value


def _build_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where} = {value!r} is not a list")
    kinds = [arguments[0]] * len(value) if len(arguments) == 2 and arguments[1] is ... else list(arguments)
    if len(kinds) != len(value):
        raise ValueError(f"{where} has {len(value)} values, needs {len(kinds)}")
    return tuple(
        _build(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _build_dataclass(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if is_dataclass(value):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} = {value!r} is not a mapping")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    for key in value:
        if key not in known:
            raise UnknownNameError(f"field of {where}", str(key), list(known))
    missing = [
        n
        for n, f in known.items()
        if n not in value and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{where} lacks {', '.join(missing)}")
    try:
        return kind(**{name: _build(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    except ValueError as error:
        if str(error).startswith(where):
            raise
        raise ValueError(f"{where}: {error}") from error
