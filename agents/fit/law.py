"""How figures of the KPIs follow radio offsets, and how far offsets estimated from them are from the truth.

The law is a least-squares line through simulated networks. Standard errors that follow from it are too small: its
slopes and its covariance are fitted to the same few networks, lines bend, and errors have longer tails than a normal
law. So intervals are calibrated on networks that had no part in the law (simulation-based calibration, Talts et al.
2018): draws of shadowing are left out in turn, with all their users, as the network of the log is one more such draw.
The conformal quantile of errors over standard errors there (Vovk et al. 2005) is what an interval is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...safety.conformal import conformal_quantile
from ...twin.types import F64, I64, Bool
from .regression import CONFIDENCE, Estimate

LEAST_VARIANCE = 1e-5  # of a figure: no twin is more exact
SHRINKAGE = 0.1  # of correlations between figures, which are estimated from few networks
_TRUTH_SEED = 12


@dataclass(frozen=True)
class Law:
    """How figures follow offsets around a centre."""

    centre_db: F64  # (C,)
    mean: F64  # (F,) of the figures there
    slope: F64  # (F, C), per dB
    root: F64  # (F, F), W with W'W the inverse of the figures' covariance over networks
    chance: F64  # (C, C), information that slopes seem to hold because they are estimated

    def information(self) -> F64:
        """Return what the figures tell of the offsets, (C, C), less what is chance (Fuller 1987, errors in variables).

        Left in, it would draw the offsets after the noise, and towards it with every step, for all cells alike.
        """
        slope = self.root @ self.slope
        values, vectors = np.linalg.eigh(slope.T @ slope - self.chance)
        return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, np.float64)

    def pull(self, figures: F64) -> F64:
        """Return how figures (..., F) draw the offsets, (..., C): a score, information times dB."""
        return np.asarray((figures - self.mean) @ self.root.T @ self.root @ self.slope, np.float64)


@dataclass(frozen=True)
class Simulated:
    """Networks around a centre."""

    centre_db: F64  # (C,)
    offsets_db: F64  # (n, C)
    figures: F64  # (n, F)
    draw: I64  # (n,) of shadowing and users; networks of one draw are left out together

    def rows(self, chosen: Bool) -> Simulated:
        """Return some networks."""
        return Simulated(self.centre_db, self.offsets_db[chosen], self.figures[chosen], self.draw[chosen])

    def design(self) -> F64:
        """Return the regressors (n, 1 + C)."""
        return np.concatenate([np.ones((len(self.draw), 1)), self.offsets_db - self.centre_db], axis=1)


def law_of(networks: Simulated) -> Law:
    """Find how the figures of networks follow their offsets."""
    design, figures = networks.design(), networks.figures
    found, *_ = np.linalg.lstsq(design, figures, rcond=None)
    left = figures - design @ found
    freedom = max(2.0, len(figures) - design.shape[1] - figures.shape[1] - 1.0)
    covariance = left.T @ left / freedom  # Hartlap et al. 2007: unbiased once inverted
    shrunk = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))
    shrunk += LEAST_VARIANCE * np.eye(len(shrunk))
    root = np.asarray(np.linalg.inv(np.linalg.cholesky(shrunk)), np.float64)
    told = float(np.trace(root @ covariance @ root.T))  # figures, near enough
    chance = np.asarray(told * np.linalg.inv(design.T @ design)[1:, 1:], np.float64)
    return Law(networks.centre_db, found[0], np.asarray(found[1:].T, np.float64), root, chance)


def newton(law: Law, offsets: F64, observed: F64, prior: F64) -> tuple[F64, F64]:
    """Return one Gauss-Newton step (C,) towards the observed figures (F,), and the offsets' covariance (C, C)."""
    covariance = np.asarray(np.linalg.inv(law.information() + prior), np.float64)
    return covariance @ (law.pull(observed) - prior @ offsets), covariance


def kept_out_scores(networks: Simulated, prior: F64, weights: F64) -> F64:
    """Return |error| over standard error of weighted offsets, (n, K), of every network by a law without its draw.

    What figures draw astray is the networks' own; true offsets are drawn from what is believed beforehand, because
    those of the design reach less far: an offset that no figure tells errs by as much as it may differ.

    Args:
        networks: simulated.
        prior: (C, C) inverse covariance of the offsets beforehand.
        weights: (K, C) of the offsets in each quantity.
    """
    rng = np.random.Generator(np.random.Philox(_TRUTH_SEED))
    truth = rng.standard_normal(networks.offsets_db.shape) @ np.linalg.cholesky(np.linalg.inv(prior)).T
    scores = np.zeros((len(truth), len(weights)))
    for draw in np.unique(networks.draw):
        out = networks.draw == draw
        law, kept_out = law_of(networks.rows(~out)), networks.rows(out)
        _, covariance = newton(law, networks.centre_db, law.mean, prior)
        steps = kept_out.offsets_db - kept_out.centre_db
        error = (law.pull(kept_out.figures) - steps @ law.information() - truth[out] @ prior) @ covariance
        spread = np.sqrt(np.einsum("kc,cd,kd->k", weights, covariance, weights))
        scores[out] = np.abs(error @ weights.T) / spread
    return scores


def calibrated(offsets: F64, covariance: F64, weights: F64, scores: F64) -> tuple[Estimate, ...]:
    """Return weighted offsets (K) with intervals that as many of the kept-out networks' scores (n, K) lie in."""
    found = []
    for weight, score in zip(weights, scores.T, strict=True):
        value, error = float(weight @ offsets), float(np.sqrt(weight @ covariance @ weight))
        reach = conformal_quantile(score, 1.0 - CONFIDENCE) * error
        found.append(Estimate(value, value - reach, value + reach))
    return tuple(found)
