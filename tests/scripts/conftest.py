"""What tests of the verbs share: a policy bundle small enough to be built in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ranrein.agents.bundle import CARD, CONTRACT, MODEL, Contract, contract_of, plain
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import params_of

TASK_ID = "ranrein/EnergySaving-v0"


@pytest.fixture(scope="session")
def constant_policy() -> Callable[[Path, int], None]:
    """Writes a bundle into a new folder; its policy asks for the same carrier state for ever."""
    return _write_constant_policy


@pytest.fixture(scope="session", params=["TrafficSteering", "BeamControl", "SliceAdmission"])
def other_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder whose policy says that it is one of another problem."""
    folder = tmp_path_factory.mktemp(request.param)
    _write_constant_policy(folder / "policy", 0)
    contract = folder / "policy" / CONTRACT
    contract.write_text(contract.read_text().replace("EnergySaving", request.param))
    return folder


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder for the scenario `tiny` whose policy keeps its one capacity carrier awake."""
    folder = tmp_path_factory.mktemp("run")
    _write_constant_policy(folder / "policy", 0)
    return folder


def _write_constant_policy(folder: Path, favourite: int) -> None:
    contract = contract_of(TASK_ID, EnergySaving(), params_of("tiny"), {})
    folder.mkdir(parents=True)
    (folder / MODEL).write_bytes(_model(contract, favourite))
    (folder / CONTRACT).write_text(json.dumps(plain(contract)))
    (folder / CARD).write_text("{}")


def _model(contract: Contract, favourite: int) -> bytes:
    """Logits are 0 but for the favourite's; one action with as many choices as there are states."""
    size, (choices,) = len(contract.observation), contract.choices
    bias = np.eye(choices, dtype=np.float32)[favourite]
    nodes = [
        helper.make_node("Gemm", ["obs", "weight", "bias"], ["logits"]),
        helper.make_node("ArgMax", ["logits"], ["action"], axis=1, keepdims=1),
    ]
    graph = helper.make_graph(
        nodes, "constant",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", size])],
        [
            helper.make_tensor_value_info("action", TensorProto.INT64, ["batch", 1]),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", choices]),
        ],
        [
            numpy_helper.from_array(np.zeros((size, choices), np.float32), "weight"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
