import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranrein.safety.certificate import (
    Claim,
    EProcess,
    Verdict,
    fail_bets,
    judge,
    log_e_value,
    overall,
    pass_bets,
    upper_bound,
)

UNIT = st.lists(st.floats(0.0, 1.0), max_size=60)
LIMIT = st.floats(0.001, 0.9)
ANYTIME_TABLE = [  # limit, alpha, violations seen, episodes needed
    (1e-2, 0.05, 0, 331), (1e-2, 0.05, 1, 719), (1e-2, 0.05, 2, 942), (1e-2, 0.05, 3, 1144),
    (1e-2, 0.05, 5, 1508), (1e-2, 0.01, 0, 499), (1e-2, 0.01, 1, 914), (1e-2, 0.01, 2, 1150),
    (1e-2, 0.01, 3, 1365), (1e-2, 0.01, 5, 1751), (1e-3, 0.05, 0, 3318), (1e-3, 0.05, 1, 7211),
    (1e-3, 0.05, 5, 15121), (1e-3, 0.01, 0, 5004), (1e-3, 0.01, 1, 9176), (1e-3, 0.01, 5, 17562),
    (1e-4, 0.01, 0, 50058), (1e-4, 0.01, 5, 175669), (1e-2, 0.001, 0, 734), (1e-3, 0.001, 0, 7374),
    (1e-4, 0.001, 0, 73768),
]  # fmt: skip


def episodes(n, violations):
    return np.r_[np.ones(violations), np.zeros(n - violations)]


def reference_log_e(values, limit):
    """The definition, bet by bet, with plain Python numbers."""
    fractions = (0.0, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05)
    weights = (0.5, *([1 / 12] * 6))
    total = 0.0
    for fraction, weight in zip(fractions, weights, strict=True):
        lam = (1 - fraction) / (1 - limit)
        total += weight * math.prod(max(0.0, 1 + lam * (limit - x)) for x in values)
    return math.log(total)


@pytest.mark.parametrize(("limit", "alpha", "violations", "needed"), ANYTIME_TABLE)
def test_published_episode_counts_are_reproduced(limit, alpha, violations, needed):
    threshold = math.log(1 / alpha)
    assert log_e_value(episodes(needed, violations), limit) >= threshold
    assert log_e_value(episodes(needed - 1, violations), limit) < threshold


@given(UNIT, LIMIT)
def test_log_e_is_the_weighted_product_of_the_bets(values, limit):
    assert log_e_value(values, limit) == pytest.approx(reference_log_e(values, limit), abs=1e-9)


@given(UNIT, LIMIT, st.randoms(use_true_random=False))
def test_order_never_changes_a_bit(values, limit, random):
    shuffled = random.sample(values, len(values))
    assert log_e_value(shuffled, limit) == log_e_value(values, limit)


@given(UNIT, LIMIT, LIMIT)
def test_evidence_grows_with_the_limit(values, a, b):
    assert log_e_value(values, min(a, b)) <= log_e_value(values, max(a, b)) + 1e-9


@given(st.lists(UNIT, max_size=4), LIMIT)
def test_the_incremental_process_agrees_with_the_whole(parts, limit):
    process = EProcess(pass_bets(limit))
    for part in parts:
        process.update(part)
    assert process.log_e == pytest.approx(log_e_value([x for part in parts for x in part], limit), abs=1e-9)


@given(UNIT, st.floats(1e-4, 0.5))
def test_upper_bound_is_where_the_evidence_crosses(values, alpha):
    bound = upper_bound(values, alpha)
    assert np.mean(values or [0.0]) <= bound <= 1.0
    if bound < 1.0:
        assert log_e_value(values, bound) >= -math.log(alpha)
        assert log_e_value(values, bound * (1 - 1e-9)) < -math.log(alpha)


def test_nothing_seen_says_nothing():
    assert log_e_value([], 0.01) == 0.0
    assert upper_bound([], 0.05) == 1.0
    result = judge([], Claim("violation", 0.01, 0.05))
    assert (result.n, result.verdict) == (0, Verdict.INCONCLUSIVE)


def test_only_violations_are_bounded_by_one():
    assert upper_bound(np.ones(50), 0.05) == 1.0


def test_five_thousand_violations_never_look_safe():
    assert log_e_value(episodes(100_000, 5_000), 0.01) == pytest.approx(-1498, abs=1)


@pytest.mark.parametrize("bad", [[0.0, 1.5], [-0.1], [float("nan")], [float("inf")]])
def test_values_outside_the_unit_interval_are_refused(bad):
    for call in (lambda: log_e_value(bad, 0.1), lambda: upper_bound(bad, 0.1)):
        with pytest.raises(ValueError, match="outside"):
            call()


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.1, float("nan")])
def test_a_limit_or_alpha_outside_the_open_interval_is_refused(limit):
    with pytest.raises(ValueError, match="limit"):
        log_e_value([0.0], limit)
    with pytest.raises(ValueError, match="alpha"):
        upper_bound([0.0], limit)
    with pytest.raises(ValueError, match="claim 'v'"):
        Claim("v", limit, 0.05)


def test_judge_stops_at_the_first_crossing_and_reports_it():
    result = judge(np.zeros(2000), Claim("violation", 0.01, 0.05))
    assert (result.verdict, result.n, result.mean) == (Verdict.PASS, 331, 0.0)
    assert result.log_e >= math.log(20)
    assert 0.0 < result.upper_bound <= 0.01


def test_a_budget_one_short_is_inconclusive():
    result = judge(np.zeros(330), Claim("violation", 0.01, 0.05))
    assert (result.verdict, result.n) == (Verdict.INCONCLUSIVE, 330)
    assert result.upper_bound > 0.01


def test_what_follows_the_crossing_is_not_looked_at():
    clean = judge(np.zeros(331), Claim("violation", 0.01, 0.05))
    assert judge(np.r_[np.zeros(331), np.ones(500)], Claim("violation", 0.01, 0.05)) == clean


def crossings(bets, rate, runs, n, threshold):
    """How many of `runs` certifications of a policy with violation `rate` ever cross within n episodes."""
    rng = np.random.default_rng(20260101)
    return sum(EProcess(bets).update(rng.random(n) < rate).max() >= threshold for _ in range(runs))


def test_a_policy_at_the_limit_is_seldom_passed():
    passes = crossings(pass_bets(0.01), 0.01, 2000, 2000, math.log(20))
    assert 0.01 * 2000 < passes <= 0.065 * 2000


def test_a_policy_at_the_limit_is_seldom_failed():
    fails = crossings(fail_bets(0.01), 0.01, 1000, 1000, math.log(100))
    assert fails <= 0.02 * 1000


def test_judge_passes_exactly_where_the_evidence_crosses():
    rng = np.random.default_rng(5)
    for values in rng.random((40, 2000)) < 0.004:
        path = EProcess(pass_bets(0.01)).update(values)
        result = judge(values, Claim("v", 0.01, 0.05, alpha_fail=1e-9))
        assert (result.verdict is Verdict.PASS) == bool(path.max() >= math.log(20))
        assert result.upper_bound <= 0.01 or result.verdict is not Verdict.PASS


def test_five_times_the_limit_fails_within_the_published_episodes():
    rng = np.random.default_rng(11)
    results = [judge(rng.random(2000) < 0.05, Claim("v", 0.01, 0.05)) for _ in range(100)]
    needed = [result.n for result in results if result.verdict is Verdict.FAIL]
    assert len(needed) >= 95
    assert np.median(needed) == pytest.approx(139, rel=0.2)
    assert np.quantile(needed, 0.95) <= 343 * 1.2


def test_a_mean_cost_needs_the_published_number_of_episodes():
    rng = np.random.default_rng(3)
    needed = [judge(rng.beta(2, 6, 3000), Claim("cost", 0.30, 0.01)).n for _ in range(100)]
    assert np.median(needed) == pytest.approx(96, rel=0.2)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict.INCONCLUSIVE),
        ([Verdict.PASS, Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.INCONCLUSIVE, Verdict.FAIL], Verdict.FAIL),
        ([Verdict.ERROR, Verdict.FAIL, Verdict.PASS], Verdict.ERROR),
    ],
)
def test_one_unproven_claim_withholds_the_pass(verdicts, expected):
    assert overall(verdicts) is expected
