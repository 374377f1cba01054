"""How good a control period was for energy saving, for every replica."""

from __future__ import annotations

import numpy as np

from .compiled import inlined, kernel


@inlined
def _energy(power_w: float, least_w: float, full_w: float) -> float:
    """Scale power to [0, 1]: 1 at the least, 0 at full power or above; what is no number stays none."""
    saved = (full_w - power_w) / (full_w - least_w)
    return min(max(saved, 0.0), 1.0) if saved == saved else saved


@kernel
def energy_rows(power_w: np.ndarray, least_w: float, full_w: float, energy: np.ndarray) -> None:
    """Write the energy term (B,) of powers (B,)."""
    for b in range(power_w.shape[0]):
        energy[b] = _energy(power_w[b], least_w, full_w)


@kernel
def saving_rows(  # noqa: PLR0913  (numba takes tuples apart at every call, which costs more than the work)
    power_w: np.ndarray,
    least_w: float,
    full_w: float,
    cost: np.ndarray,
    unsafe: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    n_free: int,
    terms: np.ndarray,
) -> None:
    """Write the terms (3, B): energy, service and calm.

    Args:
        power_w: (B,), what was drawn.
        least_w: power that counts 1.
        full_w: power that counts 0.
        cost: (B, 3), of the constraints.
        unsafe: (B,).
        before: (B, C), states in force until now.
        after: (B, C), states obeyed.
        n_free: cells that could have changed.
        terms: written, each in [0, 1].
    """
    for b in range(power_w.shape[0]):
        terms[0, b] = _energy(power_w[b], least_w, full_w)
        worst = max(cost[b, 0], cost[b, 1], cost[b, 2])
        terms[1, b] = 0.5 * (1.0 - worst) if unsafe[b] else 1.0
        changed = 0
        for c in range(before.shape[1]):
            changed += 1 if before[b, c] != after[b, c] else 0
        terms[2, b] = 1.0 - changed / n_free
