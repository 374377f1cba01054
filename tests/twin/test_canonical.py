from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranrein.twin import canonical
from ranrein.twin.canonical import canonical_bytes, digest_of, digest_of_files, source_digest


class Colour(StrEnum):
    RED = "red"


def test_keys_are_sorted_and_nothing_is_padded():
    assert (
        canonical_bytes({"b": [1, 2.5, None, True], "a": "ü"}) == '{"a":"ü","b":[1,2.5,null,true]}'.encode()
    )


@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), st.integers()))
def test_insertion_order_never_matters(value):
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), np.float32("-inf")])
def test_a_non_finite_number_is_refused_by_field_name(bad):
    with pytest.raises(ValueError, match=r"\$\.kpi\.load\[1\]"):
        canonical_bytes({"kpi": {"load": [0.5, bad]}})


@pytest.mark.parametrize("bad", [{1, 2}, b"raw", np.zeros(2), {1: "key"}, "\ud800", object()])
def test_what_json_does_not_know_is_refused(bad):
    with pytest.raises(ValueError, match=r"\$\.x"):
        canonical_bytes({"x": bad})


def test_numpy_scalars_and_enums_become_plain_values():
    assert (
        canonical_bytes([np.float32(0.5), np.int64(3), np.bool_(True), Colour.RED]) == b'[0.5,3,true,"red"]'
    )


def test_file_digest_ignores_order_and_notices_one_byte(tmp_path):
    files = [tmp_path / "a", tmp_path / "sub" / "b"]
    files[1].parent.mkdir()
    for file in files:
        file.write_bytes(b"0")
    before = digest_of_files(files)
    assert before == digest_of_files(reversed(files))
    files[1].write_bytes(b"1")
    assert digest_of_files(files) != before


def test_file_digest_notices_a_renamed_file(tmp_path):
    (tmp_path / "a").write_bytes(b"0")
    before = digest_of_files([tmp_path / "a"])
    (tmp_path / "a").rename(tmp_path / "b")
    assert digest_of_files([tmp_path / "b"]) != before


def test_no_files_have_no_digest(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        source_digest(tmp_path)


def test_source_digest_sees_code_and_nothing_else(tmp_path):
    (tmp_path / "m.py").write_text("x = 1\n")
    before = source_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    assert source_digest(tmp_path) == before
    (tmp_path / "m.py").write_text("x = 2\n")
    assert source_digest(tmp_path) != before
    assert len(source_digest(canonical.Path(canonical.__file__).parent)) == 64
