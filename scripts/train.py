"""`ranrein train`: train an agent and keep its best policy as a bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.config import ConfigError, TrainConfig, env_group, from_mapping
from ranrein.agents.export import ParityError
from ranrein.agents.run_folder import RunFolder, resumed
from ranrein.agents.training import TrainingInterruptedError, train

from .exit_codes import ExitCode
from .main import say
from .options import OWN, load_words, parse, settings, subject
from .outputs import require_folder
from .progress import progress
from .tables import print_evaluations

EXAMPLE = "ranrein train env=energy_saving agent=ppo scenario=urban steps=60000"


def main(argv: Sequence[str]) -> int:
    """Train, or go on with a run: `resume=runs/NAME [steps=N]`."""
    options = parse("train", f"Train an agent; Ctrl-C saves a checkpoint. {OWN}", EXAMPLE, argv)
    try:
        config = _config(settings("train", options), options.overrides)
        return ExitCode.OK if options.show else _run(config)
    except ConfigError as error:
        return say(f"ranrein train: {error}", ExitCode.USAGE)
    except ParityError as error:
        return say(f"ranrein train: {error}", ExitCode.ERROR)
    except TrainingInterruptedError as stopped:
        hint = f"stopped at {stopped.steps} steps; go on with: ranrein train resume={stopped.run}"
        return say(hint, ExitCode.INTERRUPTED)


def _config(data: dict[str, object], overrides: Sequence[str]) -> TrainConfig:
    config = from_mapping(TrainConfig, data)
    if config.resume is None:
        return config
    extra = [item for item in overrides if item.split("=")[0] not in ("resume", "steps")]
    if extra:
        raise ConfigError(f"a resumed run keeps its settings; leave out {' '.join(extra)}")
    return resumed(Path(config.resume), config.steps if len(overrides) > 1 else None)


def _run(config: TrainConfig) -> int:
    if config.resume is None:
        require_folder("run_dir", config.run_dir or "runs")
    say(subject(config.env, config.scenario), ExitCode.OK)
    with progress("train") as report:
        run = RunFolder(train(config, lambda now: report(now.steps / now.total, now.note)))
    print_evaluations(run.read_evaluations())
    words = " ".join([f"policy={run.path}", *where_words(config)])
    return say(f"policy: {run.policy}\nnext:   ranrein evaluate {words}", ExitCode.OK)


def where_words(config: TrainConfig) -> list[str]:
    """Return what the command line has to say so that another verb runs on the same problem and network."""
    defaults = TrainConfig()
    numbers = [f"env.settings.{k}={json.dumps(v).replace(' ', '')}" for k, v in config.env.given.items()]
    where = [f"env={env_group(config.env.id)}"] if config.env.id != defaults.env.id else []
    return [
        *where,
        *([f"scenario={config.scenario}"] if config.scenario != defaults.scenario else []),
        *numbers,
        *load_words(config.load_file, config.load_column),
    ]
