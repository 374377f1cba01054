"""A picture of the network: who serves, who sleeps, who suffers, and what it costs.

Needs matplotlib, an optional extra; only ``TwinEnv.render`` and report pictures load this module.
"""

from __future__ import annotations

import os
import sys

import gymnasium as gym
import numpy as np

from ..twin.params import Params
from .frame import Frame, Trail
from .simulation import Simulation

try:
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from .render_map import MapView
    from .render_panel import PanelView
except ModuleNotFoundError as error:
    raise gym.error.DependencyNotInstalled(
        f"rendering needs {error.name}: pip install 'ranrein[train]', or leave render_mode out"
    ) from error

SIZE_INCHES, DPI = (12.8, 7.2), 100
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

    Raises:
        NoDisplayError: in ``human`` mode where no window can be opened.
    """

    def __init__(self, params: Params, render_mode: str = "rgb_array", trail: Trail | None = None) -> None:
        self._params = params
        self._is_window = render_mode == "human"
        title = f"Ranrein: {params.scenario.name}"
        self._figure = open_window(title, SIZE_INCHES, DPI) if self._is_window else Figure(SIZE_INCHES, DPI)
        self._canvas = self._figure.canvas if self._is_window else FigureCanvasAgg(self._figure)
        self._figure.set_facecolor("white")
        self._map = MapView(self._figure.add_axes((0.012, 0.075, 0.5141, 0.914)), params)
        self._panel = PanelView(self._figure, params)
        self._trail = Trail() if trail is None else trail
        self._moving = [*self._map.moving, *self._panel.moving]
        for artist in self._moving:
            artist.set_animated(not self._is_window)
        self._ground: object = None  # pixels of what does not move
        self._ground_scales: tuple[float, ...] = ()

    def draw(self, simulation: Simulation, replica: int = 0) -> np.ndarray | None:
        """Draw one replica as it is now.

        Returns:
            (720, 1280, 3) uint8; None in ``human`` mode, where the window shows it.
        """
        if not self._is_window:
            return self.picture(simulation, replica)
        self._move(Frame.of(self._params, simulation, replica))
        self._canvas.draw()
        self._canvas.flush_events()
        return None

    def picture(self, simulation: Simulation, replica: int = 0) -> np.ndarray:
        """Return one replica as it is now, (720, 1280, 3) uint8; not for ``human`` mode."""
        self._move(Frame.of(self._params, simulation, replica))
        return self._paint()

    def _move(self, frame: Frame) -> None:
        self._trail.add(self._params, frame)
        self._map.update(frame)
        self._panel.update(frame, self._trail)

    def _paint(self) -> np.ndarray:
        """Draw the moving artists over the kept ground; text is what costs time."""
        canvas = self._canvas
        assert isinstance(canvas, FigureCanvasAgg)  # chosen in the constructor
        if self._ground_scales != self._panel.scales:
            canvas.draw()
            self._ground = canvas.copy_from_bbox(self._figure.bbox)
            self._ground_scales = self._panel.scales
        canvas.restore_region(self._ground)
        for artist in self._moving:
            artist.draw(canvas.get_renderer())
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()

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
