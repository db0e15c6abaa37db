"""Parts of a large JSON file, one at a time."""

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.exports import items as module
from services.ingest.sources.exports.items import ItemsError, items
from services.ingest.sources.layouts import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.sampled_from([None, 2]))
def test_an_array_gives_its_elements_however_it_is_cut_for_reading(
    values: list[Any], step: int, indent: int | None
) -> None:
    """The same elements come whatever the size of the pieces in which the file is read."""
    original, json_text._STEP = json_text._STEP, step  # type: ignore[misc]
    try:
        assert [item for _, item in items(io.BytesIO(json.dumps(values, indent=indent).encode()))] == values
    finally:
        json_text._STEP = original  # type: ignore[misc]


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_an_object_gives_the_elements_of_its_arrays_and_its_other_values(values: dict[str, Any]) -> None:
    """Arrays one level down are opened, everything else comes whole."""
    expected: list[tuple[str, Any]] = []
    for name, value in values.items():
        expected += [(name, element) for element in value] if isinstance(value, list) else [(name, value)]
    assert list(items(io.BytesIO(json.dumps(values).encode()))) == expected


@given(st.binary(max_size=60))
def test_nonsense_is_named_and_never_anything_else(content: bytes) -> None:
    """Whatever the bytes, the only thing raised is ItemsError."""
    with contextlib.suppress(ItemsError):
        list(items(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"a": 1}, {"b": ', "cut off"),
        (b'[{"a": 1} {"b": 2}]', "damaged"),
        (b'["\xff"]', "UTF-8"),
        (b"7", "no JSON array"),
        (b"", "no JSON array"),
        (b"[1] 2", "after its end"),
        (b"[" + b"[" * 100_000, "nested"),
        (b'{7: "a"}', "name is missing"),
    ],
)
def test_a_file_that_breaks_off_says_how(content: bytes, words: str) -> None:
    """What is wrong is said in words, without any of the content."""
    with pytest.raises(ItemsError, match=words):
        list(items(io.BytesIO(content)))


def test_what_came_before_the_damage_is_kept() -> None:
    """Elements before the place where a file breaks off are yielded."""
    reader = items(io.BytesIO(b'[{"a": 1}, {"b": 2}, {"c"'))
    assert [next(reader), next(reader)] == [("", {"a": 1}), ("", {"b": 2})]
    with pytest.raises(ItemsError):
        next(reader)


def test_a_part_without_an_end_is_given_up_within_bounds() -> None:
    """A string that never ends is read to the bound and no further."""

    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            chunk = b'["' if self.given == 0 else b"a" * min(size, 8192)
            self.given += len(chunk)
            return chunk

    endless = Endless()
    with pytest.raises(ItemsError, match="longer than"):
        list(items(endless))  # type: ignore[arg-type]
    assert endless.given < 4 * module.MAX_ITEM
