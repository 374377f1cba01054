"""Modulation and coding schemes of the downlink shared channel, TS 38.214 clause 5.1.3.1."""

from __future__ import annotations

from dataclasses import dataclass

_QPSK_1 = (120, 157, 193, 251, 308, 379, 449, 526, 602, 679)
_QAM16_1 = (340, 378, 434, 490, 553, 616, 658)
_QAM64_1 = (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948)
_QPSK_2 = (120, 193, 308, 449, 602)
_QAM64_2 = (466, 517, 567, 616, 666, 719, 772, 822, 873)
_QAM256_2 = (682.5, 711, 754, 797, 841, 885, 916.5, 948)
_QPSK_3 = (30, 40, 50, 64, 78, 99, 120, 157, 193, 251, 308, 379, 449, 526, 602)

MCS_TABLES = {
    1: (
        *((2, rate) for rate in _QPSK_1),
        *((4, rate) for rate in _QAM16_1),
        *((6, rate) for rate in _QAM64_1),
    ),
    2: (
        *((2, rate) for rate in _QPSK_2),
        *((4, rate) for rate in _QAM16_1[1:]),
        *((6, rate) for rate in _QAM64_2),
        *((8, rate) for rate in _QAM256_2),
    ),
    3: (
        *((2, rate) for rate in _QPSK_3),
        *((4, rate) for rate in _QAM16_1[:6]),
        *((6, rate) for rate in _QAM64_1[:8]),
    ),
}
"""(modulation order, code rate x 1024) from index 0; tables 5.1.3.1-1 (64QAM), -2 (256QAM), -3 (low rates)."""


@dataclass(frozen=True)
class Mcs:
    """One modulation and coding scheme."""

    modulation_order: int
    code_rate: float

    @property
    def efficiency(self) -> float:
        """Return the spectral efficiency in bit/s/Hz and layer."""
        return self.modulation_order * self.code_rate


def mcs(table: int, index: int) -> Mcs:
    """Return a scheme; raises ValueError on a table other than 1, 2 and 3 and on a reserved index."""
    if table not in MCS_TABLES:
        raise ValueError(f"MCS table {table} is unknown: use 1 (64QAM), 2 (256QAM) or 3 (64QAM, low rates)")
    rows = MCS_TABLES[table]
    if not (0 <= index < len(rows)):
        raise ValueError(f"MCS {index} is not in table {table}: use 0 to {len(rows) - 1}")
    order, rate = rows[index]
    return Mcs(order, rate / 1024.0)
