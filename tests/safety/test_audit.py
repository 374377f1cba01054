import errno
import json
import os
from datetime import UTC, datetime

import pytest

from ranrein.safety.audit import AuditLog, AuditUnavailable
from ranrein.safety.audit_verify import checkpoint_path, verify_log
from ranrein.safety.chain import seal
from ranrein.safety.clock import SimulatedClock
from ranrein.safety.keys import Environment, Role, create


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def open_log(path, keys, clock):
    return lambda: AuditLog.open(path, keys[Role.SERVICE], clock, durable=False)


def fill(log, n):
    for i in range(n):
        log.append("decision", "loop", "service", {"i": i, "margin": 0.5})


@pytest.fixture
def written(open_log, path):
    """A closed log of 251 records (one is the start) and its lines."""
    log = open_log()
    fill(log, 250)
    log.close()
    return path.read_bytes().splitlines(keepends=True)


def test_an_untouched_log_verifies(written, path, trust):
    report = verify_log(path, trust)
    assert (report.ok, report.records, report.first_bad, report.tail_truncated) == (True, 251, None, False)


def test_a_record_says_who_when_and_what(written):
    record = json.loads(written[7])
    assert set(record) == {
        "seq", "utc", "monotonic_s", "boot_id", "kind", "actor", "role", "body", "prev", "hash",
    }  # fmt: skip
    assert (record["seq"], record["actor"], record["body"]["i"]) == (7, "loop", 6)


def test_a_checkpoint_is_signed_every_hundred_records(written, path):
    assert len(checkpoint_path(path).read_bytes().splitlines()) == 4  # start, 101, 201, close


def test_a_checkpoint_is_signed_every_minute_of_writing(open_log, path, clock):
    log = open_log()
    for _ in range(3):
        clock.advance(61.0)
        fill(log, 1)
    assert len(checkpoint_path(path).read_bytes().splitlines()) == 4


@pytest.mark.parametrize(
    ("damage", "first_bad"),
    [
        (lambda lines: [*lines[:40], lines[40].replace(b'"i":39', b'"i":93'), *lines[41:]], 40),
        (lambda lines: [*lines[:40], *lines[41:]], 40),
        (lambda lines: [*lines[:40], lines[41], lines[40], *lines[42:]], 40),
        (lambda lines: [*lines[:250], lines[250][:-9]], 250),
        (lambda lines: [*lines[:9], lines[8], *lines[9:]], 9),
    ],
    ids=["edit", "delete", "reorder", "torn tail", "repeat"],
)
def test_verification_names_the_first_bad_record(written, path, trust, damage, first_bad):
    path.write_bytes(b"".join(damage(written)))
    report = verify_log(path, trust)
    assert (report.ok, report.first_bad) == (False, first_bad)


@pytest.mark.parametrize("left", [250, 100, 1, 0])
def test_a_truncated_tail_is_caught_by_the_checkpoint(written, path, trust, left):
    path.write_bytes(b"".join(written[:left]))
    report = verify_log(path, trust)
    assert (report.ok, report.tail_truncated, report.first_bad) == (False, True, left)


def test_a_rewritten_history_does_not_fit_the_exported_checkpoints(written, path, trust, tmp_path, open_log):
    exported = tmp_path / "exported"
    checkpoint_path(path).rename(exported)
    path.unlink()
    log = open_log()
    log.append("decision", "intruder", "service", {})
    fill(log, 270)
    log.close()
    assert verify_log(path, trust).ok
    report = verify_log(path, trust, exported)
    assert (report.ok, report.first_bad) == (False, 1)


def test_a_log_continued_by_a_forger_is_named_from_the_last_vouched_record(written, path, trust):
    lines = written[:150]
    prev = json.loads(lines[-1])["hash"]
    for seq in range(150, 260):
        line, prev = seal({"seq": seq, "body": {"forged": True}}, prev)
        lines.append(line)
    path.write_bytes(b"".join(lines))
    report = verify_log(path, trust)
    assert (report.ok, report.first_bad, report.tail_truncated) == (False, 101, False)
    assert "101 to 200" in report.reason


def test_checkpoints_of_a_stranger_do_not_count(written, path, trust, tmp_path, clock):
    stranger = create(tmp_path / "other", "stranger", Role.SERVICE, Environment.LAB)
    other = tmp_path / "other.jsonl"
    AuditLog.open(other, stranger, clock, durable=False).close()
    report = verify_log(path, trust, checkpoint_path(other))
    assert not report.ok
    assert "unknown_key" in report.reason


def test_missing_checkpoints_are_no_success(written, path, trust):
    checkpoint_path(path).unlink()
    assert "missing" in verify_log(path, trust).reason
    checkpoint_path(path).write_bytes(b"")
    assert "no signed checkpoint" in verify_log(path, trust).reason


def test_reopening_continues_the_chain(written, path, trust, open_log):
    log = open_log()
    fill(log, 3)
    log.close()
    report = verify_log(path, trust)
    assert (report.ok, report.records) == (True, 255)


def test_a_torn_last_line_is_dropped_and_reported(written, path, trust, open_log):
    with path.open("ab") as file:
        file.write(b'{"half":')
    log = open_log()
    log.close()
    opened = json.loads(path.read_bytes().splitlines()[251])
    assert opened["kind"] == "log_opened"
    assert opened["body"]["torn_tail"]["bytes"] == 8
    assert verify_log(path, trust).ok


@pytest.mark.parametrize("damage", [b"".join, lambda lines: b"".join([*lines[:3], *lines[4:]])])
def test_a_log_that_was_cut_or_changed_is_not_continued(written, path, open_log, damage):
    path.write_bytes(damage(written[:200]))
    before = path.read_bytes()
    with pytest.raises(AuditUnavailable, match="start a new log"):
        open_log()
    assert path.read_bytes() == before


def test_a_log_without_its_checkpoints_is_not_continued(written, path, open_log):
    checkpoint_path(path).unlink()
    with pytest.raises(AuditUnavailable, match="no checkpoint"):
        open_log()


def test_a_second_writer_is_refused(open_log):
    first = open_log()
    with pytest.raises(AuditUnavailable, match="another process"):
        open_log()
    first.close()
    open_log().close()


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_a_disk_error_stops_the_log_until_it_is_opened_again(path, keys, clock, monkeypatch, trust, call):
    log = AuditLog.open(path, keys[Role.SERVICE], clock)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(AuditUnavailable, match="No space left"):
            fill(log, 1)
    assert not log.writable()
    with pytest.raises(AuditUnavailable, match="stopped after"):
        fill(log, 1)
    log.close()
    AuditLog.open(path, keys[Role.SERVICE], clock).close()
    assert verify_log(path, trust).ok


def test_half_a_write_is_a_failure(open_log, monkeypatch):
    log = open_log()
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:5]))
    with pytest.raises(AuditUnavailable, match="only 5 of"):
        fill(log, 1)


def test_every_record_is_synced_before_append_returns(path, keys, clock, monkeypatch):
    log = AuditLog.open(path, keys[Role.SERVICE], clock)
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    fill(log, 5)
    assert len(synced) == 5


def test_writable_notices_a_file_that_was_cut_or_taken_away(open_log, path):
    log = open_log()
    assert log.writable()
    os.truncate(path, 10)
    assert not log.writable()


def test_writable_notices_a_deleted_file(open_log, path):
    log = open_log()
    path.unlink()
    assert not log.writable()


def test_a_folder_that_is_missing_makes_the_log_unavailable(tmp_path, keys, clock):
    with pytest.raises(AuditUnavailable, match="can be written"):
        AuditLog.open(tmp_path / "missing" / "log", keys[Role.SERVICE], clock)


def test_only_a_service_key_keeps_the_log(path, keys, clock):
    with pytest.raises(AuditUnavailable, match="service key"):
        AuditLog.open(path, keys[Role.OPERATOR], clock)


def test_a_body_that_is_not_finite_leaves_the_log_intact(open_log, path, trust):
    log = open_log()
    with pytest.raises(ValueError, match=r"body\.x"):
        log.append("decision", "loop", "service", {"x": float("nan")})
    fill(log, 1)
    log.close()
    assert verify_log(path, trust).ok


def test_the_same_events_give_the_same_bytes(tmp_path, keys):
    logs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        clock = SimulatedClock(datetime(2026, 3, 1, tzinfo=UTC))
        log = AuditLog.open(folder / "log", keys[Role.SERVICE], clock, durable=False)
        fill(log, 20)
        log.close()
        logs.append((folder / "log").read_bytes())
    assert logs[0] == logs[1]
