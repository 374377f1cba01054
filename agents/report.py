"""Reports a person reads: plain data in, one HTML file out that needs nothing but itself."""

from __future__ import annotations

import os
from pathlib import Path

from .report_data import Figure, ReportData, Rows, Section, Verdict
from .report_page import page

__all__ = ["Figure", "ReportData", "Rows", "Section", "Verdict", "write_report"]


def write_report(data: ReportData, path: Path) -> Path:
    """Write the report, whole or not at all, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(page(data), encoding="utf-8")
    os.replace(partial, path)
    return path
