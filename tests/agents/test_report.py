from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ranrein.agents.figures import ladder
from ranrein.agents.report import Figure, ReportData, Section, Verdict, write_report
from ranrein.agents.report_data import is_plain_svg
from ranrein.agents.report_page import page

NASTY = "<script>alert('x')</script> & \"quotes\" <img src=http://evil.example/x onerror=alert(1)>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
CHART = ladder(["LOCKED", "SHADOW"], "SHADOW")
FOREIGN = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def report(text: str = "words", figures: tuple[Figure, ...] = ()) -> ReportData:
    section = Section(text, text, ((text, "W"), (text, "1.5")), figures)
    return ReportData(text, text, Verdict.PASS, text, ((text, text),), (section,), text)


class Reader(HTMLParser):
    """Collects tags with attributes, and all text outside the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_every_text_is_escaped() -> None:
    reader = Reader(page(report(NASTY, (Figure(NASTY, NASTY, PNG),))))
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not [name for _, attributes in reader.tags for name in attributes if name.startswith("on")]
    texts = "".join(reader.words).count(NASTY)
    assert texts == 13  # page title and heading, subtitle, verdict, key pair, section 4, figure 2, next


def test_page_loads_nothing_from_anywhere() -> None:
    html = page(report(figures=(Figure("a", "b", PNG), Figure("c", "d", CHART), Figure("e", "f", FOREIGN))))
    links = [
        value
        for _, attributes in Reader(html).tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action", "xlink:href") and value
    ]
    assert len(links) == 2
    assert all(link.startswith("data:image/") for link in links)
    assert not re.search(r"url\(|@import|<link|<iframe", html)
    assert "default-src 'none'" in html


def test_page_reads_well_to_a_screen_reader() -> None:
    tags = Reader(page(report(figures=(Figure("a", "a picture", PNG), Figure("c", "a chart", CHART))))).tags
    assert ("html", {"lang": "en"}) in tags
    assert [tag for tag, _ in tags].count("h1") == 1
    assert [a["alt"] for tag, a in tags if tag == "img"] == ["a picture"]
    assert "a chart" in [a.get("aria-label") for _, a in tags]
    assert all(a["scope"] in ("row", "col") for tag, a in tags if tag == "th")


@pytest.mark.parametrize("verdict", Verdict)
def test_verdict_is_a_word_a_colour_and_an_icon(verdict: Verdict) -> None:
    html = page(replace(report(), verdict=verdict))
    assert f"<strong>{verdict.value}</strong>" in html
    assert f".{verdict.value.lower()} {{ background" in html
    assert re.search(
        rf'verdict {verdict.value.lower()}"><span class="icon" aria-hidden="true">.</span>', html
    )


def test_a_demo_is_marked_and_only_a_demo() -> None:
    assert "environment: demo" in page(replace(report(), is_demo=True))
    assert "environment: demo" not in page(report())


def test_page_follows_the_theme_and_prints() -> None:
    html = page(report())
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_charts_stand_in_the_page_and_foreign_drawings_in_images() -> None:
    assert is_plain_svg(CHART)
    assert CHART in page(report(figures=(Figure("c", "d", CHART),)))
    assert "alert(1)" not in page(report(figures=(Figure("e", "f", FOREIGN),)))


@pytest.mark.parametrize(
    "inside",
    [
        '<image href="http://x"/>',
        '<rect onclick="x()"/>',
        '<rect style="fill:url(http://x)"/>',
        "<style>x</style>",
    ],
)
def test_a_drawing_that_acts_or_loads_is_not_plain(inside: str) -> None:
    assert not is_plain_svg(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')


def test_only_columns_of_numbers_are_aligned_as_numbers() -> None:
    html = page(report())
    assert '<td class="number">1.5</td>' in html
    assert "<td >words</td>" in html or "<td>words</td>" in html


def test_report_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = write_report(report("Süß"), tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == page(report("Süß"))
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize("image", [b"GIF89a", "no drawing", "<html/>", ""])
def test_a_figure_that_is_no_picture_is_refused(image: str | bytes) -> None:
    with pytest.raises(ValueError, match="must be"):
        Figure("a", "b", image)


def test_a_figure_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="alt text"):
        Figure("a", " ", PNG)


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="make them equal"):
        Section("a", table=(("x", "y"), ("1",)))
