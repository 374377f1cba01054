"""Policy bundles: what loads answers like the policy, what was tampered with does not load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from ranrein.agents.bundle import (
    LARGEST,
    BundleError,
    OnnxPolicy,
    bundle_digest,
    load_bundle,
    most_likely,
)
from ranrein.twin.canonical import digest_of_files
from ranrein.twin.params import Params


@pytest.fixture
def bundle(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run / "policy", tmp_path / "policy"))


@pytest.fixture
def policy(run: Path, params: Params) -> OnnxPolicy:
    return load_bundle(run, params)


def edit(path: Path, change: dict[str, object]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def observations(policy: OnnxPolicy, n: int) -> np.ndarray:
    shape = (n, len(policy.contract.observation))
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


def test_single_rows_and_batches_get_the_same_answers(policy: OnnxPolicy) -> None:
    batch = observations(policy, 257)
    action, logits = policy.act(batch)
    for size in (1, 2, 3, 7, 64):
        parts = [policy.act(batch[i : i + size]) for i in range(0, len(batch), size)]
        assert np.array_equal(np.concatenate([part[0] for part in parts]), action)
        assert np.allclose(np.concatenate([part[1] for part in parts]), logits, rtol=0, atol=1e-6)


def test_action_is_the_most_likely_one(policy: OnnxPolicy) -> None:
    action, logits = policy.act(observations(policy, 100))
    assert np.array_equal(action, most_likely(logits, policy.contract.choices))


def test_digest_is_that_of_the_files(run: Path, policy: OnnxPolicy) -> None:
    files = list((run / "policy").iterdir())
    assert policy.digest == bundle_digest(run / "policy") == digest_of_files(files, run / "policy")


def test_card_tells_the_training_settings_and_scores(run: Path) -> None:
    card = json.loads((run / "policy" / "card.json").read_text())
    assert card["training"]["steps"] == 4608
    assert 0 <= card["scores"]["violated_share"] <= 1


@pytest.mark.parametrize("name", LARGEST)
def test_missing_file_is_refused(bundle: Path, name: str, params: Params) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=name):
        load_bundle(bundle, params)


def test_extra_file_is_refused(bundle: Path, params: Params) -> None:
    (bundle / "weights.bin").write_bytes(b"")
    with pytest.raises(BundleError, match=r"weights\.bin"):
        load_bundle(bundle, params)


def test_link_is_refused(bundle: Path, tmp_path: Path, params: Params) -> None:
    (bundle / "card.json").rename(tmp_path / "elsewhere.json")
    (bundle / "card.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(BundleError, match=r"card\.json is a link"):
        load_bundle(bundle, params)


def test_too_large_file_is_refused(bundle: Path, params: Params) -> None:
    (bundle / "card.json").write_bytes(b" " * (LARGEST["card.json"] + 1))
    with pytest.raises(BundleError, match="larger than"):
        load_bundle(bundle, params)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 9}, "format 9"),
        ({"choices": [5, 5]}, "chooses among"),
        ({"observation": []}, "sees 0 values"),
        ({"hook": "x"}, "unknown setting 'hook'"),
    ],
)
def test_other_contract_is_refused(
    bundle: Path, params: Params, change: dict[str, object], message: str
) -> None:
    edit(bundle / "policy.json", change)
    with pytest.raises(BundleError, match=message):
        load_bundle(bundle, params)


def test_other_range_of_a_feature_is_refused(bundle: Path, params: Params) -> None:
    elements = json.loads((bundle / "policy.json").read_text())["observation"]
    elements[3]["high"] *= 2
    edit(bundle / "policy.json", {"observation": elements})
    with pytest.raises(BundleError, match="observation 3"):
        load_bundle(bundle, params)


def test_weights_that_are_no_numbers_are_refused(bundle: Path, params: Params) -> None:
    model = onnx.load(bundle / "policy.onnx")
    weight = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("weight"))
    broken = np.full_like(onnx.numpy_helper.to_array(weight), np.nan)
    weight.CopyFrom(onnx.numpy_helper.from_array(broken, weight.name))
    onnx.save(model, bundle / "policy.onnx")
    with pytest.raises(BundleError, match="not finite"):
        load_bundle(bundle, params)


def test_file_that_is_no_model_is_refused(bundle: Path, params: Params) -> None:
    (bundle / "policy.onnx").write_bytes(b"no model")
    with pytest.raises(BundleError, match="not a usable ONNX model"):
        load_bundle(bundle, params)


def test_model_of_another_shape_is_refused(bundle: Path, params: Params) -> None:
    value = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Identity", ["obs"], ["logits"])
    shape = ["n", 1]
    graph = onnx.helper.make_graph([node], "g", [value("obs", 1, shape)], [value("logits", 1, shape)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, bundle / "policy.onnx")
    with pytest.raises(BundleError, match="observations"):
        load_bundle(bundle, params)


def test_folder_without_a_bundle_is_refused(tmp_path: Path, params: Params) -> None:
    with pytest.raises(BundleError, match="neither a policy bundle nor a run"):
        load_bundle(tmp_path, params)
