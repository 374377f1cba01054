"""A picture of the network: who serves, who sleeps, who suffers, and what it costs.

Needs matplotlib, an optional extra; only ``TwinEnv.render`` and report pictures load this module.
"""

from __future__ import annotations

import os
import sys

import gymnasium as gym
import numpy as np

from ...twin.params import Params
from ...twin.slicing import SECONDS_PER_HOUR
from ..simulation import Simulation
from ..topics import Topics
from ..trail import Trail
from .frame import Frame

try:
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    from .layers import Layers
    from .maps import MapView
    from .panel import PanelView
    from .text import DPI, size_inches
except ModuleNotFoundError as error:
    raise gym.error.DependencyNotInstalled(
        f"rendering needs {error.name}: pip install 'ranrein[train]', or leave render_mode out"
    ) from error

_NON_INTERACTIVE = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}


class NoDisplayError(RuntimeError):
    """A window was asked for where none can be opened."""

    def __init__(self, seen: str) -> None:
        super().__init__(
            f"render_mode='human' needs a display and an interactive matplotlib backend, but {seen}; "
            "use render_mode='rgb_array' and save the frames"
        )


class Renderer:
    """Draws simulations of one network; the figure is made once and its artists are moved.

    Args:
        params: the network.
        render_mode: ``rgb_array`` or ``human``.
        trail: the episode so far, if it was not drawn; drawing adds to it.
        topics: what is decided; None is all that the network lets one decide.

    Raises:
        NoDisplayError: in ``human`` mode where no window can be opened.
    """

    def __init__(
        self,
        params: Params,
        render_mode: str = "rgb_array",
        trail: Trail | None = None,
        topics: Topics | None = None,
    ) -> None:
        self._params = params
        self._is_window = render_mode == "human"
        title = f"Ranrein: {params.scenario.name}"
        size = size_inches()
        self._figure = open_window(title, size, DPI) if self._is_window else Figure(size, DPI)
        self._figure.set_facecolor("white")
        told = Topics.of(params) if topics is None else topics
        self._map = MapView(self._figure, params, told)
        self._panel = PanelView(self._figure, params, told)
        self._trail = Trail() if trail is None else trail
        moving = [*self._map.moving, *self._panel.moving]
        self._layers = None if self._is_window else Layers(self._figure, self._panel.parts, moving)

    def draw(self, simulation: Simulation, replica: int = 0) -> np.ndarray | None:
        """Draw one replica as it is now.

        Returns:
            (720, 1280, 3) uint8; None in ``human`` mode, where the window shows it.
        """
        if not self._is_window:
            return self.picture(simulation, replica)
        self._move(Frame.of(self._params, simulation, replica))
        self._figure.canvas.draw()
        self._figure.canvas.flush_events()
        return None

    def picture(self, simulation: Simulation, replica: int = 0) -> np.ndarray:
        """Return one replica as it is now, (720, 1280, 3) uint8; not for ``human`` mode."""
        self._move(Frame.of(self._params, simulation, replica))
        assert self._layers is not None  # made in the constructor
        return self._layers.paint(self._panel.scales)

    def _move(self, frame: Frame) -> None:
        self._trail.add(frame.time_s / SECONDS_PER_HOUR, frame.values)
        self._map.update(frame)
        self._panel.update(frame, self._trail)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._is_window:
            pyplot.close(self._figure)


def open_window(title: str, size: tuple[float, float], dpi: int) -> Figure:
    """Open a window; NoDisplayError where there is none to be had."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoDisplayError("neither DISPLAY nor WAYLAND_DISPLAY is set")
    backend = pyplot.get_backend()
    if backend.lower() in _NON_INTERACTIVE:
        raise NoDisplayError(f"the backend is {backend!r}")
    figure = pyplot.figure(title, size, dpi)
    figure.show()
    return figure
