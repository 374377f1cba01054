"""A dataset is the episodes, bit for bit, whole or not there, and says where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("minari", reason="needs an extra: pip install 'ranrein[offline]'")

import minari

from ranrein.agents import collect as job
from ranrein.agents import collect_store
from ranrein.agents.collect import collect
from ranrein.agents.collect_batch import record
from ranrein.agents.collect_config import CollectConfig
from ranrein.agents.collect_policy import behaviour_of
from ranrein.agents.comparison import setting_of
from ranrein.agents.config import ConfigError, EnvConfig, EvaluateConfig
from ranrein.agents.seeds import Domain, domain_of, episode_seeds

NAME = "ranrein/test-v0"
LOSS = EnvConfig("ranrein/SliceAdmission-v0", settings={"episode_requests": 40})


def config(root: Path, **changes: Any) -> CollectConfig:
    usual = {
        "policy": "greedy",
        "explore": 0.3,
        "scenario": "tiny",
        "episodes": 5,
        "batch": 2,
        "dataset": NAME,
    }
    return CollectConfig(**{**usual, "root": str(root), **changes})


def loaded(root: Path, monkeypatch: pytest.MonkeyPatch, name: str = NAME) -> Any:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(root))
    return minari.load_dataset(name)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one dataset is, collected in three batches."""
    folder = tmp_path_factory.mktemp("datasets")
    collect(config(folder))
    return folder


def same(one: Any, two: Any) -> bool:
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


def test_what_is_loaded_is_what_the_environment_does_under_the_same_actions(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = loaded(root, monkeypatch)
    env = dataset.recover_environment()
    seeds = [episode["seed"] for episode in dataset.storage.get_episode_metadata(range(5))]
    for seed, episode in zip(seeds, dataset, strict=True):
        seen, rewards, costs, masks = [env.reset(seed=seed)[0]], [], [], [env.unwrapped.action_masks()]
        for action in episode.actions:
            observation, reward, terminated, truncated, info = env.step(action)
            seen.append(observation)
            rewards.append(reward)
            costs.append(info["cost"])
            masks.append(env.unwrapped.action_masks())
            assert not terminated
        assert truncated
        assert same(episode.observations, np.stack(seen))
        assert same(episode.rewards, np.array(rewards))
        assert np.isnan(episode.infos["cost"][0])
        assert same(episode.infos["cost"][1:], np.array(costs))
        assert same(episode.infos["action_mask"], np.stack(masks))
        assert episode.truncations.tolist() == [False] * (len(rewards) - 1) + [True]
        assert not episode.terminations.any()


def test_no_episode_depends_on_the_size_of_the_batch(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(config(root, dataset="other-v3", batch=5))
    one, two = loaded(root, monkeypatch), loaded(root, monkeypatch, "other-v3")
    for mine, theirs in zip(one, two, strict=True):
        assert same(mine.observations, theirs.observations)
        assert same(mine.actions, theirs.actions)


def test_it_says_where_it_comes_from(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = loaded(root, monkeypatch)
    origin = dataset.storage.metadata["ranrein"]
    assert origin["policy"]["name"] == dataset.storage.metadata["algorithm_name"] == "greedy"
    assert origin["policy"]["explore"] == 0.3
    assert origin["seeds"] == {"domain": "train", "root": 0, "episodes": 5}
    assert len(origin["policy"]["digest"]) == len(origin["scenario"]["digest"]) == 64
    seeds = [episode["seed"] for episode in dataset.storage.get_episode_metadata(range(5))]
    assert seeds == episode_seeds(0, Domain.TRAIN, 0, 5)
    assert {domain_of(seed) for seed in seeds} == {Domain.TRAIN}
    assert list(minari.list_local_datasets()) == sorted(minari.list_local_datasets())
    assert NAME in minari.list_local_datasets()


def test_an_interrupted_collection_goes_on_and_gives_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, real = [], job.record

    def broken(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(*args)

    monkeypatch.setattr(job, "record", broken)
    with pytest.raises(OSError, match="No space"):
        collect(config(tmp_path))
    assert not (tmp_path / NAME).exists()
    monkeypatch.setattr(job, "record", lambda *args: calls.append(args) or real(*args))
    collect(config(tmp_path))
    assert len(calls) == 4, "two batches were kept"
    whole = [episode.observations for episode in loaded(root, monkeypatch)]
    assert all(same(a, e.observations) for a, e in zip(whole, loaded(tmp_path, monkeypatch), strict=True))
    assert [path.name for path in (tmp_path / "ranrein").iterdir()] == ["test-v0"]


def test_a_dataset_that_cannot_be_written_is_not_there_and_is_written_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(job, "load_batch", lambda path: json.loads("no batch"))
        with pytest.raises(ValueError, match="Expecting value"):
            collect(config(tmp_path, episodes=2))
    assert not (tmp_path / NAME).exists()
    collect(config(tmp_path, episodes=2))
    assert len(loaded(tmp_path, monkeypatch)) == 2


def test_a_disk_without_room_for_the_dataset_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(collect_store.shutil, "disk_usage", lambda _: SimpleNamespace(free=300_000))
        with pytest.raises(OSError, match="No space left on device: 1 MB needed") as told:
            collect(config(tmp_path, episodes=4, batch=4))
    assert told.value.errno == 28
    collect(config(tmp_path, episodes=4, batch=4))
    assert len(loaded(tmp_path, monkeypatch)) == 4


def test_unfinished_work_is_not_mixed_with_other_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(job, "write_dataset", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            collect(config(tmp_path, episodes=2))
    with pytest.raises(ConfigError, match="begun with another policy; finish it as it was begun, or delete"):
        collect(config(tmp_path, episodes=2, explore=0.4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "exists already: .*give another dataset=NAME-vNUMBER"),
        ({"dataset": "no version"}, "use NAME-vNUMBER"),
        ({"dataset": "noversion"}, "use NAME-vNUMBER"),
        ({"dataset": "x-v0", "policy": "gredy"}, "no baseline, .*did you mean 'greedy'"),
        ({"dataset": "x-v0", "policy": "runs/nothing"}, "no policy bundle"),
        ({"dataset": "x-v0", "scenario": "tinny"}, "did you mean 'tiny'"),
    ],
)
def test_mistakes_are_explained(root: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        collect(config(root, **changes))


def test_chance_alone_asks_only_for_what_is_legal_and_for_all_of_it(root: Path) -> None:
    setting = setting_of(EvaluateConfig(scenario="tiny", episodes=4))
    batch = record(behaviour_of(config(root, policy="random"), setting), setting, setting.seeds)
    asked, masks = batch.actions[:, :, 0], batch.infos["action_mask"][:, :-1]
    assert np.take_along_axis(masks, asked[:, :, None], axis=2).all()
    assert set(asked.ravel()) == {0, 1, 2, 3, 4}
    assert not masks.all()


def test_the_share_of_chance_is_the_share_asked_for(root: Path) -> None:
    setting = setting_of(EvaluateConfig(scenario="urban", episodes=2))
    always = record(behaviour_of(config(root, policy="always_on"), setting), setting, setting.seeds)
    assert np.any(always.actions)
    assert not np.any(
        record(
            behaviour_of(config(root, policy="always_on", explore=0.0), setting), setting, setting.seeds
        ).actions
    )
    # 0.3 of the choices are replaced, by ACTIVE again about one time in two where most is forbidden
    assert 0.08 < np.count_nonzero(always.actions) / always.actions.size < 0.3


def test_another_world_is_collected_in_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(config(tmp_path, policy="accept_all", scenario="loss_system", env=LOSS, episodes=3))
    dataset = loaded(tmp_path, monkeypatch)
    env = dataset.recover_environment()
    seed = next(iter(dataset.storage.get_episode_metadata([2])))["seed"]
    env.reset(seed=seed)
    assert [env.step(action)[1] for action in dataset[2].actions] == dataset[2].rewards.tolist()


def test_rules_are_told_apart_by_their_settings(root: Path) -> None:
    setting = setting_of(EvaluateConfig(scenario="tiny", episodes=1))
    rule, chance = (behaviour_of(config(root, policy=name), setting) for name in ("greedy", "random"))
    assert rule.settings == {"coverage_mbps": 80.0}
    assert rule.digest != chance.digest
    assert (chance.controller, chance.explore) == (None, 1.0)
