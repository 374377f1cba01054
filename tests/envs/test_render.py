from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.palette import STATE_WORDS
from ranrein.envs.render.cell_shapes import cell_shapes
from ranrein.envs.render.frame import Frame, user_mbps
from ranrein.envs.render.maps import MapView
from ranrein.envs.render.plots import nice_top
from ranrein.envs.render.render import NoDisplayError, Renderer
from ranrein.envs.simulation import Simulation
from ranrein.envs.topics import Topics
from ranrein.envs.trail import Trail, hour_of, values_of
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.command import Command
from ranrein.twin.kpis import measure
from ranrein.twin.params import Params
from ranrein.twin.state import open_period


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.of(load_scenario("urban"))


@pytest.fixture(scope="module")
def renderer(params: Params) -> Renderer:
    return Renderer(params)


@pytest.fixture
def simulation(params: Params) -> Simulation:
    simulation = Simulation(params, 2)
    simulation.start(np.array([3, 4]), np.array([0, 0]))
    return simulation


def capacity_in(params: Params, state: int) -> Command:
    return Command.of(np.tile(np.where(params.is_capacity, state, 0), (2, 1)))


def test_picture_is_a_colour_image_that_shows_something(renderer: Renderer, simulation: Simulation) -> None:
    picture = renderer.draw(simulation)
    assert picture is not None
    assert (picture.shape, picture.dtype) == ((720, 1280, 3), np.uint8)
    assert len(np.unique(picture @ np.array([1, 256, 65536]))) > 100


def test_same_network_is_drawn_the_same_way_again(renderer: Renderer, simulation: Simulation) -> None:
    first, second = renderer.draw(simulation), renderer.draw(simulation)
    assert np.array_equal(first, second)
    assert first is not second


def test_kept_ground_leaves_no_trace_of_earlier_frames(params: Params, simulation: Simulation) -> None:
    used, trail = Renderer(params), Trail()
    for state in (4, 2):
        used.draw(simulation)
        window = simulation.window
        trail.add(hour_of(window), values_of(params, window))
        simulation.step(capacity_in(params, state))
    assert np.array_equal(used.draw(simulation), Renderer(params, trail=trail).draw(simulation))


def test_a_sleeping_carrier_changes_its_own_place(params: Params, simulation: Simulation) -> None:
    renderer = Renderer(params)
    awake = renderer.draw(simulation)
    simulation.step(Command.of(np.tile([0, 0, 0, 0, 0, 0, 4], (2, 1))))
    asleep = renderer.draw(simulation)
    plaza = (slice(210, 290), slice(455, 535))  # pixels of the street-level cell
    dark = [np.mean(picture[plaza].max(axis=-1) < 130) for picture in (awake, asleep)]
    assert dark[1] > dark[0] + 0.3


def test_a_long_ssb_period_is_named_at_its_cell() -> None:
    params = Params.of(load_scenario("private_factory"))
    simulation, period = Simulation(params, 1), np.zeros((1, params.n_cells), np.int8)
    simulation.start(np.array([3]), np.array([0]))
    period[0, params.capacity_cells[2]] = 3
    planned = Command.all_active(1, params.n_cells)
    view, pictures = MapView(Figure(), params, Topics.of(params)), []
    for chosen in (planned, replace(planned, ssb_period=period)):
        simulation.step(chosen)
        view.update(Frame.of(params, simulation, 0))
        pictures.append([text.get_text() for text in view.words])
    assert not any("SSB" in words for words in pictures[0])
    assert [words.split("\n")[-1] for words in pictures[1] if "SSB" in words] == ["SSB 160 ms"]


def test_replicas_are_drawn_apart(renderer: Renderer, simulation: Simulation) -> None:
    assert not np.array_equal(renderer.draw(simulation, 0), renderer.draw(simulation, 1))


def test_drawing_leaves_the_simulation_as_it_was(renderer: Renderer, simulation: Simulation) -> None:
    before = simulation.state.copy()
    renderer.draw(simulation)
    assert all(map(np.array_equal, before.arrays, simulation.state.arrays))


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were(
    params: Params, simulation: Simulation
) -> None:
    before = dict(mpl.rcParams)
    Renderer(params).draw(simulation)
    assert dict(mpl.rcParams) == before


@pytest.mark.skipif("sys.platform != 'linux'", reason="displays are named differently there")
def test_a_window_without_a_display_is_refused_with_the_way_out(
    params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(NoDisplayError, match="rgb_array"):
        Renderer(params, "human")


def test_user_rates_are_those_the_kernel_counted(params: Params, simulation: Simulation) -> None:
    state = simulation.state
    open_period(state)
    advance(params, state, Command.all_active(2, params.n_cells), 1)
    kpis = measure(params, state)
    rsrp, offered = radio_view(params, state)
    active = offered > 0
    counted = (kpis.ue_thp_dl * kpis.active_ue).sum(axis=1) / kpis.active_ue.sum(axis=1) / 1e3
    mine = np.where(active, user_mbps(params, state, rsrp), 0.0).sum(axis=1) / active.sum(axis=1)
    assert mine == pytest.approx(counted, rel=0.03)


def test_frame_says_which_carriers_sleep_and_which_wake(params: Params, simulation: Simulation) -> None:
    simulation.step(capacity_in(params, 4))
    asleep = Frame.of(params, simulation).carrier
    simulation.state.arrays.carrier[:] = 0
    simulation.state.arrays.wake_left_s[:, 1] = 60.0
    waking = Frame.of(params, simulation).carrier
    assert sorted(STATE_WORDS[s] for s in asleep[params.is_capacity]) == ["ACTIVE", "ACTIVE", "DEEP", "DEEP"]
    assert [STATE_WORDS[s] for s in waking[:3]] == ["ACTIVE", "WAKING", "ACTIVE"]


def test_trail_grows_replaces_and_begins_anew() -> None:
    trail = Trail()
    for hour, power_w in ((0.0, 0.0), (1.0, 1.0), (1.0, 5.0), (2.0, 2.0)):
        trail.add(hour, {"power_w": power_w})
    assert (trail.hours, trail.series["power_w"]) == ([0.0, 1.0, 2.0], [0.0, 5.0, 2.0])
    assert trail.total("power_w", 1.0) == 7.0
    trail.add(4.0, {"power_w": 1.0})
    assert trail.total("power_w", 1.0) is None  # of an hour nothing is known
    trail.add(0.0, {"power_w": 7.0})
    assert (trail.hours, trail.series["power_w"]) == ([0.0], [7.0])


def test_cells_do_not_cover_each_other(params: Params) -> None:
    by_sector: dict[tuple[float, float, float], list[tuple[float, float]]] = {}
    for shape in cell_shapes(params.scenario):
        place = (shape.x_m, shape.y_m, shape.azimuth_deg)
        by_sector.setdefault(place, []).append((shape.inner_m, shape.outer_m))
    assert sum(map(len, by_sector.values())) == params.n_cells
    for rings in map(sorted, by_sector.values()):
        assert all(inner[1] <= outer[0] for inner, outer in pairwise(rings))


@pytest.mark.parametrize(("value", "top"), [(1.0, 1.0), (19.0, 20.0), (990.0, 1000.0), (2001.0, 3000.0)])
def test_axes_end_at_a_round_value_above(value: float, top: float) -> None:
    assert nice_top(value) == top
