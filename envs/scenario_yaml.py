"""YAML as people write it: repeated keys and octal numbers are refused, and 1e9 is a number."""

from __future__ import annotations

import re

import yaml

_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_WITH_EXPONENT = re.compile(r"^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$")
_INT, _FLOAT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "merge"))


class _Loader(yaml.SafeLoader):
    """Plain data; YAML 1.1 takes 1e9 and 1e+04 for text, YAML 1.2 for numbers."""


_Loader.add_implicit_resolver(_FLOAT, _WITH_EXPONENT, list("-+.0123456789"))


def read_yaml(text: str) -> object:
    """Return what a YAML document says.

    Raises:
        ValueError: if it is none, a key stands twice in one mapping, or YAML reads a number as octal; names the line.
    """
    loader = _open(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, "", set())
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    finally:
        loader.dispose()


def _open(text: str) -> _Loader:
    try:
        return _Loader(text)
    except yaml.YAMLError as error:  # a character that YAML does not take
        raise ValueError(str(error)) from error


def _check(node: yaml.Node, name: str, seen: set[int]) -> None:
    """Check what stands in a node, once where aliases name it again."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
        for key, value in node.value:
            _check(value, str(key.value), seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, name, seen)
    elif node.tag == _INT and _OCTAL.fullmatch(node.value):
        plain = node.value.replace("_", "")
        repair = f"write {int(plain)}, or {int(plain, 8)} if octal is meant"
        raise ValueError(
            f"line {_line(node)}: {name} = {node.value} is octal to YAML, {int(plain, 8)}; {repair}"
        )


def _check_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            continue
        if key.value in lines:
            what = f"{key.value!r} stands there twice, first on line {lines[key.value]}"
            raise ValueError(f"line {_line(key)}: {what}; keep one of them")
        lines[key.value] = _line(key)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
