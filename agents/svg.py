"""A small drawing kit for charts in reports: SVG text that follows the page's light or dark theme.

Made by hand, not with matplotlib, so that reports work where the plotting extra is not installed, inherit the
page's colours (``currentColor``) and stay some kilobytes small. Everything that is text is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from ..twin.types import F64

WIDTH, LEFT, RIGHT = 760.0, 74.0, 14.0  # px of every chart, and of its margins
FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Scale:
    """A linear axis: values ``low..high`` onto pixels ``start..stop``."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, values: float | F64) -> F64:
        """Return pixels, kept within the axis."""
        span = self.high - self.low if self.high > self.low else 1.0
        share = np.clip((np.asarray(values, dtype=np.float64) - self.low) / span, 0.0, 1.0)
        return self.start + share * (self.stop - self.start)

    def ticks(self, most: int = 5) -> F64:
        """Return round values inside the axis, about ``most`` of them."""
        step = _round_step((self.high - self.low) / most)
        first = np.ceil(self.low / step - 1e-9) * step
        return np.round(np.arange(first, self.high + 1e-9 * step, step), 10) + 0.0  # no minus zero


@dataclass
class Drawing:
    """SVG elements in drawing order."""

    height: float
    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, anchor: str = "start", style: str = "") -> None:
        """Write words; ``style`` is CSS."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">{escape(words)}</text>'
        )

    def rect(
        self, box: tuple[float, float, float, float], fill: str, label: str = "", style: str = ""
    ) -> None:
        """Draw ``box`` (x, y, width, height); ``label`` shows on hover."""
        x, y, width, height = box
        title = f"<title>{escape(label)}</title>" if label else ""
        size = f'width="{max(width, 0):.2f}" height="{max(height, 0):.2f}"'
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" {size} fill="{fill}" style="{style}">{title}</rect>'
        )

    def line(self, start: tuple[float, float], stop: tuple[float, float], style: str) -> None:
        """Draw a straight line; ``style`` is CSS."""
        ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{stop[0]:.1f}" y2="{stop[1]:.1f}"'
        self.parts.append(f'<line {ends} style="stroke:currentColor;{style}"/>')

    def curve(self, x: F64, y: F64, colour: str, style: str = "", label: str = "") -> None:
        """Draw a line through points, with gaps where a value is not a number; ``label`` shows on hover."""
        commands: list[str] = []
        pen_up = True
        for px, py in zip(x, y, strict=True):
            is_known = bool(np.isfinite(px) and np.isfinite(py))
            if is_known:
                commands.append(f"{'M' if pen_up else 'L'}{px:.1f} {py:.1f}")
            pen_up = not is_known
        title = f"<title>{escape(label)}</title>" if label else ""
        path = f'd="{"".join(commands)}" fill="none" stroke="{colour}" stroke-linejoin="round"'
        self.parts.append(f'<path {path} style="stroke-width:1.8;{style}">{title}</path>')

    def legend(self, entries: Sequence[tuple[str, str]], x: float, y: float) -> None:
        """Write colour swatches with their words in a row from ``x``."""
        for word, colour in entries:
            self.rect((x, y - 8, 11, 9), colour, style="stroke:currentColor;stroke-opacity:.35")
            self.text(x + 15, y, word)
            x += 31 + 6.3 * len(word)

    def done(self, label: str) -> str:
        """Return the SVG element; ``label`` is what a screen reader says."""
        box = f'viewBox="0 0 {WIDTH:g} {self.height:g}" role="img" aria-label="{escape(label)}"'
        face = f'font-family="{FONT}" font-size="11.5" fill="currentColor" style="width:100%;height:auto"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" {box} {face}>{"".join(self.parts)}</svg>'
        )


@dataclass(frozen=True)
class Panel:
    """One pair of axes in a drawing."""

    drawing: Drawing
    x: Scale
    y: Scale

    def frame(self, title: str, x_ticks: F64, unit: str = "") -> None:
        """Draw grid, tick labels and title; ``unit`` goes behind the x labels (none: no x labels)."""
        for tick in self.y.ticks(4):
            level = float(self.y(tick))
            self.drawing.line((self.x.start, level), (self.x.stop, level), "stroke-opacity:.14")
            self.drawing.text(self.x.start - 6, level + 4, f"{tick:,.10g}", "end", "opacity:.75")
        for tick in x_ticks:
            place = float(self.x(tick))
            self.drawing.line((place, self.y.start), (place, self.y.stop), "stroke-opacity:.14")
            if unit:
                self.drawing.text(place, self.y.start + 15, f"{tick:g}", "middle", "opacity:.75")
        if unit:
            self.drawing.text(self.x.stop, self.y.start + 29, unit, "end", "opacity:.75")
        self.drawing.text(self.x.start, self.y.stop - 8, title, style="font-weight:600")

    def plot(self, x: F64, y: F64, colour: str, style: str = "", label: str = "") -> None:
        """Draw a line of values."""
        self.drawing.curve(self.x(x), self.y(y), colour, style, label)

    def level(self, value: float, words: str, style: str = "stroke-dasharray:5 4") -> None:
        """Draw a horizontal reference line with words at its left end."""
        y = float(self.y(value))
        self.drawing.line((self.x.start, y), (self.x.stop, y), f"stroke-width:1.3;{style}")
        self.drawing.text(self.x.start + 6, y - 5, words)


def panel(
    drawing: Drawing, x_range: tuple[float, float], y_range: tuple[float, float], top: float, height: float
) -> Panel:
    """Place axes of full width, ``top`` px from above."""
    x = Scale(*x_range, LEFT, WIDTH - RIGHT)
    return Panel(drawing, x, Scale(*y_range, top + height, top))


def padded(values: Sequence[F64], with_zero: bool = True) -> tuple[float, float]:
    """Return axis ends that show all finite values, zero too if asked, and some air above."""
    flat = np.concatenate([np.ravel(v) for v in values]) if len(values) else np.zeros(1)
    finite = flat[np.isfinite(flat)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    low, high = (min(low, 0.0), max(high, 0.0)) if with_zero else (low, high)
    air = 0.06 * (high - low) or 1.0
    return (low if low == 0.0 else low - air), high + air


def _round_step(rough: float) -> float:
    power = 10.0 ** np.floor(np.log10(max(rough, 1e-12)))
    return float(next(factor for factor in (1, 2, 2.5, 5, 10) if rough <= factor * power * 1.0001) * power)
