"""Policy bundles: a folder that holds all a policy needs to run, and nothing that can run by itself.

``policy.onnx`` maps observations to actions and logits, ``policy.json`` says for what, ``card.json`` where it
comes from. The digest of the bytes names the policy. Loading needs onnxruntime only, and opens no pickle.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors  # pyright: ignore[reportAttributeAccessIssue]

from ..envs.actions import choices_of
from ..envs.features import FeatureList
from ..envs.registry import SHIPPED, make_task
from ..envs.worlds import AnyTask, legal, observed, runs_on
from ..twin.canonical import digest_of, sha256_hex
from ..twin.types import F32, I64
from .config import STRICT, ConfigError, EnvConfig, env_group, from_mapping
from .config import dataclass as checked_dataclass

MODEL, CONTRACT, CARD = "policy.onnx", "policy.json", "card.json"
LARGEST = {MODEL: 64 * 2**20, CONTRACT: 2**20, CARD: 2**20}  # bytes
FORMAT = 1
_PROBES = 64
_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class BundleError(ValueError):
    """A bundle that must not be used; the message says why."""


@checked_dataclass(frozen=True, config=STRICT)
class Element:
    """One element of the observation; [low, high] is scaled to [-1, 1]."""

    name: str
    unit: str
    low: float
    high: float


@checked_dataclass(frozen=True, config=STRICT)
class Contract:
    """What the policy sees and answers; it runs only where this is so."""

    task: str
    observation: tuple[Element, ...]
    choices: tuple[int, ...]  # number of choices of each action
    versions: dict[str, str]
    format: int = FORMAT


def contract_of(
    task_id: str,
    task: AnyTask,
    params: Any,  # noqa: ANN401  (the network of any world)
    versions: dict[str, str],
) -> Contract:
    """Describe a control problem on a network."""
    elements = [
        Element(f"{feature.name} {element}".strip(), feature.unit, feature.low, feature.high)
        for feature in task.features
        for element in feature.elements(params)
    ]
    choices = tuple(choices_of(task.action_space(params)).tolist())
    return Contract(task_id, tuple(elements), choices, versions)


@dataclass(frozen=True)
class OnnxPolicy:
    """A learned policy as a controller; a row's answer does not depend on the rows beside it."""

    name: str
    digest: str
    contract: Contract
    task: AnyTask = field(repr=False)
    session: onnxruntime.InferenceSession = field(repr=False)

    def begin(self, params: Any, n: int) -> None:  # noqa: ANN401
        """Nothing to remember."""

    def actions(self, params: Any, window: Any) -> I64:  # noqa: ANN401  (network and window of any world)
        """Return the legal actions nearest to the most likely ones, (B, A): what training made of them too."""
        return legal(self.task, params, window, self.act(observed(self.task, params, window))[0])

    @property
    def features(self) -> FeatureList:
        """What the policy sees."""
        return self.task.features

    def act(self, observations: F32) -> tuple[I64, F32]:
        """Return actions (B, A) and logits (B, sum of choices) for observations (B, size)."""
        action, logits = self.session.run(["action", "logits"], {"obs": observations})
        return np.asarray(action), np.asarray(logits)


def load_bundle(path: Path, params: Any, task_id: str | None = None) -> OnnxPolicy:  # noqa: ANN401
    """Open a bundle, or the one inside a run folder, for a network.

    Args:
        path: the folder.
        params: the network it shall run on.
        task_id: the running control problem; None takes the bundle's own.

    Raises:
        BundleError: if a file is missing, extra, too large or a link, if the policy was made for other
            features, actions or problem, or if its answers are not numbers.
    """
    folder = bundle_folder(path)
    contents = _read(folder)
    contract = _contract(contents[CONTRACT])
    _require_task(contract, task_id)
    task = make_task(task_id or contract.task)
    if not runs_on(task, params):
        raise BundleError(f"the policy was trained for {contract.task!r}, which does not run on this network")
    try:
        running = contract_of(contract.task, task, params, contract.versions)
    except ValueError as error:
        raise BundleError(f"the policy was trained for {contract.task!r}: {error}") from error
    _require_same(contract, running)
    return policy_from(contents[MODEL], contract, task, name=_name(folder), digest=_digest(contents))


def policy_from(model: bytes, contract: Contract, task: AnyTask, name: str, digest: str = "") -> OnnxPolicy:
    """Make a controller of an ONNX model, after probing it.

    Raises:
        BundleError: if it is no ONNX model of the contract's shape, or its answers are not numbers.
    """
    policy = OnnxPolicy(name, digest or sha256_hex(model), contract, task, open_session(model))
    _probe(policy)
    return policy


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """Open a model on one thread of the CPU; files beside it are out of its reach."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        raise BundleError(f"{MODEL} is not a usable ONNX model: {error}") from error


def bundle_folder(path: Path) -> Path:
    """Return the bundle at ``path``, or in the run folder there; BundleError if there is none."""
    for folder in (path, path / "policy"):
        if (folder / CONTRACT).exists():
            return folder
    raise BundleError(f"{str(path)!r} is neither a policy bundle nor a run with one; it needs {CONTRACT}")


def require_outside(folder: Path, out: Path) -> None:
    """Refuse to write into a bundle, whose digest covers all that is in it; ConfigError names the place."""
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise ConfigError(
            f"out={str(out)!r} lies in the bundle, which must not change; choose another folder"
        )


def require_energy_saving(path: Path, done: str = "certified and operated") -> None:
    """Refuse a policy of another problem, which cannot be ``done`` here; BundleError names that problem."""
    trained = _contract(_read(bundle_folder(path))[CONTRACT]).task
    if trained != EnvConfig().id:
        raise BundleError(
            f"policy={str(path)!r} was trained for {trained}; only policies of {EnvConfig().id} can be {done}"
        )


def bundle_digest(folder: Path) -> str:
    """Return the name of a bundle: SHA-256 over names and bytes of its files (``digest_of_files``)."""
    return _digest(_read(folder))


def plain(contract: Contract) -> dict[str, Any]:
    """Return a contract as JSON-ready data."""
    return json.loads(json.dumps(asdict(contract)))


def _digest(contents: dict[str, bytes]) -> str:
    return digest_of(sorted((name, sha256_hex(data)) for name, data in contents.items()))


def _read(folder: Path) -> dict[str, bytes]:
    found = {entry.name for entry in folder.iterdir()}
    if found != set(LARGEST):
        missing, extra = sorted(set(LARGEST) - found), sorted(found - set(LARGEST))
        raise BundleError(
            f"bundle {str(folder)!r}: missing files {missing}, files that do not belong {extra}"
        )
    return {name: _read_file(folder / name) for name in sorted(LARGEST)}


def _read_file(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"{path.name} is a link or no regular file; a bundle holds its own bytes")
    with path.open("rb") as file:
        data = file.read(LARGEST[path.name] + 1)
    if len(data) > LARGEST[path.name]:
        raise BundleError(f"{path.name} is larger than {LARGEST[path.name]} bytes")
    return data


def _contract(data: bytes) -> Contract:
    try:
        contract = from_mapping(Contract, json.loads(data))
    except (ConfigError, ValueError) as error:
        raise BundleError(f"{CONTRACT}: {error}") from error
    if contract.format != FORMAT:
        raise BundleError(f"{CONTRACT} has format {contract.format}; this version reads {FORMAT}")
    return contract


def _require_task(mine: Contract, running: str | None) -> None:
    if running is None or mine.task == running:
        return
    repair = f"; give env={env_group(mine.task)}" if mine.task in SHIPPED else ""
    raise BundleError(f"the policy was trained for {mine.task!r}, running is {running!r}{repair}")


def _require_same(mine: Contract, running: Contract) -> None:
    if mine.choices != running.choices:
        raise BundleError(
            f"the policy chooses among {mine.choices}, the running problem has {running.choices}"
        )
    for index, (own, other) in enumerate(zip(mine.observation, running.observation, strict=False)):
        if own != other:
            raise BundleError(f"observation {index} was {own} in training and is {other} here; train again")
    own_size, size = len(mine.observation), len(running.observation)
    if own_size != size:
        raise BundleError(f"the policy sees {own_size} values, the running problem has {size}")


def _probe(policy: OnnxPolicy) -> None:
    size, choices = len(policy.contract.observation), policy.contract.choices
    observations = np.random.default_rng(0).uniform(-1.0, 1.0, (_PROBES, size)).astype(np.float32)
    try:
        action, logits = policy.act(observations)
    except (*_REFUSALS, ValueError) as error:
        raise BundleError(f"{MODEL} does not take {size} observations: {error}") from error
    if action.shape != (_PROBES, len(choices)) or logits.shape != (_PROBES, sum(choices)):
        raise BundleError(
            f"{MODEL} answers with shapes {action.shape} and {logits.shape} for choices {choices}"
        )
    if not np.all(np.isfinite(logits)):
        raise BundleError(f"{MODEL} answers with values that are not finite numbers; its weights are damaged")
    if not np.array_equal(action, most_likely(logits, choices)):
        raise BundleError(f"{MODEL} answers with other actions than its logits say")


def most_likely(logits: F32, choices: tuple[int, ...]) -> I64:
    """Return the first largest logit of every action, (B, A), from logits (B, sum of choices)."""
    parts = np.split(logits, np.cumsum(choices)[:-1], axis=1)
    return np.stack([part.argmax(axis=1) for part in parts], axis=1)


def _name(folder: Path) -> str:
    resolved = folder.resolve()
    return resolved.parent.name if resolved.name == "policy" else resolved.name
