"""Pixels kept from frame to frame: what stands still, and parts that look as before; it is text that costs time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from .text import HEIGHT, Box

_SOFT_EDGE = 2  # pixels that lines and letters at the end of a box reach beyond it


@dataclass
class Part:
    """Artists that have a box of the picture to themselves."""

    artists: list[Artist]
    box: Box
    look: tuple[object, ...] = ()  # of the pixels that are kept
    pixels: object = field(default=None, repr=False)

    @property
    def bounds(self) -> Bbox:
        """The box as the canvas counts: from the lower left corner, whole pixels, with soft edges."""
        left, top, width, height = map(round, self.box)
        return Bbox.from_bounds(left, HEIGHT - top - height, width, height).padded(_SOFT_EDGE)


class Layers:
    """The picture as pixels.

    Args:
        figure: has a canvas of pixels.
        parts: change, but each in its own box.
        moving: whatever else a frame changes, in drawing order.
    """

    def __init__(self, figure: Figure, parts: list[Part], moving: list[Artist]) -> None:
        self._figure, self._canvas = figure, FigureCanvasAgg(figure)
        self._parts, self._moving = parts, moving
        self._ground: object = None  # pixels of what stands still
        self._ground_look: object = None
        for artist in [*moving, *(artist for part in parts for artist in part.artists)]:
            artist.set_animated(True)

    def paint(self, ground_look: object) -> np.ndarray:
        """Return the picture, (720, 1280, 3) uint8; the ground is drawn again when ``ground_look`` is another one."""
        canvas = self._canvas
        if self._ground is None or self._ground_look != ground_look:
            canvas.draw()
            self._ground, self._ground_look = canvas.copy_from_bbox(self._figure.bbox), ground_look
        canvas.restore_region(self._ground)
        for part in self._parts:
            self._show(part)
        for artist in self._moving:
            artist.draw(canvas.get_renderer())
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()

    def _show(self, part: Part) -> None:
        look = tuple(_look(artist) for artist in part.artists)
        if part.pixels is not None and look == part.look:
            self._canvas.restore_region(part.pixels)
            return
        for artist in part.artists:
            artist.draw(self._canvas.get_renderer())
        part.look, part.pixels = look, self._canvas.copy_from_bbox(part.bounds)


def _look(artist: Artist) -> tuple[object, ...]:
    """Return what tells whether an artist looks as before."""
    if isinstance(artist, Text):
        place = artist.get_position()
        return artist.get_text(), artist.get_color(), artist.get_fontweight(), artist.get_visible(), place
    assert isinstance(artist, Patch)
    width = artist.get_width() if isinstance(artist, Rectangle) else 0.0
    colours = artist.get_facecolor(), artist.get_edgecolor()
    return *colours, artist.get_hatch(), artist.get_linewidth(), artist.get_visible(), width
