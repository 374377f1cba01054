"""Seed domains: disjoint by construction, reproducible, and unpredictable for certification."""

from __future__ import annotations

import itertools

import pytest

from ranrein.agents.seeds import Domain, certify_root, domain_of, episode_seeds


def test_every_seed_tells_its_domain_and_fits_the_environments() -> None:
    for domain in Domain:
        seeds = episode_seeds(7, domain, 3, 50)
        assert {domain_of(seed) for seed in seeds} == {domain}
        assert all(0 <= seed < 2**62 for seed in seeds)


def test_domains_never_share_a_seed_even_for_equal_draws() -> None:
    pools = [{seed >> 53 for seed in episode_seeds(0, domain, 0, 20)} for domain in Domain]
    assert all(not a & b for a, b in itertools.combinations(pools, 2))


def test_more_episodes_begin_with_the_same_ones() -> None:
    assert episode_seeds(1, Domain.SELECT, 0, 20)[:5] == episode_seeds(1, Domain.SELECT, 0, 5)


@pytest.mark.parametrize(("root", "attempt"), [(1, 0), (0, 1)])
def test_another_root_or_attempt_gives_other_seeds(root: int, attempt: int) -> None:
    other = episode_seeds(root, Domain.TRAIN, attempt, 100)
    assert not set(episode_seeds(0, Domain.TRAIN, 0, 100)) & set(other)


def test_seeds_of_one_domain_do_not_repeat() -> None:
    assert len(set(episode_seeds(0, Domain.CERTIFY, 0, 2000))) == 2000


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        episode_seeds(-1, Domain.TRAIN, 0, 1)


def test_certification_root_depends_on_secret_policy_and_attempt() -> None:
    secret = b"0123456789abcdef"
    roots = [
        certify_root(secret, "aa", 0),
        certify_root(secret, "aa", 1),
        certify_root(secret, "ab", 0),
        certify_root(b"another secret, as long", "aa", 0),
    ]
    assert len(set(roots)) == 4
    assert certify_root(secret, "aa", 0) == roots[0]


def test_certification_root_refuses_a_short_secret() -> None:
    with pytest.raises(ValueError, match="need at least 16"):
        certify_root(b"short", "aa", 0)
