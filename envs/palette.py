"""Colours and words that every picture shares: the map, the plots and the reports.

Colours are those of Okabe and Ito (2008), told apart with every kind of colour vision.
Warm means awake, cool asleep.
"""

from __future__ import annotations

import numpy as np

from ..twin.types import I8, Bool

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
INK, FAINT, PAPER = "#17212B", "#5B6672", "#FFFFFF"

STATE_WORDS = ("ACTIVE", "MUTED", "MICRO", "LIGHT", "DEEP", "WAKING")
STATE_COLOURS = (ORANGE, "#F5D58A", "#A9D3EE", BLUE, "#3A4F66", PURPLE)
WAKING = STATE_WORDS.index("WAKING")


def picture_states(carrier_state: I8, waking: Bool) -> I8:
    """Return indices into ``STATE_WORDS`` (same shape); WAKING until a woken carrier serves."""
    return np.where(waking & (carrier_state <= 1), WAKING, carrier_state).astype(np.int8)


GROUND, LINES, MISSING = "#EEF1F4", "#C9D1D9", "#C4C9CF"  # of maps; grey is what does not work
LOAD_STOPS = ("#FFFBE8", "#FFE39A", "#F9B233", "#D9730D", "#7A2E00")  # from idle to full
KINDS = (PURPLE, SKY, GREEN, ORANGE, BLUE, YELLOW)  # of slices and classes; further ones begin anew


def kind_colour(kind: int) -> str:
    """Return the colour of a type of slices, or of a class."""
    return KINDS[kind % len(KINDS)]


def signed(value: float, digits: int = 0) -> str:
    """Write a number with its sign, a true minus."""
    return f"{value:+.{digits}f}".replace("-", "\u2212")
