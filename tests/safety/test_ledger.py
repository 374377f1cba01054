import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from ranrein.safety.ledger import AlphaLedger, LedgerError, LedgerKey, granted_alpha

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = LedgerKey("energy_saving", "e" * 64, "t" * 64)


def open_one(path):
    return AlphaLedger(path).open_attempt(KEY, 0.05, "p" * 64, NOW).number


def test_each_attempt_gets_less(tmp_path):
    ledger = AlphaLedger(tmp_path / "ledger.jsonl")
    granted = [ledger.open_attempt(KEY, 0.05, "p" * 64, NOW).alpha_granted for _ in range(3)]
    assert granted == pytest.approx([0.0304, 0.0076, 0.00338], rel=1e-3)


def test_all_attempts_together_stay_within_alpha():
    shares = [granted_alpha(0.05, j) for j in range(1, 100_000)]
    assert 0.0499 < sum(shares) <= 0.05


def test_twenty_retries_spend_less_than_alpha(tmp_path):
    ledger = AlphaLedger(tmp_path / "ledger.jsonl")
    attempts = [ledger.open_attempt(KEY, 0.05, f"{i:064x}", NOW) for i in range(20)]
    assert attempts[-1].number == 20
    assert attempts[-1].alpha_spent == pytest.approx(sum(item.alpha_granted for item in attempts))
    assert attempts[-1].alpha_spent < 0.05


def test_another_twin_has_its_own_count(tmp_path):
    ledger = AlphaLedger(tmp_path / "ledger.jsonl")
    ledger.open_attempt(KEY, 0.05, "p" * 64, NOW)
    other = LedgerKey(KEY.use_case, KEY.envelope_digest, "u" * 64)
    assert ledger.open_attempt(other, 0.05, "p" * 64, NOW).number == 1
    assert [len(ledger.attempts(key)) for key in (KEY, other)] == [1, 1]


def test_the_attempt_is_on_disk_before_it_is_granted(tmp_path, monkeypatch):
    path, seen = tmp_path / "ledger.jsonl", []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (seen.append((os.fstat(fd).st_ino, path.read_bytes())), real(fd))
    )
    attempt = AlphaLedger(path).open_attempt(KEY, 0.05, "p" * 64, NOW)
    assert seen[0][0] == path.stat().st_ino
    assert attempt.line_digest.encode() in seen[0][1]


def test_a_changed_line_stops_everything_and_is_named(tmp_path):
    path = tmp_path / "ledger.jsonl"
    open_one(path)
    open_one(path)
    path.write_bytes(path.read_bytes().replace(b'"attempt":1', b'"attempt":9'))
    with pytest.raises(LedgerError, match=r"line 1: .*Restore the ledger"):
        open_one(path)


def test_a_torn_line_is_named_with_its_repair(tmp_path):
    path = tmp_path / "ledger.jsonl"
    open_one(path)
    with path.open("ab") as file:
        file.write(b'{"attempt":2,')
    with pytest.raises(LedgerError, match=r"line 2: torn.*remove that line"):
        open_one(path)


def test_a_full_disk_grants_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LedgerError, match="No space left"):
        open_one(tmp_path / "ledger.jsonl")


def test_a_folder_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(LedgerError, match="No such file"):
        open_one(tmp_path / "missing" / "ledger.jsonl")


@pytest.mark.parametrize("alpha", [0.0, 1.0, float("nan")])
def test_an_impossible_alpha_is_refused(tmp_path, alpha):
    with pytest.raises(ValueError, match="alpha"):
        AlphaLedger(tmp_path / "l").open_attempt(KEY, alpha, "p" * 64, NOW)


def test_writers_that_race_get_different_attempts(tmp_path):
    path = tmp_path / "ledger.jsonl"
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(open_one, [path] * 12))
    assert sorted(numbers) == list(range(1, 13))
