"""The made-up country: thousands of cells, places apart, clusters that keep their promises."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.envs.inventory.neighbours import nearest_m
from ranrein.envs.inventory.rows import InventoryError
from ranrein.envs.inventory.scenario import MOST_CELLS, clusters
from ranrein.envs.registry import make_env
from ranrein.envs.scenario_source import scenario_named
from ranrein.envs.synthetic import SITES, nationwide

COUNTRY = nationwide()


def test_it_has_thousands_of_cells_in_clusters() -> None:
    assert len(COUNTRY.sites) == SITES
    assert COUNTRY.n_cells > 4_000
    groups = clusters(COUNTRY)
    assert sorted(np.concatenate(groups).tolist()) == list(range(SITES))
    assert max(sum(COUNTRY.sites[i].n_cells for i in group) for group in groups) <= MOST_CELLS


def test_macro_sites_of_one_kind_stand_apart_and_have_neighbours() -> None:
    for kind, distance_m in (("UMa", 400.0), ("RMa", 1_200.0)):
        places = np.array([site.place for site in COUNTRY.sites if site.propagation == kind])
        nearest = nearest_m(places / distance_m, 1e-6)  # in distances between sites
        assert nearest.min() > 0.4
        assert np.quantile(nearest, 0.99) < 1.3


def test_the_same_numbers_give_the_same_country_and_others_another() -> None:
    again, other = nationwide.__wrapped__(SITES, 1), nationwide.__wrapped__(SITES, 2)
    assert np.array_equal(again.places, COUNTRY.places)
    assert not np.array_equal(other.places, COUNTRY.places)
    assert [site.id for site in other.sites] == [site.id for site in COUNTRY.sites]


@pytest.mark.parametrize("n_sites", [60, 61, 117, 2_000])
def test_any_size_is_built(n_sites: int) -> None:
    sites = nationwide(n_sites).sites
    assert len({site.id for site in sites}) == len({site.place for site in sites}) == n_sites


def test_a_country_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="n_sites=59: nationwide needs at least 60"):
        nationwide(59)


def test_a_cluster_is_a_scenario_by_name_and_the_whole_is_not() -> None:
    env = make_env("ranrein/EnergySaving-v0", "nationwide@7+telemetry")
    env.reset(seed=0)
    assert env.step(np.zeros(env.action_space.shape, np.int64))[4]["cost"] == 0.0
    with pytest.raises(InventoryError, match="choose one with nationwide@1 to @180"):
        scenario_named("nationwide")
    with pytest.raises(InventoryError, match="has no cluster 900; choose 1 to 180"):
        scenario_named("nationwide@900")
