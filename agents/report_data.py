"""What a report says, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"
_PLAIN_TAGS = {_SVG + tag for tag in ("svg", "g", "title", "text", "rect", "line", "path", "circle")}
_PNG = b"\x89PNG\r\n\x1a\n"

Rows = tuple[tuple[str, ...], ...]


class Verdict(Enum):
    """What a report concludes."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class Figure:
    """A picture with its words.

    Raises:
        ValueError: without a title and alt text, or if the image is neither SVG nor PNG.
    """

    title: str
    alt: str  # what the picture shows, for those who cannot see it
    image: str | bytes  # SVG text or PNG bytes

    def __post_init__(self) -> None:
        if not (self.title.strip() and self.alt.strip()):
            raise ValueError(
                f"figure {self.title!r} has no title or alt text; say in a sentence what it shows"
            )
        if isinstance(self.image, bytes) and not self.image.startswith(_PNG):
            raise ValueError(f"figure {self.title!r}: bytes must be a PNG, got {self.image[:8]!r}")
        if isinstance(self.image, str) and _svg_root(self.image) is None:
            raise ValueError(f"figure {self.title!r}: text must be SVG, got {self.image[:40]!r}")


@dataclass(frozen=True)
class Section:
    """A heading with text (blank lines part paragraphs), a table and figures.

    Raises:
        ValueError: if the rows of the table differ in length.
    """

    title: str
    text: str = ""
    table: Rows | None = None  # the first row is the header
    figures: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(row) for row in self.table or ()}
        if len(lengths) > 1:
            raise ValueError(
                f"table of section {self.title!r} has rows of {sorted(lengths)} columns; make them equal"
            )


@dataclass(frozen=True)
class ReportData:
    """Everything a report says."""

    title: str
    subtitle: str
    verdict: Verdict
    verdict_text: str  # why, in one sentence
    key_rows: tuple[tuple[str, str], ...]  # name, value
    sections: tuple[Section, ...]
    next_command: str  # what to type next; empty for nothing
    is_demo: bool = False  # made with demo identities: marked so on top


def is_plain_svg(svg: str) -> bool:
    """Tell whether an SVG holds nothing but shapes and words: no script, handler, link or reference."""
    root = _svg_root(svg)
    return root is not None and all(
        element.tag in _PLAIN_TAGS and all(map(_is_plain_attribute, element.keys(), element.attrib.values()))
        for element in root.iter()
    )


def _is_plain_attribute(name: str, value: str) -> bool:
    return not (name.lower().startswith("on") or "href" in name.lower() or "url(" in value.lower())


def _svg_root(svg: str) -> ElementTree.Element | None:
    try:
        root = ElementTree.fromstring(svg.encode())
    except ElementTree.ParseError:
        return None
    return root if root.tag == _SVG + "svg" else None
