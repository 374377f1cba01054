"""`ranrein collect`: run a policy and write its episodes as a Minari dataset for offline learning."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.bundle import BundleError
from ranrein.agents.collect import collect
from ranrein.agents.collect_config import CollectConfig
from ranrein.agents.collect_store import ENV_VARIABLE
from ranrein.agents.config import ConfigError, from_mapping

from .exit_codes import ExitCode
from .main import say
from .options import OWN, parse, settings, subject
from .outputs import require_folder
from .progress import progress

PURPOSE = (
    f"Write episodes as a dataset for offline learning; run again, an interrupted collection goes on. {OWN}"
)
EXAMPLE = (
    "ranrein collect policy=forecast_rule explore=0.1 scenario=urban episodes=200 dataset=ranrein/mixed-v0"
)


def main(argv: Sequence[str]) -> int:
    """Run the episodes, write the dataset, say how it is read."""
    options = parse("collect", PURPOSE, EXAMPLE, argv)
    try:
        config = from_mapping(CollectConfig, settings("collect", options))
        return ExitCode.OK if options.show else _run(config)
    except (ConfigError, BundleError) as error:
        return say(f"ranrein collect: {error}", ExitCode.USAGE)


def _run(config: CollectConfig) -> ExitCode:
    if config.root or ENV_VARIABLE not in os.environ:
        require_folder("root", config.root or Path.home() / ".minari" / "datasets")
    else:
        require_folder(ENV_VARIABLE, os.environ[ENV_VARIABLE])
    say(subject(config.env, config.scenario), ExitCode.OK)
    with progress("collect") as report:
        dataset_id, folder = collect(config, lambda share: report(share, ""))
    where = f"{ENV_VARIABLE}={Path(config.root).resolve()} " if config.root else ""
    use = f"{where}python -c \"import minari; print(minari.load_dataset('{dataset_id}'))\""
    return say(f"{config.episodes} episodes written to {folder}\nread it: {use}", ExitCode.OK)
