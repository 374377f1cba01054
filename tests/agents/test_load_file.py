"""Load files: measured days drive the traffic; what is wrong is refused with line, field and repair."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from ranrein.agents import load_file
from ranrein.agents.comparison import setting_of
from ranrein.agents.config import ConfigError, EnvConfig, EvaluateConfig
from ranrein.agents.episodes import decide, started
from ranrein.agents.load_file import LoadFileError, read_load_days, read_load_file, read_load_sites
from ranrein.agents.problem import problem_of
from ranrein.envs import scenario_source
from ranrein.envs.baselines import AlwaysOn
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.inventory.writer import inventory_data
from ranrein.envs.randomise import Drifting, Randomised
from ranrein.envs.variants import varied
from ranrein.scripts import evaluate
from ranrein.scripts.exit_codes import ExitCode
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario

Write = Callable[[str], Path]

MONDAY = datetime(2024, 4, 1)
EVENING = 2.0 + np.cos(2 * np.pi * (np.arange(24) - 20) / 24)  # a busy evening
MORNING = 2.0 + np.cos(2 * np.pi * (np.arange(24) - 8) / 24)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "load.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def series(loads: Iterable[float], minutes: int = 60, start: datetime = MONDAY, site: str = "") -> list[str]:
    """Return CSV lines, with the site last if there is one."""
    end = f",{site}" if site else ""
    return [
        f"{start + timedelta(minutes=minutes * slot)},{load:.17g}{end}" for slot, load in enumerate(loads)
    ]


def csv(lines: Iterable[str], header: str = "time,load") -> str:
    return "\n".join([header, *lines]) + "\n"


def test_each_complete_day_becomes_a_row_with_mean_one_over_all(write: Write) -> None:
    path = write(csv(series([*EVENING, *(3 * MORNING)])))
    expected = np.stack([EVENING, 3 * MORNING])
    np.testing.assert_allclose(read_load_file(path), expected / expected.mean())


def test_incomplete_days_at_both_ends_are_left_out_and_counted(write: Write) -> None:
    path = write(csv(series([*EVENING[15:], *EVENING, *EVENING[:9]], start=MONDAY + timedelta(hours=15))))
    days = read_load_days(path)
    assert (len(days.rows), days.left_out, days.interpolated) == (1, 2, 0)
    np.testing.assert_allclose(days.rows[0], EVENING / EVENING.mean())


def test_single_missing_slots_are_interpolated_and_counted(write: Write) -> None:
    loads = 73.0 - np.abs(np.arange(144.0) - 72.0)
    lines = series(loads, minutes=10)
    days = read_load_days(write(csv(line for slot, line in enumerate(lines) if slot not in (30, 77))))
    assert days.interpolated == 2
    np.testing.assert_allclose(days.rows[0], loads / loads.mean())


@pytest.mark.parametrize("missing", [(30, 31), range(10, 26, 2)], ids=["side by side", "more than 5 %"])
def test_days_with_larger_gaps_are_left_out(write: Write, missing: Iterable[int]) -> None:
    lines = series(np.arange(288.0) * 35 % 288, minutes=10)
    days = read_load_days(write(csv(line for slot, line in enumerate(lines) if slot not in set(missing))))
    assert (len(days.rows), days.left_out, days.interpolated) == (1, 1, 0)


def test_what_was_left_out_is_logged(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    path = write(csv(series([*EVENING, *EVENING[:3]])))
    with caplog.at_level(logging.WARNING):
        read_load_file(path)
    assert (
        "1 days of 24 slots; 0 single missing slots interpolated, 1 incomplete days left out" in caplog.text
    )


def test_sites_are_series_of_their_own_and_count_alike(write: Write) -> None:
    quiet, busy = series(EVENING, site="quiet"), series(100 * MORNING, site="busy")
    mixed = [line for pair in zip(quiet, busy, strict=True) for line in pair]
    rows = read_load_file(write(csv(mixed, "time,load,site")))
    np.testing.assert_allclose(rows, [EVENING / EVENING.mean(), MORNING / MORNING.mean()])


def test_hours_give_one_typical_day(write: Write) -> None:
    path = write(csv((f"{hour},9,{load}" for hour, load in enumerate(EVENING)), "hour,count,mean"))
    np.testing.assert_allclose(read_load_file(path, "mean"), [EVENING / EVENING.mean()])


@pytest.mark.parametrize("written", ["{}", "{}Z", "{}+02:00"])
def test_times_are_read_on_the_local_clock(write: Write, written: str) -> None:
    stamps = [written.format((MONDAY + timedelta(hours=hour)).isoformat()) for hour in range(24)]
    path = write(csv(f"{stamp},{load}" for stamp, load in zip(stamps, EVENING, strict=True)))
    np.testing.assert_allclose(read_load_file(path), [EVENING / EVENING.mean()])


def test_time_stamps_in_the_middle_of_the_slot_are_regular_too(write: Write) -> None:
    path = write(csv(series(EVENING, start=MONDAY + timedelta(minutes=30))))
    assert len(read_load_file(path)) == 1


DAY = series(EVENING)
BAD = {
    "empty file": ("", "is empty; begin it with the line 'time,load'"),
    "semicolons": (
        "time;load\n2024-04-01 00:00:00;3,5\n",
        "line 1: 'time;load' is separated by semicolons .';'.; separate fields with commas",
    ),
    "tabs": ("time\tload\n", r"line 1: .* is separated by tabs .'.{1,2}t'.; separate fields with commas"),
    "semicolons below": ("hour,load\n0;1\n", "line 2: '0;1' is separated by semicolons"),
    "header alone": ("time,load\n", "no lines below it; add at least one day"),
    "no time": ("when,load\n", r"line 1: columns \['when', 'load'\] lack 'time' and 'hour'"),
    "no load": ("time,lod\n", "line 1: .* lack 'load'; choose one with load_column=NAME .did you mean 'lod'"),
    "column twice": ("time,load,load\n", "line 1: column 'load' stands there twice; keep one"),
    "text": (csv([*DAY[:3], "2024-04-01 03:00:00,many"]), "line 5: load = 'many' is no number; write zero"),
    "blank": (
        csv([*DAY[:3], "2024-04-01 03:00:00,"]),
        "line 5: load = '' is no number; .* leave out the line",
    ),
    "negative": (csv([*DAY[:3], "2024-04-01 03:00:00,-1"]), "line 5: load = '-1' is negative; write zero"),
    "NaN": (csv([*DAY[:3], "2024-04-01 03:00:00,NaN"]), "line 5: load = 'NaN' is not finite"),
    "infinite": (csv([*DAY[:3], "2024-04-01 03:00:00,inf"]), "line 5: load = 'inf' is not finite"),
    "decimal comma": (csv([*DAY[:3], "2024-04-01 03:00:00,1,5"]), "line 5: 3 fields where the header has 2"),
    "no clock": (csv(["yesterday,1"]), "line 2: time = 'yesterday' is no time; write ISO 8601"),
    "backwards": (csv([*DAY[:3], DAY[0]]), "line 5: time = '2024-04-01 00:00:00' comes after .*; sort"),
    "repeated": (
        csv([*DAY[:3], DAY[2]]),
        "line 5: time = '2024-04-01 02:00:00' stands there twice; keep one",
    ),
    "irregular": (
        csv([*DAY, "2024-04-02 00:07:00,1"]),
        "line 26: time = '2024-04-02 00:07:00' is off the regular",
    ),
    "7 minutes": (
        csv(series(np.ones(300), minutes=7)),
        "line 301: .* step of 420 s; give averages over a part",
    ),
    "daily means": (csv(series(np.ones(9), minutes=1440)), "line 10: .* step of 86400 s; give averages"),
    "one line": (csv(DAY[:1]), "line 2: .* step of 86400 s; give averages"),
    "short": (csv(DAY[:20]), "field time: none of 1 days is complete at 3600 s a slot; a day needs 95 %"),
    "zero": (csv(series(np.zeros(24))), "the mean load is 0; give a load above zero"),
    "too large": (csv(series(np.full(24, 1e308))), "the mean load is inf; give"),
    "hour 24": ("hour,load\n24,1\n", "line 2: hour = '24' is no hour of day; write 0 to 23"),
    "23 hours": (
        csv((f"{h},1" for h in range(23)), "hour,load"),
        "line 24: a typical day has 23 of 24 hours",
    ),
    "steps differ": (
        csv([*series(EVENING, site="a"), *series(np.ones(48), 30, site="b")], "time,load,site"),
        "field time: sites have different steps .'a' 3600 s, 'b' 1800 s",
    ),
    "one site short": (
        csv([*series(EVENING, site="a"), *series(EVENING[:9], site="b")], "time,load,site"),
        "none of 1 days of site 'b' is complete",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_files_that_cannot_be_used_are_explained(write: Write, case: str) -> None:
    text, message = BAD[case]
    with pytest.raises(LoadFileError, match=rf"load\.csv.*{message}"):
        read_load_file(write(text))


def test_series_are_checked_like_days_from_one_reading(
    write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(csv([*series(EVENING), *series(MORNING[:9], start=MONDAY + timedelta(days=1))]))
    read = Mock(wraps=load_file.table_of)
    monkeypatch.setattr(load_file, "table_of", read)
    (found,) = read_load_sites(path)
    assert read.call_count == 1
    assert len(found.load) == 24 + 9
    assert "1 incomplete days left out" in caplog.text
    with pytest.raises(LoadFileError, match="one typical day, which no other day can judge"):
        read_load_sites(write("hour,load\n" + "".join(f"{hour},1\n" for hour in range(24))))


def test_files_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    with pytest.raises(LoadFileError, match=r"nowhere\.csv.*give a readable CSV"):
        read_load_file(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes(b"time,load\n\xff\xfe,1\n")
    with pytest.raises(LoadFileError, match=r"latin\.csv.*in UTF-8"):
        read_load_file(tmp_path / "latin.csv")


def test_configured_file_takes_the_place_of_the_law_and_of_nothing_else(write: Write) -> None:
    path = write(csv(series(MORNING), "time,dl_mbps"))
    config = EvaluateConfig(scenario="tiny", episodes=1, load_file=str(path), load_column="dl_mbps")
    scenario, own = setting_of(config).params.scenario, load_scenario("tiny")
    np.testing.assert_allclose(scenario.load.profile, [MORNING / MORNING.mean()])
    assert replace(scenario, load=replace(scenario.load, profile=())) == own


@pytest.mark.parametrize("name", ["tiny+drift", "tiny+randomised", "tiny+randomised+drift+reality_gap"])
def test_variants_act_on_the_days_of_the_file(name: str, write: Write) -> None:
    path = write(csv(series([*EVENING, *(3 * MORNING)])))
    found = problem_of(EnvConfig(), name, str(path))[1].scenario
    tiny = load_scenario("tiny")
    measured = replace(tiny, load=replace(tiny.load, profile=read_load_file(path)))
    names = name.split("+")[1:]
    assert found == varied(measured, names)
    assert len(found.load.profile) == 2 * 25 ** ("drift" in names) * 64 ** ("randomised" in names)


@pytest.mark.parametrize("kind", ["file", "inventory"])
def test_sections_of_laws_act_on_the_days_of_the_file(kind: str, write: Write, tmp_path: Path) -> None:
    path = write(csv(series([*EVENING, *(3 * MORNING)])))
    tiny = load_scenario("tiny")
    if kind == "file":
        text = (resources.files("ranrein.conf") / "scenario" / "tiny.yaml").read_text(encoding="utf-8")
        (tmp_path / "mine").write_text(text + "randomised: {levels: 2}\ndrifting: {levels: 3}\n")
    else:
        data = inventory_data(tiny)
        data["scenario"] |= {"randomised": {"levels": 2}, "drifting": {"levels": 3}}
        (tmp_path / "mine.json").write_text(json.dumps(data))
    file = tmp_path / ("mine" if kind == "file" else "mine.json")
    found = problem_of(EnvConfig(), f"{kind}:{file}", str(path))[1].scenario
    measured = replace(tiny, load=replace(tiny.load, profile=read_load_file(path)))
    assert found.load == Drifting(levels=3)(Randomised(levels=2)(measured)).load


def test_a_fit_whose_days_hold_a_law_takes_no_other_days(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(csv(series(MORNING)))
    fits = {"fit": load_scenario("tiny"), "drifted": varied(load_scenario("tiny"), ["drift"])}
    monkeypatch.setattr(scenario_source, "fitted_scenario", lambda folder: fits[folder.name])
    drifted = problem_of(EnvConfig(), "fit:fit+drift", str(path))[1].scenario
    assert drifted == problem_of(EnvConfig(), "tiny+drift", str(path))[1].scenario
    with pytest.raises(ConfigError, match=r"'tiny\+drift' has drift in its days.*without \+drift"):
        problem_of(EnvConfig(), "fit:drifted", str(path))


def test_column_without_a_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="load_column='dl' needs load_file=PATH"):
        problem_of(EnvConfig(), "tiny", load_column="dl")


def test_bad_file_is_a_usage_error(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([f"load_file={write('')}"]) == ExitCode.USAGE
    assert "load.csv is empty" in capsys.readouterr().err


def noise_free(profile: tuple[tuple[float, ...], ...]) -> Scenario:
    tiny = load_scenario("tiny")
    load = replace(tiny.load, profile=profile, noise_sigma=0.0)
    return replace(tiny, load=load, surge=replace(tiny.surge, probability=0.0))


def offered_by_hour(params: Params) -> np.ndarray:
    """Return the traffic offered in each hour of one day, kbit, (24,)."""
    simulation, task, network = started(params, [0]), EnergySaving(), AlwaysOn()
    network.begin(params, 1)
    truths = [
        decide(network, simulation, task).truth for _ in range(params.scenario.timing.periods_per_episode)
    ]
    kbit = np.array([float((truth.volume_dl + truth.blocked_dl).sum()) for truth in truths])
    return kbit.reshape(24, -1).sum(axis=1)


@pytest.mark.parametrize("day", [EVENING, MORNING], ids=["evening", "morning"])
def test_measured_day_drives_the_offered_traffic(write: Write, day: np.ndarray) -> None:
    rows = read_load_file(write(csv(series(np.repeat(day, 6), minutes=10))))
    offered = offered_by_hour(Params.of(noise_free(rows)))
    assert np.corrcoef(offered, day)[0, 1] > 0.95
    np.testing.assert_allclose(offered / offered.mean(), day / day.mean(), rtol=0.15)
