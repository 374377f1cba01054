"""Broadcast patterns, cell offsets and vehicles in the kernel: against the oracle, and what they do to a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.command import LARGEST_OFFSET_DB, Command
from ranrein.twin.kernels.layout import CellSum, LinkSample, StateArrays
from ranrein.twin.kpis import measure
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.state import State, begin, open_period

PATTERNS = ("macro", "hot-spot", "narrow macro left")
EXACT = ("serving", "beam", "shift_db", "left", "moved_s", "user_x", "user_y")


@pytest.fixture(scope="module")
def steered() -> Params:
    """The urban network with three patterns to choose from on its capacity layer, and half of the people in cars."""
    scenario = load_scenario("urban")
    carriers = {**scenario.carriers, "n78": replace(scenario.carriers["n78"], patterns=PATTERNS)}
    users = replace(scenario.users, vehicle_share=0.5)
    handover = replace(scenario.handover, offset_db=0.0, hysteresis_db=0.0)
    return Params.of(replace(scenario, carriers=carriers, users=users, handover=handover))


def _start(params: Params, n: int = 4) -> State:
    return begin(params, np.arange(n, dtype=np.int64), np.zeros(n, np.int64))


def _random_command(params: Params, n: int, rng: np.random.Generator) -> Command:
    shape = (n, params.n_cells)
    states = (rng.integers(0, 5, shape) * rng.integers(0, 2, shape)).astype(np.int8)
    beams = (rng.integers(0, 100, shape) % params.n_beams).astype(np.int8)
    return Command(
        states, beams, rng.integers(-LARGEST_OFFSET_DB, LARGEST_OFFSET_DB + 1, shape).astype(np.int8)
    )


def _all(params: Params, n: int, **settings: int) -> Command:
    shape = (n, params.n_cells)
    return Command(np.zeros(shape, np.int8), **{k: np.full(shape, v, np.int8) for k, v in settings.items()})


def test_the_kernel_agrees_with_the_oracle_under_any_settings(steered: Params) -> None:
    rng, kernel = np.random.default_rng(3), _start(steered)
    oracle = kernel.copy()
    for n_steps in (1, 4, 5, 3, 2, 5):
        command = _random_command(steered, 4, rng)
        advance(steered, kernel, command, n_steps)
        advance_reference(steered, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=0 if name in EXACT else 1e-5, atol=1e-5, err_msg=name)
    told = kernel.arrays.link[
        :, :, : LinkSample.TOO_EARLY
    ]  # causes of lost links are seldom: test_lost_links.py
    for sums in (kernel.arrays.cell_sum[:, :, : CellSum.SLICE_PRB], told):
        assert np.all(sums.sum(axis=(0, 1)) > 0), "a column of the sums stayed empty"


def test_a_pattern_changes_what_is_heard_of_its_cell_alone(steered: Params) -> None:
    state = _start(steered)
    advance(steered, state, _all(steered, 4))
    planned, _ = radio_view(steered, state)
    beams = np.zeros((4, steered.n_cells), np.int8)
    beams[:, steered.capacity_cells[0]] = 2
    state.arrays.beam[:] = beams
    chosen, _ = radio_view(steered, state)
    changed = (chosen != planned).any(axis=(0, 2))
    assert changed.tolist() == [c == steered.capacity_cells[0] for c in range(steered.n_cells)]


def test_the_planned_pattern_is_that_of_a_network_without_choice(steered: Params) -> None:
    carriers = {n: replace(c, patterns=()) for n, c in steered.scenario.carriers.items()}
    plain = Params.of(replace(steered.scenario, carriers=carriers))
    assert plain.n_beams.max() == 1
    assert np.array_equal(plain.arrays.gain, steered.gain)


def test_a_raised_offset_draws_users_and_a_lowered_one_sends_them_away(steered: Params) -> None:
    connected = []
    for offset in (-20, 0, 20):
        state, offsets = _start(steered, 8), np.zeros((8, steered.n_cells), np.int8)
        offsets[:, steered.capacity_cells[0]] = offset
        advance(steered, state, Command(np.zeros_like(offsets), offset_db=offsets), 3)
        connected.append(int((state.arrays.serving == steered.capacity_cells[0]).sum()))
    assert connected[0] < connected[1] < connected[2]


def test_swapping_offsets_to_and_fro_is_counted_as_ping_pong(urban: Params) -> None:
    state, cell = _start(urban, 8), urban.capacity_cells[0]
    for step in range(6):
        offsets = np.zeros((8, urban.n_cells), np.int8)
        offsets[:, cell] = 24 if step % 2 else -24
        advance(urban, state, Command(np.zeros_like(offsets), offset_db=offsets))
    swapped = state.arrays.cell_sum[:, :, CellSum.PING_PONGS].sum()
    calm = _start(urban, 8)
    advance(urban, calm, _all(urban, 8), 6)
    assert swapped > 5 * calm.arrays.cell_sum[:, :, CellSum.PING_PONGS].sum() > 0
    assert np.all(
        state.arrays.cell_sum[:, :, CellSum.PING_PONGS] <= state.arrays.cell_sum[:, :, CellSum.HANDOVERS]
    )


def test_every_active_user_with_a_cell_is_in_one_ssb_beam(steered: Params) -> None:
    state = _start(steered)
    open_period(state)
    advance(steered, state, _all(steered, 4), 5)
    kpis = measure(steered, state)
    _, offered = radio_view(steered, state)
    serving = np.where(offered > 0, state.arrays.serving, -1)
    expected = (serving[:, None] == np.arange(steered.n_cells)[:, None]).sum(axis=2)
    np.testing.assert_array_equal(kpis.ssb_0 + kpis.ssb_1 + kpis.ssb_2 + kpis.ssb_3, expected)
    assert np.all((kpis.efficiency > 0) == (expected > 0))


def test_vehicles_drive_and_people_indoors_stay(steered: Params) -> None:
    state = _start(steered)
    before = state.copy().arrays
    advance(steered, state, _all(steered, 4))
    moved = np.hypot(state.arrays.user_x - before.user_x, state.arrays.user_y - before.user_y)
    n, residents = steered.scenario.users.n_vehicles, steered.arrays.crowd_first
    assert np.median(moved[:, :n]) == pytest.approx(30 / 3.6 * 60, rel=0.3)
    indoors = before.indoor_db[:, 0, n:residents] > 0
    assert np.all(moved[:, n:residents][indoors] == 0)
    assert before.indoor_db[:, 0, :n].mean() == pytest.approx(9.0, abs=1.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam": 4}, r"beam 4 of cell 'macro-0-n28': it has patterns 0..0"),
        ({"beam": -1}, "beam holds values outside 0..127"),
        ({"offset_db": 25}, "offset_db holds values outside -24..24"),
    ],
)
def test_settings_nobody_can_obey_are_refused(
    steered: Params, settings: dict[str, int], message: str
) -> None:
    state = _start(steered)
    with pytest.raises(ValueError, match=message):
        advance(steered, state, _all(steered, 4, **settings))
    assert state.arrays.step[0] == 0


def test_settings_of_another_shape_or_type_are_refused() -> None:
    states = np.zeros((2, 3), np.int8)
    with pytest.raises(ValueError, match=r"beam must be int8 of shape \(2, 3\), got int64 \(2, 3\)"):
        Command(states, np.zeros((2, 3), np.int64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"offset_db must be int8 of shape \(2, 3\), got int8 \(1, 3\)"):
        Command(states, offset_db=np.zeros((1, 3), np.int8))


def test_an_unknown_pattern_names_the_nearest() -> None:
    carrier = load_scenario("urban").carriers["n78"]
    with pytest.raises(ValueError, match='no beam pattern "hot spot": did you mean "hot-spot"'):
        replace(carrier, patterns=("hot spot",))
    with pytest.raises(ValueError, match="n_elements is 0"):
        replace(load_scenario("urban").carriers["n78s"], patterns=("macro",))
