from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ranrein.safety.certificate import Claim, Verdict, judge
from ranrein.safety.clock import SimulatedClock
from ranrein.safety.keys import Environment, Role, create, load_trusted
from ranrein.safety.record import REQUIRED_DIGESTS, CertificateRecord, Seeds

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock():
    return SimulatedClock(NOW)


@pytest.fixture
def keys(tmp_path):
    """Signers by role, all of the lab environment, in one folder that is trusted."""
    folder = tmp_path / "keys"
    return {role: create(folder, f"the-{role}", role, Environment.LAB) for role in Role}


@pytest.fixture
def trust(keys, tmp_path):
    return load_trusted(tmp_path / "keys")


@pytest.fixture
def digests():
    return {name: f"{i:064x}" for i, name in enumerate(REQUIRED_DIGESTS)}


@pytest.fixture
def make_record(digests):
    """A valid, passed lab certificate; keywords replace fields."""

    def make(**changes):
        claims = (judge(np.zeros(600), Claim("violation", 0.01, 0.03)),)
        fields = {
            "certificate_id": "c-1", "use_case": "energy_saving", "level": "ci", "verdict": Verdict.PASS,
            "claims": claims, "digests": digests, "seeds": Seeds(root="r", domain="certify", count=600),
            "attempt": 1, "alpha_total": 0.05, "alpha_granted": 0.0304, "intervention_rate": 0.02,
            "envelope": {"load_frac": (0.0, 0.9)}, "scope": ("cell-1", "cell-2"),
            "environment": Environment.LAB,
            "not_before": NOW, "expires": NOW + timedelta(days=30), "reported": {"bare_violation_rate": 0.2},
        }  # fmt: skip
        return CertificateRecord(**{**fields, **changes})

    return make
