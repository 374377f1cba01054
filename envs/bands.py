"""NR operating bands: downlink range and duplex of TS 38.104 tables 5.2-1 (FR1) and 5.2-2 (FR2), typed from V18.

Left out: bands without a downlink (SUL), bands below 0.5 GHz, where TR 38.901 does not reach, bands of shared
spectrum, and pairs whose downlink is that of another band (n91 to n94, n109).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property

from ..twin.link import N_PRB

MHZ_PER_GHZ = 1000.0
WIDEST_FDD_MHZ, WIDEST_TDD_MHZ = 20, 100  # of a carrier by default, assumption
FR2_FROM_MHZ = 24_250.0  # TS 38.104 table 5.1-1

_FDD = {
    "n1": (2110, 2170), "n2": (1930, 1990), "n3": (1805, 1880), "n5": (869, 894), "n7": (2620, 2690),
    "n8": (925, 960), "n12": (729, 746), "n13": (746, 756), "n14": (758, 768), "n18": (860, 875),
    "n20": (791, 821), "n24": (1525, 1559), "n25": (1930, 1995), "n26": (859, 894), "n28": (758, 803),
    "n30": (2350, 2360), "n65": (2110, 2200), "n66": (2110, 2200), "n70": (1995, 2020), "n71": (617, 652),
    "n74": (1475, 1518), "n85": (728, 746), "n100": (919.4, 925), "n105": (612, 652), "n106": (935, 940),
}  # fmt: skip
_SDL = {"n29": (717, 728), "n67": (738, 758), "n75": (1432, 1517), "n76": (1427, 1432)}
_TDD = {
    "n34": (2010, 2025), "n38": (2570, 2620), "n39": (1880, 1920), "n40": (2300, 2400), "n41": (2496, 2690),
    "n48": (3550, 3700), "n50": (1432, 1517), "n51": (1427, 1432), "n53": (2483.5, 2495), "n54": (1670, 1675),
    "n77": (3300, 4200), "n78": (3300, 3800), "n79": (4400, 5000), "n90": (2496, 2690), "n101": (1900, 1910),
    "n104": (6425, 7125), "n257": (26_500, 29_500), "n258": (24_250, 27_500), "n259": (39_500, 43_500),
    "n260": (37_000, 40_000), "n261": (27_500, 28_350), "n262": (47_200, 48_200), "n263": (57_000, 71_000),
}  # fmt: skip
_SUL = ("n80", "n81", "n82", "n83", "n84", "n86", "n89", "n95", "n97", "n98", "n99")
_NARROWER_MHZ = {"n24": 10, "n38": 40}  # TS 38.104 table 5.3.5-1 allows no more
_ONLY_15_KHZ = ("n51", "n54")


@dataclass(frozen=True)
class Band:
    """One operating band, as its base station transmits."""

    name: str
    low_mhz: float
    high_mhz: float
    duplex: str  # "FDD", "TDD" or "SDL"

    @property
    def centre_ghz(self) -> float:
        """Middle of the downlink range."""
        return (self.low_mhz + self.high_mhz) / 2 / MHZ_PER_GHZ

    @property
    def width_mhz(self) -> float:
        """Width of the downlink range."""
        return self.high_mhz - self.low_mhz

    @property
    def is_fr2(self) -> bool:
        """Tell whether the band lies in frequency range 2."""
        return self.low_mhz >= FR2_FROM_MHZ

    @property
    def scs_khz(self) -> int:
        """Subcarrier spacing by default: 15 for FDD and SDL, 30 for TDD, 120 in FR2; assumption."""
        if self.is_fr2:
            return 120
        return 30 if self.duplex == "TDD" and self.name not in _ONLY_15_KHZ else 15

    @cached_property
    def bandwidth_mhz(self) -> int:
        """Carrier bandwidth by default: the widest that fits, at most 20 MHz (FDD, SDL) or 100 MHz (TDD)."""
        widest = WIDEST_TDD_MHZ if self.duplex == "TDD" else WIDEST_FDD_MHZ
        most = min(self.width_mhz, _NARROWER_MHZ.get(self.name, widest), widest)
        return max(mhz for mhz, scs in N_PRB if scs == self.scs_khz and mhz <= most)

    def holds(self, fc_ghz: float) -> bool:
        """Tell whether a carrier may be centred there."""
        return self.low_mhz <= fc_ghz * MHZ_PER_GHZ <= self.high_mhz


BANDS = {
    name: Band(name, low, high, duplex)
    for duplex, rows in (("FDD", _FDD), ("SDL", _SDL), ("TDD", _TDD))
    for name, (low, high) in rows.items()
}


def band_repair(name: str) -> str:
    """Say what to write in place of a band that is not in ``BANDS``."""
    if name in _SUL:
        return f"{name} has no downlink (SUL); give the band of the downlink"
    digits = "".join(letter for letter in name if letter.isdecimal())
    near = (
        [f"n{digits}"]
        if f"n{digits}" in BANDS
        else difflib.get_close_matches(f"n{digits}", BANDS, n=1, cutoff=0)
    )
    return f"did you mean {near[0]!r}? bands are written as in TS 38.104 table 5.2-1"


def band_of(fc_ghz: float, name: str = "") -> str | None:
    """Return a band with a downlink there: ``name`` if it is one, else the narrowest; None if there is none."""
    if name in BANDS and BANDS[name].holds(fc_ghz):
        return name
    fitting = [band for band in BANDS.values() if band.holds(fc_ghz)]
    return min(fitting, key=lambda band: band.width_mhz).name if fitting else None


def frequency_of_arfcn(arfcn: float) -> float:
    """Return the frequency in GHz of an NR-ARFCN (TS 38.104 clause 5.4.2.1), 0 outside 0..3,279,165."""
    if 0 <= arfcn < 600_000:
        return arfcn * 5e-6
    if 600_000 <= arfcn < 2_016_667:
        return 3.0 + (arfcn - 600_000) * 15e-6
    return 24.25008 + (arfcn - 2_016_667) * 60e-6 if 2_016_667 <= arfcn <= 3_279_165 else 0.0
