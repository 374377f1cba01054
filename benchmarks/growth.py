"""How the time of a step grows with the number of links, UEs times cells, from one cell to ten thousand."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

from ranrein.twin.params import Params

from .against_c import bind_twin
from .network import commands, network, started
from .runner import Best, Case, arguments, measure, table, timed, write

mpl.use("agg")
from matplotlib import pyplot as plt

CELLS = (1, 3, 10, 30, 57, 100, 300, 1_000, 3_000, 10_000)
FEW_USERS = 96  # residents and crowd, whatever the cells
USERS_PER_CELL, MOST_USERS = 10, 10_000
MOST_PIXELS = 64  # a side; the map of ten thousand cells then takes 82 MB
LINKS_PER_ROUND = 2_000_000
LINEAR = (0.9, 1.1)  # slope in the plot with two logarithmic axes
FROM_LINKS = 10_000  # below, the work per user and per call counts


def growth_case(series: str, n_cells: int, n_users: int) -> Case:
    """Return a case of one replica; its name is the number of links."""
    params = Params.of(network(n_cells, n_users, MOST_PIXELS))
    step, command = bind_twin(params, started(params, 1)), commands(params, 1)
    n_links = n_cells * params.n_users
    n_steps = max(1, LINKS_PER_ROUND // n_links)
    return Case(
        f"{series}: {n_cells} x {params.n_users}",
        timed(lambda: step(next(command), n_steps)),
        n_links * n_steps,
    )


def cases_of(cells: tuple[int, ...]) -> list[Case]:
    """Return both series: as many users everywhere, and users in proportion to cells."""
    few = [growth_case("few users", n, FEW_USERS - 8) for n in cells]
    many = [
        growth_case("ten a cell", n, USERS_PER_CELL * n) for n in cells if USERS_PER_CELL * n <= MOST_USERS
    ]
    return few + many


def points(best: dict[str, Best], series: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the links of a series and the CPU seconds of a step."""
    names = [name for name in best if name.startswith(series)]
    links = np.array(
        [np.prod([int(n) for n in name.partition(": ")[2].split(" x ")]) for name in names], float
    )
    return links, links * np.array([best[name].cpu_s for name in names])


def slope(links: np.ndarray, seconds: np.ndarray) -> float:
    """Return the exponent of the growth where links are many: 1 is linear."""
    many = links >= FROM_LINKS
    return float(np.polyfit(np.log(links[many]), np.log(seconds[many]), 1)[0])


def line(links: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Fit seconds = fixed + per_link x links with the least relative error; return both."""
    design = np.stack([1 / seconds, links / seconds], axis=1)
    fixed, per_link = np.linalg.lstsq(design, np.ones(len(links)), rcond=None)[0]
    return float(fixed), float(per_link)


def draw(best: dict[str, Best], path: Path) -> None:
    """Plot both series and the fitted line."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for series, marker in (("few users", "o"), ("ten a cell", "s")):
        links, seconds = points(best, series)
        label = f"{FEW_USERS} users" if series == "few users" else f"{USERS_PER_CELL} users a cell"
        axes.loglog(links, 1e6 * seconds, marker, label=label)
    links, seconds = points(best, "few users")
    fixed, per_link = line(links, seconds)
    along = np.geomspace(links.min(), links.max(), 200)
    label = f"{1e6 * fixed:.1f} us + {1e9 * per_link:.2f} ns a link"
    axes.loglog(along, 1e6 * (fixed + per_link * along), "-", linewidth=1, label=label)
    axes.set(xlabel="links: users x cells", ylabel="CPU time of a step, us", title="From 1 to 10,000 cells")
    axes.grid(alpha=0.3)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """Measure and report."""
    parser = arguments("growth", __doc__, rounds=10)
    parser.add_argument("--most-cells", type=int, default=CELLS[-1], help="leave larger networks out")
    options = parser.parse_args()
    best = measure(cases_of(tuple(n for n in CELLS if n <= options.most_cells)), options.rounds)
    picture = options.out.with_suffix(".png")
    draw(best, picture)
    rows = [(name, f"{1e9 * b.cpu_s:.2f}") for name, b in best.items()]
    exponents = {series: slope(*points(best, series)) for series in ("few users", "ten a cell")}
    fixed_s, per_link_s = line(*points(best, "few users"))
    sys.stdout.write(table(("cells x users", "CPU ns per link and step"), rows) + "\n\n")
    for series, exponent in exponents.items():
        verdict = "linear" if LINEAR[0] <= exponent <= LINEAR[1] else "NOT linear"
        sys.stdout.write(
            f"{series}: time grows as links^{exponent:.2f} from {FROM_LINKS:,} links on, {verdict}\n"
        )
    sys.stdout.write(
        f"few users: {1e6 * fixed_s:.1f} us + {1e9 * per_link_s:.2f} ns a link; plot: {picture}\n"
    )
    found = {name: b.cpu_s for name, b in best.items()}
    write(
        options.out,
        {"cpu_s_per_link": found, "exponents": exponents, "fixed_s": fixed_s, "per_link_s": per_link_s},
    )


if __name__ == "__main__":
    main()
