"""A picture of a loss system: the capacity and who holds it, who asks, and what is free.

Needs matplotlib, an optional extra; only ``render`` loads this module.
"""

from __future__ import annotations

from collections.abc import Callable

import gymnasium as gym
import numpy as np

from ..twin.types import I64
from .loss_scenario import LossScenario
from .world import Info

try:
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle
except ModuleNotFoundError as error:
    raise gym.error.DependencyNotInstalled(
        f"rendering needs {error.name}: pip install 'ranrein[train]', or leave render_mode out"
    ) from error

from .render import open_window

SIZE_INCHES, DPI = (12.8, 3.6), 100
# Okabe and Ito's palette, readable with any colour vision; classes beyond it begin anew.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
FREE, EDGE = "#eeeeee", "#ffffff"


class LossPicture:
    """Draws one replica of a loss system: a bar of units, coloured by who holds them.

    Args:
        network: the loss system.
        look: returns what stands in the ``info`` of the replica now.
        mode: ``rgb_array`` or ``human``.

    Raises:
        NoDisplayError: in ``human`` mode where no window can be opened.
    """

    def __init__(self, network: LossScenario, look: Callable[[], Info], mode: str) -> None:
        self._system = network.system
        self._look = look
        self._is_window = mode == "human"
        title = "Ranrein: admission"
        self._figure = open_window(title, SIZE_INCHES, DPI) if self._is_window else Figure(SIZE_INCHES, DPI)
        self._canvas = self._figure.canvas if self._is_window else FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0.04, 0.2, 0.92, 0.5))

    def draw(self) -> np.ndarray | None:
        """Draw it as it is now: (360, 1280, 3) uint8, or None where a window shows it."""
        self._paint()
        self._canvas.draw()
        if isinstance(self._canvas, FigureCanvasAgg) and not self._is_window:
            return np.asarray(self._canvas.buffer_rgba())[:, :, :3].copy()
        self._canvas.flush_events()
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._is_window:
            pyplot.close(self._figure)

    def _paint(self) -> None:
        system, axes, info = self._system, self._axes, self._look()
        axes.clear()
        place = 0
        for k, (count, units) in enumerate(zip(info["in_service"], system.units, strict=True)):
            for _ in range(int(count)):
                axes.add_patch(Rectangle((place, 0), units, 1, facecolor=colour(k), edgecolor=EDGE, lw=1.5))
                place += int(units)
        axes.add_patch(Rectangle((place, 0), system.capacity - place, 1, facecolor=FREE, edgecolor=EDGE))
        asks = info["request"]
        axes.add_patch(
            Rectangle((place, 1.15), int(system.units[asks]), 0.35, facecolor=colour(asks), edgecolor=EDGE)
        )
        axes.text(place, 1.6, f"{system.classes[asks].name} asks", va="bottom")
        axes.set(
            xlim=(0, system.capacity + int(system.units.max())),
            ylim=(0, 1.9),
            yticks=[],
            xlabel="units of the capacity",
        )
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.legend(
            handles=self._legend(info["in_service"]),
            loc="upper left",
            bbox_to_anchor=(0, 1.55),
            ncols=4,
            frameon=False,
        )

    def _legend(self, held: I64) -> list[Patch]:
        entries = [
            Patch(color=colour(k), label=f"{one.name}: {held[k]} in service, {one.reward:g} per admission")
            for k, one in enumerate(self._system.classes)
        ]
        return [*entries, Patch(color=FREE, label="free")]


def colour(k: int) -> str:
    """Return the colour of a class."""
    return COLOURS[k % len(COLOURS)]
