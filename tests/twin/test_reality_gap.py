from dataclasses import replace

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.reality_gap import reality_gap

BELIEVED = load_scenario("urban")


def test_the_hidden_plant_differs_where_it_is_told_to():
    hidden = reality_gap(BELIEVED, radio_seed=5, load_scale=1.3, noise_sigma_scale=2.0, wake_delay_scale=1.2)
    assert (hidden.radio_seed, hidden.load.scale, hidden.load.noise_sigma) == (5, 1.3, 0.24)


def test_wake_delays_grow_to_whole_twin_steps():
    assert reality_gap(BELIEVED, wake_delay_scale=1.2).sleep.wake_delay_s == (0.0, 0.0, 0.0, 120.0, 360.0)


def test_no_gap_is_the_scenario_itself():
    same = reality_gap(
        BELIEVED, radio_seed=BELIEVED.radio_seed, load_scale=1.0, noise_sigma_scale=1.0, wake_delay_scale=1.0
    )
    assert same == BELIEVED


def test_gaps_multiply():
    once = replace(BELIEVED, load=replace(BELIEVED.load, scale=2.0))
    assert reality_gap(once, load_scale=1.5).load.scale == 3.0
