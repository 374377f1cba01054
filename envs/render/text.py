"""Text in a picture by its pixels: as wide as it comes out, cut where there is no room, one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from ..palette import INK

WIDTH, HEIGHT, DPI = 1280, 720, 100  # of a picture
ELLIPSIS = "\u2026"
_GAP = 10.0  # between two entries of a legend
_LARGEST_MARK = 9.0  # points, in a legend
Box = tuple[float, float, float, float]  # left, top, width, height in pixels from the upper left corner


def size_inches() -> tuple[float, float]:
    """Return the size of a picture."""
    return WIDTH / DPI, HEIGHT / DPI


def axes_at(figure: Figure, box: Box) -> Axes:
    """Add axes at a place of the picture."""
    left, top, width, height = box
    return figure.add_axes((left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT))


def board_at(figure: Figure, box: Box) -> Axes:
    """Add axes without lines whose coordinates are pixels from their upper left corner."""
    axes = axes_at(figure, box)
    axes.set(xlim=(0, box[2]), ylim=(box[3], 0))
    axes.axis("off")
    return axes


def width_of(text: Text) -> float:
    """Return how wide a text comes out, in pixels."""
    return float(text.get_window_extent().width)


def set_elided(text: Text, words: str, most: float) -> None:
    """Show words in no more than ``most`` pixels: an ellipsis stands for what has no room."""
    kept = words
    text.set_text(words)
    while kept and width_of(text) > most:
        kept = kept[: min(len(kept) - 1, int(len(kept) * most / width_of(text)) + 1)]
        text.set_text(kept.rstrip() + ELLIPSIS)


def flow(board: Axes, at: tuple[float, float], words: Iterable[tuple[str, str]], size: float) -> float:
    """Write coloured words one after the other, (word, colour) each; return where they end."""
    x, y = at
    for word, colour in words:
        text = board.text(x, y, word, color=colour, fontsize=size, fontweight="bold", va="center")
        x += width_of(text) + _GAP
    return x


def entry(board: Axes, at: tuple[float, float], mark: Line2D, word: str) -> float:
    """Draw an entry of a legend, a copy of a mark and a word; return where the next one begins."""
    x, y = at
    size = min(mark.get_markersize(), _LARGEST_MARK)
    shown = Line2D([x + 8], [y], linestyle="none", marker=mark.get_marker(), markersize=size)
    shown.set(markerfacecolor=mark.get_markerfacecolor(), markeredgecolor=mark.get_markeredgecolor())
    shown.set(markeredgewidth=mark.get_markeredgewidth(), alpha=mark.get_alpha())
    board.add_line(shown)
    text = board.text(x + 19, y, word, fontsize=8.5, color=INK, va="center_baseline")
    return x + 19 + width_of(text) + _GAP
