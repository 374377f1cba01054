"""The window of ``human`` mode, on a backend that opens none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot

from ranrein.envs.registry import make_env
from ranrein.envs.render import render

from .pictures import EACH, drawn_env

WINDOWS = [each for each in EACH if each[1] in {"loss_system", "steering"}]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Figures that were opened; the backend is taken for an interactive one."""
    opened: list[Any] = []
    before = pyplot.get_backend()
    pyplot.switch_backend("agg")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(render, "_NON_INTERACTIVE", set())

    def figure(*args: Any) -> Any:
        opened.append(made(*args))
        monkeypatch.setattr(opened[-1], "show", lambda: None)
        return opened[-1]

    made = pyplot.figure
    monkeypatch.setattr(pyplot, "figure", figure)
    yield opened
    pyplot.close("all")
    pyplot.switch_backend(before)


@pytest.mark.parametrize(("problem", "scenario", "settings"), WINDOWS, ids=lambda value: str(value))
def test_a_window_shows_the_same_picture_and_is_closed(
    windows: list[Any], problem: str, scenario: str | None, settings: dict[str, Any]
) -> None:
    env, image = make_env(f"ranrein/{problem}-v0", scenario, "human", **settings), None
    still = drawn_env(problem, scenario, **settings)
    env.reset(seed=3)
    env.action_space.seed(0)
    first = np.asarray(windows[0].canvas.buffer_rgba()).copy()
    for _ in range(2):
        action = env.action_space.sample()
        env.step(action)
        still.step(action)
    assert env.render() is None
    seen, image = np.asarray(windows[0].canvas.buffer_rgba())[:, :, :3], still.render()
    assert len(windows) == 1
    assert not np.array_equal(first[:, :, :3], seen)
    assert image is not None
    assert (np.abs(seen.astype(int) - image).max(axis=-1) > 40).mean() < 0.002
    env.close()
    env.close()
    assert not pyplot.fignum_exists(windows[0].number)


def test_a_window_on_a_backend_without_windows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(pyplot, "get_backend", lambda: "agg")
    env = make_env("ranrein/SliceAdmission-v0", render_mode="human")
    with pytest.raises(render.NoDisplayError, match="'agg'"):
        env.reset(seed=0)
