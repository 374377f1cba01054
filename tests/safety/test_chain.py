import json

import pytest

from ranrein.safety.chain import GENESIS, ChainBroken, leaf_hash, read_chain, seal
from ranrein.twin.canonical import canonical_bytes


def chained(*bodies):
    lines, prev = [], GENESIS
    for body in bodies:
        line, prev = seal(body, prev)
        lines.append(line)
    return lines


def test_what_was_sealed_is_read_back():
    records = read_chain(b"".join(chained({"a": 1}, {"b": "ü"})))
    assert [record.get("a") for record in records] == [1, None]
    assert records[1]["prev"] == records[0]["hash"]


def test_the_hash_is_a_merkle_leaf_of_the_record_without_it():
    line, digest = seal({"a": 1}, GENESIS)
    record = json.loads(line)
    del record["hash"]
    assert digest == leaf_hash(canonical_bytes(record)).hex()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda lines: [lines[0], lines[1].replace(b'"b"', b'"c"'), lines[2]], "hash"),
        (lambda lines: [lines[0], lines[1].replace(b":2", b": 2"), lines[2]], "hash"),
        (lambda lines: [lines[0], lines[2]], "prev"),
        (lambda lines: [lines[0], lines[2], lines[1]], "prev"),
        (lambda lines: [lines[0], lines[1][:-1]], "torn"),
        (lambda lines: [lines[0], b"\xff\n", lines[2]], "not JSON"),
        (lambda lines: [lines[0], b"[1]\n"], "instead of an object"),
        (lambda lines: [lines[0], lines[1].replace(b'{"b"', b'{"\\ud800"')], "not canonical"),
    ],
)
def test_damage_is_named_at_its_first_line(damage, reason):
    lines = chained({"a": 1}, {"b": 2}, {"c": 3})
    with pytest.raises(ChainBroken, match=reason) as caught:
        read_chain(b"".join(damage(lines)))
    assert caught.value.index == 1
