"""What is written on a cell of a map, and which words find room; knows nothing of drawing."""

from __future__ import annotations

import textwrap

import numpy as np

from ...twin.params import Params
from ..palette import STATE_WORDS, signed
from ..topics import Topics
from .frame import Frame

_LINE = 9  # letters of a pattern's name in a line
_LETTER, _HEIGHT, _EDGE = 7.1, 13.0, 5.0  # pixels, of bold letters of 8 points at most
LEAST_SHIFT_DB = 1
Place = tuple[float, float]


def words_of(params: Params, topics: Topics, frame: Frame, cell: int) -> list[str]:
    """Return the lines written on a cell, the most important first."""
    if frame.down[cell]:
        return [*_broken(frame, cell), *_lost(frame, cell)]
    is_serving = frame.carrier[cell] <= 1
    lines = _condition(params, topics, frame, cell)
    if is_serving:
        lines.append(f"{100 * frame.load[cell]:.0f} %")
    lines += _shift(topics, frame, cell) if is_serving else []
    if frame.ssb_period[cell]:
        lines.append(f"SSB {params.scenario.sleep.periods_ms[frame.ssb_period[cell]]:g} ms")
    return lines + _lost(frame, cell)


def brief_of(frame: Frame, cell: int) -> list[str]:
    """Return what must be written on a cell where there is hardly room: that it failed, or did not report."""
    if frame.down[cell]:
        return ["\u2717"]
    return ["?"] if frame.lost_s[cell] else []


def placed(places: list[Place], words: list[list[list[str]]]) -> list[str]:
    """Return the text of every cell: the longest of its versions that covers no text of a cell before it, or nothing.

    Args:
        places: middle of each text, pixels.
        words: versions of each text as lines, the longest first.
    """
    boxes, texts = list[np.ndarray](), list[str]()
    for (x, y), versions in zip(places, words, strict=True):
        texts.append("")
        for lines in versions:
            wide, high = _size(lines)
            box = np.array([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2])
            if lines and not any(_overlap(box, other) for other in boxes):
                boxes.append(box)
                texts[-1] = "\n".join(lines)
                break
    return texts


def _size(lines: list[str]) -> tuple[float, float]:
    return _LETTER * max(map(len, lines), default=0) + _EDGE, _HEIGHT * len(lines) + _EDGE


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.all(one[:2] < other[2:]) and np.all(other[:2] < one[2:]))


def _broken(frame: Frame, cell: int) -> list[str]:
    if frame.is_cut_off[cell]:
        return ["CUT OFF"]
    return ["FAILED"] if frame.down[cell] > 1 else ["FAILED", "unnoticed"]


def _condition(params: Params, topics: Topics, frame: Frame, cell: int) -> list[str]:
    """Return the state, where cells sleep, or the pattern, where there is a choice."""
    state, beam = int(frame.carrier[cell]), int(frame.beam[cell])
    if state <= 1 and (topics.patterns or beam) and params.n_beams[cell] > 1:
        name = params.cells[cell].carrier.patterns[beam - 1] if beam else "planned"
        return textwrap.wrap(name, _LINE)
    return [STATE_WORDS[state]] if topics.sleep or state else []


def _shift(topics: Topics, frame: Frame, cell: int) -> list[str]:
    """Return the offset, where offsets are chosen."""
    shift_db = int(frame.offset_db[cell])
    is_shown = abs(shift_db) >= LEAST_SHIFT_DB or (topics.offsets and topics.count == 1)
    return [f"{signed(shift_db) if shift_db else 0} dB"] if is_shown else []


def _lost(frame: Frame, cell: int) -> list[str]:
    minutes = round(float(frame.lost_s[cell]) / 60)
    return ["report", f"{minutes} min old"] if minutes else []
