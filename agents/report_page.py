"""The page of a report: HTML with embedded style and pictures, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape

from .report_data import Figure, ReportData, Rows, Section, Verdict, is_plain_svg
from .report_style import STYLE

_ICONS = {
    Verdict.PASS: "\u2713",
    Verdict.FAIL: "\u2717",
    Verdict.INCONCLUSIVE: "?",
    Verdict.REFUSED: "\u2298",
}
_NUMBER = re.compile(r"[+\-\u2212\u2013]?[\d,.]+( ?[%A-Za-z/\u00b7]{0,8})?")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(data: ReportData) -> str:
    """Return the whole HTML document; every text is escaped."""
    parts = [_header(data), _verdict(data), _key_table(data), *map(_section, data.sections), _next(data)]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{data.verdict.value}: {escape(data.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _header(data: ReportData) -> str:
    demo = '<p class="demo">environment: demo</p>\n' if data.is_demo else ""
    subtitle = f'<p class="subtitle">{escape(data.subtitle)}</p>'
    return f"<header>\n{demo}<h1>{escape(data.title)}</h1>\n{subtitle}\n</header>\n"


def _verdict(data: ReportData) -> str:
    word, icon = data.verdict.value, _ICONS[data.verdict]
    return (
        f'<div class="verdict {word.lower()}"><span class="icon" aria-hidden="true">{icon}</span>'
        f"<div><strong>{word}</strong><p>{escape(data.verdict_text)}</p></div></div>\n"
    )


def _key_table(data: ReportData) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>\n'
        for name, value in data.key_rows
    )
    return f'<table class="key"><tbody>\n{rows}</tbody></table>\n' if rows else ""


def _section(section: Section) -> str:
    paragraphs = "".join(
        f"<p>{escape(text.strip())}</p>\n" for text in section.text.split("\n\n") if text.strip()
    )
    table = _table(section.table) if section.table else ""
    figures = "".join(map(_figure, section.figures))
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{paragraphs}{table}{figures}</section>\n"


def _table(rows: Rows) -> str:
    header, *body = rows
    numeric = [
        bool(body) and all(_NUMBER.fullmatch(cell) for cell in column) for column in zip(*body, strict=True)
    ]
    numeric = numeric or [False] * len(header)
    mark = ['class="number"' if is_number else "" for is_number in numeric]
    head = "".join(f'<th scope="col" {m}>{escape(cell)}</th>' for cell, m in zip(header, mark, strict=True))
    lines = (
        "".join(f"<td {m}>{escape(cell)}</td>" for cell, m in zip(row, mark, strict=True)) for row in body
    )
    table = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{table}</tbody></table></div>\n'


def _figure(figure: Figure) -> str:
    return (
        f"<figure>\n<h3>{escape(figure.title)}</h3>\n{_image(figure)}\n"
        f"<figcaption>{escape(figure.alt)}</figcaption>\n</figure>\n"
    )


def _image(figure: Figure) -> str:
    """Put plain drawings into the page, in its colours; anything else is an inert image on white."""
    if isinstance(figure.image, str) and is_plain_svg(figure.image):
        return f'<div role="img" aria-label="{escape(figure.alt)}">{figure.image}</div>'
    kind, raw = (
        ("png", figure.image) if isinstance(figure.image, bytes) else ("svg+xml", figure.image.encode())
    )
    source = f"data:image/{kind};base64,{b64encode(raw).decode()}"
    return f'<img class="paper" alt="{escape(figure.alt)}" src="{source}">'


def _next(data: ReportData) -> str:
    if not data.next_command:
        return ""
    return f"<section>\n<h2>Next</h2>\n<pre><code>{escape(data.next_command)}</code></pre>\n</section>\n"
