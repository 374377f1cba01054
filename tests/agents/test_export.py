"""Export: the same answers as the trained policy, the same bytes twice, and refusal where not."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy

from ranrein.agents.bundle import CARD, CONTRACT, MODEL, Contract, Element, bundle_digest, open_session
from ranrein.agents.export import Exporter, ParityError, require_parity, write_bundle

CHOICES = (5, 3)
SIZE = 7


def make_policy(seed: int) -> ActorCriticPolicy:
    torch.manual_seed(seed)
    space = spaces.Box(-1.0, 1.0, (SIZE,), np.float32)
    policy = ActorCriticPolicy(space, spaces.MultiDiscrete(CHOICES), lambda _: 1e-3, net_arch=[8, 8])
    with torch.no_grad():
        for weight in policy.parameters():
            weight.copy_(torch.randn_like(weight))
    return policy


@pytest.fixture(scope="module")
def exporter() -> Exporter:
    return Exporter.of(make_policy(0), CHOICES)


@pytest.fixture
def contract() -> Contract:
    return Contract("t", (Element("a", "", 0.0, 1.0),), CHOICES, {})


def test_any_weights_of_the_architecture_can_be_filled_in(exporter: Exporter) -> None:
    for seed in (1, 2):
        require_parity(make_policy(seed), exporter.model(make_policy(seed)))


def test_weights_that_are_zero_survive(exporter: Exporter) -> None:
    policy = make_policy(1)
    with torch.no_grad():
        policy.action_net.bias.zero_()
    require_parity(policy, exporter.model(policy))


def test_equal_weights_give_equal_bytes_and_no_paths(exporter: Exporter) -> None:
    first, second = exporter.model(make_policy(3)), Exporter.of(make_policy(4), CHOICES).model(make_policy(3))
    assert first == second
    assert b".py" not in first


def test_model_of_another_policy_is_not_written(
    exporter: Exporter, contract: Contract, tmp_path: Path
) -> None:
    with pytest.raises(ParityError, match="actions differ"):
        write_bundle(tmp_path / "policy", make_policy(1), exporter.model(make_policy(2)), contract, {})
    assert not (tmp_path / "policy").exists()


def test_slightly_different_logits_are_noticed(exporter: Exporter) -> None:
    policy, model = make_policy(1), exporter.model(make_policy(1))
    with torch.no_grad():
        policy.action_net.bias.add_(1e-4)
    with pytest.raises(ParityError, match="0 of 1024 actions differ, logits by"):
        require_parity(policy, model)


def test_new_bundle_takes_the_place_of_the_old_one(
    exporter: Exporter, contract: Contract, tmp_path: Path
) -> None:
    digests = {
        write_bundle(tmp_path / "policy", make_policy(seed), exporter.model(make_policy(seed)), contract, {})
        for seed in (1, 2)
    }
    assert len(digests) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


@pytest.mark.parametrize("full_at", [MODEL, CONTRACT, CARD])
def test_a_full_disk_leaves_the_older_bundle_whole(
    full_at: str, exporter: Exporter, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, old, new = tmp_path / "policy", make_policy(1), make_policy(2)
    digest = write_bundle(folder, old, exporter.model(old), contract, {})
    assert (folder / full_at).exists()
    real = {name: getattr(Path, name) for name in ("write_bytes", "write_text")}

    def half(name: str) -> Callable[..., int]:
        def write(self: Path, data: str, **options: str) -> int:
            if self.name != full_at:
                return real[name](self, data, **options)
            real[name](self, data[: len(data) // 2], **options)
            raise OSError(errno.ENOSPC, "No space left on device")

        return write

    for name in real:
        monkeypatch.setattr(Path, name, half(name))
    with pytest.raises(OSError, match="No space left"):
        write_bundle(folder, new, exporter.model(new), contract, {})
    assert bundle_digest(folder) == digest
    monkeypatch.undo()
    assert write_bundle(folder, new, exporter.model(new), contract, {}) != digest
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


def test_model_runs_on_any_number_of_rows(exporter: Exporter) -> None:
    session = open_session(exporter.model(make_policy(1)))
    for n in (1, 5):
        action, logits = session.run(None, {"obs": np.zeros((n, SIZE), np.float32)})
        assert action.shape == (n, 2)
        assert logits.shape == (n, 8)
