"""`ranrein certify`: sign what the evidence about a policy supports; `certify verify` checks that."""

from __future__ import annotations

from collections.abc import Sequence

from ranrein.agents.bundle import BundleError
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.certify import ShieldNotReadyError
from ranrein.agents.certify_config import CertifyConfig
from ranrein.agents.certify_job import certificate_path, run_certification
from ranrein.agents.config import ConfigError, from_mapping
from ranrein.envs.catalogue import UnknownNameError
from ranrein.safety.certificate import Verdict
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import KeyProblem
from ranrein.safety.ledger import LedgerError

from .certify_show import print_certificate
from .certify_verify import verify
from .exit_codes import ExitCode
from .main import say
from .options import load_words, parse, settings
from .outputs import require_file, require_folder
from .progress import progress

PURPOSE = "Certify a policy behind the shield: exit 0 PASS, 6 FAIL, 3 INCONCLUSIVE, 5 shield not ready."
EXAMPLE = (
    "ranrein certify policy=runs/energysaving-urban-seed0 level=ci scenario=urban\n"
    "         ranrein certify verify runs/energysaving-urban-seed0/certificate.json"
)
CODES = {Verdict.PASS: ExitCode.OK, Verdict.FAIL: ExitCode.FAIL, Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE}


def main(argv: Sequence[str]) -> int:
    """Certify, or with `verify` as the first word check a certificate."""
    if list(argv[:1]) == ["verify"]:
        return verify(argv[1:])
    options = parse("certify", PURPOSE, EXAMPLE, argv)
    try:
        config = from_mapping(CertifyConfig, settings("certify", options))
        return ExitCode.OK if options.show else _run(config)
    except (ConfigError, BundleError, KeyProblem, UnknownNameError) as error:
        return say(f"ranrein certify: {error}", ExitCode.USAGE)
    except (ShieldNotReadyError, CalibrationError) as error:
        return say(f"ranrein certify: the shield is not ready, nothing was run: {error}", ExitCode.NOT_READY)
    except (LedgerError, OSError) as error:
        return say(f"ranrein certify: {error}", ExitCode.ERROR)


def _run(config: CertifyConfig) -> ExitCode:
    out = certificate_path(config)
    require_file("out", out)
    require_folder("state", config.state)
    with progress("certify") as report:
        certified = run_certification(config, SystemClock(), report)
    print_certificate(certified.record)
    code = CODES.get(certified.record.verdict, ExitCode.ERROR)
    law = " ".join([f"scenario={config.scenario}", *load_words(config.load_file, config.load_column)])
    where = f"policy={config.policy} certificate={out} {law} state={config.state}"
    after = f"next:   ranrein operate {where}" if code is ExitCode.OK else "it opens nothing; only PASS does"
    return say(f"{certified.record.verdict}: {out}\n{after}", code)
