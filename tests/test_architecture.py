"""The shape of the code, read from the sources: who may import whom, no cycles, no pickle, nothing long."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ranrein.scripts.verbs import VERBS

ROOT = Path(__file__).resolve().parents[1]

INTERNAL = {
    "twin": set(),
    "envs": {"twin"},
    "safety": {"twin", "network"},
    "network": {"twin"},
    "agents": {"envs", "safety", "network", "twin"},
    "conf": set(),
    "scripts": {"twin", "envs", "safety", "network", "agents", "conf"},
}
TRAINING = {"torch", "stable_baselines3", "sb3_contrib", "tensorboard", "onnx", "onnxscript"}
THIRD_PARTY = {
    "twin": {"numpy", "numba"},
    "envs": {"numpy", "gymnasium"},
    "safety": {"numpy", "cryptography", "pydantic"},
    "network": {"numpy"},
    "agents": {"numpy", "scipy", "gymnasium", "pydantic"},
    "conf": set(),
    "scripts": {"numpy", "rich", "hydra", "omegaconf"},
}
# What single modules and folders may import beyond their package: the seams to the compiler, learning, YAML and plots.
ALSO = {
    "envs.slice_bound": {"scipy"},  # its linear programmes
    "twin.kernels.compiled": {"llvmlite"},
    "envs.scenario_yaml": {"yaml"},
    "envs.multi_agent": {"pettingzoo"},
    "envs.render": {"matplotlib"},
    "agents.plots": {"matplotlib"},
    "agents.bundle": {"onnxruntime"},
    "agents.collect_store": {"minari"},
    "agents.training": TRAINING,
    "agents.bench.training": TRAINING,
    "agents.warm_start": TRAINING,
    "agents.sb3_vec": TRAINING,
    "agents.monitor": TRAINING,
    "agents.curve": TRAINING,
    "agents.checkpoint": TRAINING,
    "agents.export": TRAINING,
}
FUNCTION_IMPORTS = {
    "scripts.main",  # the dispatcher loads only the verb that was asked for
    "envs.world_twin",  # pictures need an optional extra
    "envs.loss_world",
    "agents.executors",  # Ray is an optional extra
}
CONVERTER = "agents.convert"  # the one reader of foreign checkpoints, weights only
LEARNING_VERBS = {"train", "demo", "bench"}  # every other verb runs where no learning library is installed
CLOCK = "safety.clock"  # the one reader of the machine's clock
CLOCKS = {
    "now",
    "utcnow",
    "datetime.now",
    "datetime.utcnow",
    "time.time",
    "time.monotonic",
    "time.perf_counter",
}
UNSAFE_LOADERS = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
LONGEST_FILE, LONGEST_BODY = 300, 40


@cache
def modules() -> dict[str, ast.Module]:
    """Syntax tree of every module, by its dotted name without `ranrein.`; packages by their folder's."""
    paths = [path for package in INTERNAL for path in sorted((ROOT / package).rglob("*.py"))]
    return {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_package(name: str) -> bool:
    return (ROOT / name.replace(".", "/")).is_dir()


def targets(name: str, node: ast.stmt) -> Iterator[str]:
    """Dotted names that an import statement of module `name` may load."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        here = name.split(".") if is_package(name) else name.split(".")[:-1]
        base = ["ranrein", *here[: len(here) - node.level + 1]] if node.level else []
        prefix = ".".join(base + (node.module.split(".") if node.module else []))
        yield from (f"{prefix}.{alias.name}" for alias in node.names)


@cache
def imports(name: str) -> set[str]:
    return {target for node in ast.walk(modules()[name]) for target in targets(name, node)}


def resolve(target: str) -> str | None:
    """Our own module behind a dotted name, or None for somebody else's."""
    parts = target.removeprefix("ranrein.").split(".") if target.startswith("ranrein.") else []
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in modules()), None)


@cache
def internal(name: str) -> set[str]:
    return {found for target in imports(name) if (found := resolve(target))} - {name}


@cache
def outside(name: str) -> set[str]:
    """Third-party roots that a module imports."""
    roots = {target.split(".")[0] for target in imports(name)}
    return roots - set(sys.stdlib_module_names) - {"ranrein"}


def within(name: str) -> list[str]:
    """A module, or all of a folder."""
    return [module for module in modules() if f"{module}.".startswith(f"{name}.")]


def also(name: str) -> set[str]:
    """What a module may import beyond its package, for itself or for the folder it stands in."""
    return set[str]().union(*(extra for seam, extra in ALSO.items() if name in within(seam)))


def reachable(start: str) -> set[str]:
    """Modules loaded through `start`, without itself unless a cycle leads back."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        fresh = internal(todo.pop()) - seen
        seen |= fresh
        todo += fresh
    return seen


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    found = (ast.FunctionDef, ast.AsyncFunctionDef)
    return (node for node in ast.walk(modules()[name]) if isinstance(node, found))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, source: list[str]) -> int:
    """Lines of code in a body: without the docstring, blank lines and comments."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    if not body:
        return 0
    code = (source[number - 1].strip() for number in range(body[0].lineno, (function.end_lineno or 0) + 1))
    return sum(bool(line) and not line.startswith("#") for line in code)


def calls(name: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(modules()[name]) if isinstance(node, ast.Call))


@pytest.mark.parametrize("package", INTERNAL)
def test_package_imports_only_the_packages_its_row_allows(package: str) -> None:
    rows = [name for name in modules() if name.split(".")[0] == package]
    allowed = INTERNAL[package] | {package}
    wrong = {(name, found) for name in rows for found in internal(name) if found.split(".")[0] not in allowed}
    assert rows, f"no modules found in {package}/"
    assert not wrong


@pytest.mark.parametrize("package", INTERNAL)
def test_package_imports_only_the_libraries_its_row_allows(package: str) -> None:
    rows = [name for name in modules() if name.split(".")[0] == package]
    wrong = {name: outside(name) - THIRD_PARTY[package] - also(name) for name in rows}
    assert not {name: found for name, found in wrong.items() if found}


def test_every_exception_in_the_table_is_a_module_that_needs_it() -> None:
    used = {name: set[str]().union(*map(outside, within(name))) for name in ALSO}
    assert not {name for name, extra in ALSO.items() if not used[name] & extra}


def test_imports_inside_packages_are_relative() -> None:
    absolute = {
        (name, alias)
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if not (isinstance(node, ast.ImportFrom) and node.level)
        for alias in targets(name, node)
        if alias.split(".")[0] in {"ranrein", *INTERNAL} and not name.startswith("scripts")
    }
    assert not absolute


def test_no_module_imports_itself_through_others() -> None:
    assert not {name for name in modules() if name in reachable(name)}


def test_only_the_learning_verbs_need_a_learning_library() -> None:
    verbs = {f"scripts.{verb}" for verb in VERBS.keys() - LEARNING_VERBS} & modules().keys()
    loaded = {verb: {verb, *reachable(verb)} for verb in verbs}
    wrong = {(verb, name) for verb, names in loaded.items() for name in names if outside(name) & TRAINING}
    assert not wrong


def test_nothing_is_imported_inside_a_function() -> None:
    hidden = {
        (name, function.name)
        for name in modules().keys() - FUNCTION_IMPORTS
        for function in functions(name)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) or is_dynamic_import(node)
    }
    assert not hidden


def is_dynamic_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
        "import_module",
        "__import__",
    )


def test_no_module_opens_a_pickle() -> None:
    importers = {
        name for name in modules() if {target.split(".")[0] for target in imports(name)} & UNSAFE_LOADERS
    }
    callers = {
        (name, call.lineno)
        for name in modules().keys() - {CONVERTER}
        for call in calls(name)
        if ast.unparse(call.func) == "torch.load" or any(key.arg == "allow_pickle" for key in call.keywords)
    }
    assert not importers
    assert not callers


def test_time_and_chance_enter_the_core_only_as_arguments() -> None:
    core = {name for name in modules() if name.split(".")[0] in ("twin", "envs", "safety")}
    clocks = {
        (name, call.lineno)
        for name in core - {CLOCK}
        for call in calls(name)
        if ast.unparse(call.func).removeprefix("datetime.") in CLOCKS
        or (ast.unparse(call.func).endswith("default_rng") and not call.args)
    }
    assert not clocks
    assert not {
        name for name in core if {"random", "secrets"} & {target.split(".")[0] for target in imports(name)}
    }


def test_packages_log_and_only_the_command_prints() -> None:
    assert not {
        (name, call.lineno) for name in modules() for call in calls(name) if ast.unparse(call.func) == "print"
    }


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source_files()}
    assert not {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LONGEST_FILE}


def source_files() -> list[Path]:
    return [path for package in INTERNAL for path in (ROOT / package).rglob("*.py")]


def test_function_bodies_are_short() -> None:
    long = {}
    for path in source_files():
        source = path.read_text(encoding="utf-8").splitlines()
        lengths = {function.name: body_lines(function, source) for function in functions(name_of(path))}
        long |= {f"{name_of(path)}.{name}": lines for name, lines in lengths.items() if lines > LONGEST_BODY}
    assert not long
