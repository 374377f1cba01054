"""The map of the network as a PNG for reports; apart from the other figures, for it needs matplotlib."""

from __future__ import annotations

from io import BytesIO

from matplotlib.image import imsave

from ..envs.render import Renderer
from ..envs.simulation import Simulation
from ..envs.trail import Trail
from ..twin.params import Params


def network_picture(params: Params, simulation: Simulation, trail: Trail | None = None) -> bytes:
    """Return the map of replica 0 as it is now, a PNG of 1280 x 720; ``trail`` is the episode so far."""
    png = BytesIO()
    imsave(png, Renderer(params, trail=trail).picture(simulation), format="png")
    return png.getvalue()
