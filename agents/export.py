"""From a trained SB3 policy to a bundle; nothing is written unless onnxruntime gives the same answers."""

from __future__ import annotations

import copy
import json
import logging
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from stable_baselines3.common.policies import ActorCriticPolicy

from ..twin.types import F32
from .bundle import CARD, CONTRACT, MODEL, Contract, bundle_digest, open_session, plain

PARITY_SAMPLES = 1024
LOGITS_TOLERANCE = 1e-5


class ParityError(RuntimeError):
    """The exported model does not answer like the trained policy; nothing was written."""


class Actor(torch.nn.Module):
    """The deciding half of a policy: obs (B, size) to actions (B, A) and logits (B, sum of choices)."""

    def __init__(self, policy: ActorCriticPolicy, choices: tuple[int, ...]) -> None:
        super().__init__()
        self.features, self.body, self.head = (
            policy.pi_features_extractor,
            policy.mlp_extractor.policy_net,
            policy.action_net,
        )
        self.choices = list(choices)

    def forward(self, obs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the most likely actions and the logits."""
        logits = self.head(self.body(self.features(obs)))
        return torch.stack([part.argmax(1) for part in logits.split(self.choices, 1)], 1), logits


@dataclass(frozen=True)
class Exporter:
    """The graph of one architecture, traced once (seconds), filled with weights often (milliseconds)."""

    template: onnx.ModelProto
    choices: tuple[int, ...]

    @staticmethod
    def of(policy: ActorCriticPolicy, choices: tuple[int, ...]) -> Exporter:
        """Trace the policy's graph.

        The weights of the traced copy are random: the exporter's optimiser drops what happens to be zero.
        """
        actor = Actor(copy.deepcopy(policy), choices).eval()
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for weight in actor.parameters():
                weight.copy_(torch.randn(weight.shape, generator=generator))
        size = int(np.prod(policy.observation_space.shape or ()))
        return Exporter(_without_traces(_traced(actor, size)), choices)

    def model(self, policy: ActorCriticPolicy) -> bytes:
        """Return the ONNX model with the policy's present weights."""
        model = onnx.ModelProto()
        model.CopyFrom(self.template)
        weights = {
            name: value.detach().numpy() for name, value in Actor(policy, self.choices).named_parameters()
        }
        for tensor in model.graph.initializer:
            if tensor.name in weights:
                tensor.CopyFrom(onnx.numpy_helper.from_array(weights[tensor.name], tensor.name))
        return model.SerializeToString(deterministic=True)


def require_parity(policy: ActorCriticPolicy, model: bytes, samples: int = PARITY_SAMPLES) -> None:
    """Compare model and policy on sampled observations.

    Raises:
        ParityError: if an action differs, or a logit by more than 1e-5.
    """
    shape = (samples, *(policy.observation_space.shape or ()))
    observations = np.random.default_rng(0).uniform(-1.0, 1.0, shape).astype(np.float32)
    answers = open_session(model).run(["action", "logits"], {"obs": observations})
    action, logits = (np.asarray(answer) for answer in answers)
    expected, _ = policy.predict(observations, deterministic=True)
    worst = float(np.abs(logits - _logits(policy, observations)).max())
    if not np.array_equal(action, expected) or not worst <= LOGITS_TOLERANCE:
        differ = int(np.any(action != expected, axis=1).sum())
        raise ParityError(
            f"{differ} of {samples} actions differ, logits by {worst:.2g}; the policy was not exported"
        )


def write_bundle(
    folder: Path, policy: ActorCriticPolicy, model: bytes, contract: Contract, card: dict[str, Any]
) -> str:
    """Write a bundle in the place of an older one and return its digest; a crash leaves no half of one.

    Args:
        folder: where.
        policy: what was trained.
        model: from ``Exporter.model``.
        contract: what the policy sees and answers.
        card: where it comes from: JSON-ready, finite numbers only.

    Raises:
        ParityError: if the model does not answer like the policy; the older bundle stays.
    """
    require_parity(policy, model)
    fresh, old = folder.with_name(f".{folder.name}-new"), folder.with_name(f".{folder.name}-old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / MODEL).write_bytes(model)
    for name, data in ((CONTRACT, plain(contract)), (CARD, card)):
        text = json.dumps(data, indent=1, sort_keys=True, allow_nan=False)
        (fresh / name).write_text(text + "\n", encoding="utf-8")
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return bundle_digest(folder)


def _logits(policy: ActorCriticPolicy, observations: F32) -> F32:
    with torch.no_grad():
        latent = policy.mlp_extractor.forward_actor(
            policy.pi_features_extractor(torch.from_numpy(observations))
        )
        return policy.action_net(latent).numpy()


def _traced(actor: Actor, size: int) -> onnx.ModelProto:
    # The exporter warns of an absent torchvision and of a deprecated call of its own.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.onnx.export(
            actor,
            (torch.zeros(2, size),),
            input_names=["obs"],
            output_names=["action", "logits"],
            dynamic_shapes={"obs": {0: "batch"}},
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ParityError("torch.onnx.export gave no model; the policy was not exported")
    return program.model_proto


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove what only debugging needs; source paths would make equal policies differ between machines."""
    del model.metadata_props[:]
    graph = model.graph
    del graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return model
