"""The yardsticks are what they say: the C loop has the twin's bits, sizes and ratios add up, networks are as asked."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.kernels.layout import ParamArrays, Scratch, StateArrays
from ranrein.twin.params import Params

ROOT = Path(__file__).resolve().parents[1]
PERIODS, STEPS, RESIDENTS = 20, 3, 34  # too short a period for a carrier to boot in


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[None]:
    """Makes the folder importable: it is not installed, and the root must not be on the path."""
    folder = ROOT / "benchmarks"
    spec = spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec
    assert spec.loader
    sys.modules["benchmarks"] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture(scope="module")
def small(benchmarks: None) -> Params:
    """Seven cells on both layers; 40 users with the crowd, so that loops end in the middle of a wide vector."""
    return Params.of(module("network").network(7, RESIDENTS, most_pixels=32))


@pytest.fixture(scope="module")
def c_folder(benchmarks: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if module("c_kernel").compiler() is None:
        pytest.skip("comparing with plain C needs a C compiler: install one, or name it in the variable CC")
    return tmp_path_factory.mktemp("kernel")


def history(params: Params, bind) -> list[np.ndarray]:
    """State arrays after some control periods in which carriers sleep, are muted and wake up."""
    network = module("network")
    state = network.started(params, 3)
    state.arrays.area_load[1] *= 4.0  # too much for some cells
    state.arrays.indoor_db[:, :, ::3] = 12.5  # some stay put and hear less
    state.arrays.indoor_db[:, :, [1, RESIDENTS]] = 100.0  # one hears nobody, neither does one of the crowd
    state.arrays.indoor_db[:, 0, 2::3] = 100.0  # some hear nobody when the capacity near them sleeps
    state.arrays.step[:] += np.array([0, 50, 100])  # before, in and after the surge's first hour
    step = bind(params, state)
    for command in islice(network.commands(params, 3), PERIODS):
        step(command, STEPS)
    return list(state.arrays)


def twin_history(params: Params) -> list[np.ndarray]:
    return history(params, lambda p, s: lambda command, n: advance(p, s, command, n))


def test_the_c_loop_has_the_bits_of_the_twin(small: Params, c_folder: Path) -> None:
    c_kernel = module("c_kernel")
    ours, theirs = twin_history(small), history(small, c_kernel.build(c_folder, c_kernel.SAME_BITS))
    differing = [
        n for n, a, b in zip(StateArrays._fields, ours, theirs, strict=True) if not np.array_equal(a, b)
    ]
    assert not differing


def test_the_history_that_is_compared_exercises_every_branch(small: Params) -> None:
    arrays = StateArrays(*twin_history(small))
    sums = np.moveaxis(arrays.cell_sum, -1, 0)
    prb, _, blocked, _, _, _, below, uncovered, energy_j, handovers = sums[:10]
    assert set(np.unique(arrays.carrier)) == {0, 1, 3, 4}
    assert -1 in arrays.serving
    assert handovers.sum() > 10
    assert (energy_j > 0).all()
    assert all(column.sum() > 0 for column in (prb, blocked, below, uncovered))
    assert (arrays.load < 1).any()
    assert (arrays.load == 1).any()


def test_fused_operations_change_the_c_loop_by_rounding_only(small: Params, c_folder: Path) -> None:
    sums = StateArrays._fields.index("cell_sum")
    ours, theirs = twin_history(small)[sums], history(small, module("c_kernel").build(c_folder))[sums]
    np.testing.assert_allclose(theirs[..., [0, 1, 8]].sum(1), ours[..., [0, 1, 8]].sum(1), rtol=1e-5)


def test_the_c_structures_name_the_fields_of_the_layout_in_their_order(benchmarks: None) -> None:
    source = module("c_kernel").HEADER.read_text(encoding="utf-8")
    structures = re.findall(r"typedef struct \{(.*?)\} (\w+);", source, re.DOTALL)
    names = {name: re.findall(r"(\w+)(?=\s*[,;])", body) for body, name in structures}
    assert names["Params"] == list(ParamArrays._fields)
    assert names["State"] == list(StateArrays._fields)
    assert names["Scratch"] == list(Scratch._fields)
    assert names["Shape"] == list(module("c_kernel").SHAPE)


def test_a_state_that_the_c_loop_would_misread_is_refused(small: Params, c_folder: Path) -> None:
    state = module("network").started(small, 2)
    skewed = state.arrays._replace(load=np.asfortranarray(np.zeros((2, small.n_cells), np.float32)))
    with pytest.raises(ValueError, match=r"StateArrays\.load is not contiguous"):
        module("c_kernel").structure(skewed)


@pytest.mark.parametrize("n_cells", [1, 2, 3, 7, 57])
def test_a_network_has_the_cells_and_users_that_were_asked_for(benchmarks: None, n_cells: int) -> None:
    scenario = module("network").network(n_cells, 26, most_pixels=16)
    assert sum(len(site.sectors) for site in scenario.sites) == n_cells
    assert scenario.users.resident == 26
    assert (scenario.users.resident + scenario.users.crowd) % 8 == 0


def test_sites_stand_on_a_hexagonal_lattice_inside_the_map(benchmarks: None) -> None:
    network = module("network")
    scenario = network.network()
    places = np.array([(site.x_m, site.y_m) for site in scenario.sites])
    apart_m = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    assert len(places) == 19
    np.testing.assert_allclose(apart_m.min(axis=1), network.SITE_DISTANCE_M)
    assert ((apart_m < 1.01 * network.SITE_DISTANCE_M).sum(axis=1) == 6).sum() == 7  # the inner sites
    assert places.min() > 0
    assert places.max() < scenario.width_m


def test_every_resident_of_the_measured_network_walks(small: Params) -> None:
    state = module("network").started(small, 1)
    before = state.arrays.user_x.copy(), state.arrays.user_y.copy()
    advance(small, state, next(module("network").commands(small, 1)), 1)
    moved = (state.arrays.user_x != before[0]) | (state.arrays.user_y != before[1])
    assert moved[0, :RESIDENTS].all()


@pytest.mark.parametrize("shape", [(1, 26), (7, 26), (14, 88)])
def test_a_replica_is_as_large_as_its_formula_says(benchmarks: None, shape: tuple[int, int]) -> None:
    memory, network = module("memory"), module("network")
    params = Params.of(network.network(*shape, most_pixels=16))
    state = network.started(params, 5)
    layers = state.arrays.indoor_db.shape[1]
    counted = memory.replica_bytes(params.n_cells, params.n_users, layers, params.n_areas)
    assert sum(array.nbytes for array in state.arrays) == 5 * counted


def test_a_replica_takes_no_more_memory_than_is_counted(small: Params) -> None:
    memory, network = module("memory"), module("network")
    kept, _ = memory.measured_bytes(lambda n: network.started(small, n))
    counted = memory.replica_bytes(small.n_cells, small.n_users, 2, small.n_areas)
    assert kept == pytest.approx(counted, rel=0.02)


def test_the_page_states_the_memory_of_a_replica(benchmarks: None) -> None:
    network, memory = module("network"), module("memory")
    n_cells, n_users = network.CELLS, network.USERS
    counted = memory.replica_bytes(n_cells, n_users + 6, 2, 21)
    assert f"{counted:,} bytes" in (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def test_threads_do_not_change_a_bit(small: Params) -> None:
    threads, network = module("threads"), module("network")
    one, two = network.started(small, 5), network.started(small, 5)
    with threads.ThreadPoolExecutor(2) as pool:
        for command in islice(network.commands(small, 5), 4):
            threads.advance_in_parts(pool, small, one, command, 1)
            threads.advance_in_parts(pool, small, two, command, 2)
    assert all(map(np.array_equal, one.arrays, two.arrays))
    assert one.arrays.step.tolist() == [4 * threads.STEPS] * 5


def test_the_best_round_of_each_case_counts_per_unit_of_work(benchmarks: None) -> None:
    runner = module("runner")
    spent = iter([(4.0, 3.0), (1.0, 1.0), (2.0, 5.0), (8.0, 8.0)])  # two cases in turn, two rounds
    cases = [runner.Case(name, lambda: runner.Spent(*next(spent)), 2.0) for name in ("a", "b")]
    best = runner.measure(cases, rounds=2)
    assert best == {"a": runner.Best("a", 1.0, 1.5), "b": runner.Best("b", 0.5, 0.5)}


def test_a_report_says_which_targets_are_missed(
    benchmarks: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = module("runner")
    ratios = [runner.Ratio("fast", 0.7, 0.6), runner.Ratio("slow", 0.5, 0.6), runner.Ratio("free", 1.0)]
    runner.report(tmp_path / "deep" / "x.json", {"a": runner.Best("a", 1.0, 1.0)}, "step", ratios)
    found = json.loads((tmp_path / "deep" / "x.json").read_text(encoding="utf-8"))
    assert [ratio["verdict"] for ratio in found["ratios"]] == ["met", "MISSED", ""]
    assert re.search(r"slow +0\.50 +>= 0\.6 +MISSED", capsys.readouterr().out)


def test_growth_is_read_off_made_up_times(benchmarks: None) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib: pip install ranrein[train]")
    growth, runner = module("growth"), module("runner")
    best = {
        f"few users: {n} x 96": runner.Best("", 0.0, (5e-6 + 2e-9 * 96 * n) / (96 * n))
        for n in (1, 10, 1000, 10_000)
    }
    links, seconds = growth.points(best, "few users")
    assert links.tolist() == [96, 960, 96_000, 960_000]
    assert growth.line(links, seconds) == pytest.approx((5e-6, 2e-9))
    assert growth.slope(links, seconds) == pytest.approx(1.0, abs=0.02)
    assert growth.slope(links, links**2) == pytest.approx(2.0)
