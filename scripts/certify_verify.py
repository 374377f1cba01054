"""`ranrein certify verify`: why a certificate would not count here and now."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ranrein.agents.bundle import BundleError
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.certify_config import CertifyConfig
from ranrein.agents.certify_job import Examined, examine
from ranrein.agents.config import ConfigError, from_mapping
from ranrein.safety.certificate_file import CertificateFileError
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import KeyProblem
from ranrein.safety.statement import SignatureRefused

from .certify_show import print_certificate
from .exit_codes import ExitCode
from .hydra_config import compose
from .main import say
from .progress import progress

PURPOSE = "Check a certificate's signature and validity; with policy=, scenario= and load_file= also what would run."
EXAMPLE = "ranrein certify verify runs/NAME/certificate.json policy=runs/NAME scenario=urban"


def verify(argv: Sequence[str]) -> int:
    """Print the claims and each refusal; REFUSED when there is one."""
    options = _options(argv)
    if not options.path.is_file():
        return say(f"ranrein certify: {options.path} is no file; name a certificate", ExitCode.USAGE)
    try:
        config = from_mapping(CertifyConfig, compose("certify", options.overrides))
        keys = options.keys or Path(config.state) / "keys"
        with progress("verify") as report:
            found = examine(config, options.path, keys, SystemClock(), lambda share: report(share, ""))
    except (SignatureRefused, CertificateFileError) as error:
        return say(f"refused: {error}", ExitCode.REFUSED)
    except (ConfigError, BundleError, KeyProblem) as error:
        return say(f"ranrein certify: {error}", ExitCode.USAGE)
    except CalibrationError as error:
        return say(
            f"ranrein certify: the shield is not ready, nothing was compared: {error}", ExitCode.NOT_READY
        )
    return _tell(found, options.path)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ranrein certify verify",
        description=PURPOSE,
        epilog=f"example: {EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the certificate")
    parser.add_argument(
        "overrides", nargs="*", metavar="key=value", help="policy=, scenario=, load_file= and state="
    )
    parser.add_argument(
        "--keys", type=Path, metavar="DIR", help="folder of the trusted identities (STATE/keys)"
    )
    return parser.parse_intermixed_args(list(argv))


def _tell(found: Examined, path: Path) -> int:
    print_certificate(found.record)
    lines = [f"refused: {refusal.code}: {refusal.text}" for refusal in found.refusals]
    if lines:
        return say("\n".join(lines), ExitCode.REFUSED)
    digests = (
        "and made for what would run"
        if found.compared
        else "digests not compared: give policy= and scenario="
    )
    return say(f"ok: {path}: signature holds, valid now, {digests}", ExitCode.OK)
