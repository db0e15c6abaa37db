"""Parquet files: types that writers choose, ids that keep their digits, damage, and files that unpack without end."""

import decimal
import io
import random
import resource
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.post import parse_post
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import ColumnError, FileError, Row
from services.ingest.sources.tables.parquet_file import UNREADABLE
from tests.unit.ingest.posts import NOW

MEBIBYTE = 2**20
COUNT = 40


def table(count: int = COUNT, **columns: pa.Array) -> pa.Table:
    """Return posts, with some columns as they are given."""
    plain = {
        "post_id": pa.array([f"p{n}" for n in range(count)]),
        "author_id": pa.array([f"a{n % 7}" for n in range(count)]),
        "text": pa.array([f"the crew was kind {n}" for n in range(count)]),
        "created_at": pa.array(["2026-03-01T10:00:00Z"] * count),
    }
    return pa.table({**plain, **columns})


def packed(posts: pa.Table, **options: Any) -> bytes:
    """Return a table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(posts, sink, **options)
    return sink.getvalue()


def read(content: bytes) -> list[Row]:
    """Return the rows of a file."""
    with open_file("-", {}, "x", io.BytesIO(content)) as source:
        return list(source.rows)


def values(field: str, cells: pa.Array) -> list[Any]:
    """Return what a column comes to in the posts of a file, the reason where a row is refused."""
    rows = read(packed(table(len(cells), **{field: cells})))
    return [row.post.get(field) or row.post["author"].get(field) if row.post else row.reason for row in rows]


@pytest.mark.parametrize(
    "make",
    [
        lambda texts: pa.array(texts, pa.large_string()),
        lambda texts: pa.array(texts, pa.string_view()),
        lambda texts: pa.array(texts).dictionary_encode(),
        lambda texts: pa.array([text.encode() for text in texts], pa.binary()),
        lambda texts: pa.array([text.encode() for text in texts], pa.large_binary()),
    ],
)
def test_text_of_any_kind_is_text(make: Callable[[list[str]], pa.Array]) -> None:
    """Large, in a dictionary, or as bytes, as writers of long ago left it."""
    texts = [f"\u00fcber {n}" for n in range(3)]
    assert values("text", make(texts)) == texts


def ids(field: str, cells: pa.Array) -> list[str | None]:
    """Return the ids of the posts that are made of a column, None where one is refused as rounded."""
    made: list[str | None] = []
    for row in read(packed(table(len(cells), **{field: cells}))):
        post = parse_post(row.post, NOW)
        if isinstance(post, str):
            assert "export the column as text" in post or "Field required" in post
            made.append(None)
        else:
            made.append(post.post_id if field == "post_id" else post.author.id)
    return made


@pytest.mark.parametrize("field", ["post_id", "author_id"])
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (pa.array([481234000017, 1764120000000000001], pa.int64()), ["481234000017", "1764120000000000001"]),
        (pa.array([481234000017.0, None, 1.76412e18, 2.0**53]), ["481234000017", None, None, None]),
        (pa.array([12.0, 16777215.0, 16777216.0, 481234000017.0], pa.float32()), ["12", "16777215", None, None]),
        (pa.array([2047, 2048, 4096], pa.float16()), ["2047", None, None]),
        (pa.array([decimal.Decimal("481234000017.00")], pa.decimal128(20, 2)), ["481234000017"]),
        (pa.array([decimal.Decimal(1764120000000000001)], pa.decimal128(38, 0)), ["1764120000000000001"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([b"\x11" * 16], pa.uuid()), [str(uuid.UUID(bytes=b"\x11" * 16))]),
    ],
)
def test_an_id_keeps_every_digit_or_is_refused(field: str, cells: pa.Array, told: list[str | None]) -> None:
    """Whatever type its column has; of short floats few digits are sure."""
    assert ids(field, cells) == told


@pytest.mark.parametrize(
    ("cells", "moments"),
    [
        (pa.array([1_767_261_600_000_000_001], pa.timestamp("ns", "UTC")), ["2026-01-01T10:00:00+00:00"]),
        (pa.array([1_767_261_600], pa.timestamp("s", "Europe/Berlin")), ["2026-01-01T10:00:00+00:00"]),
        (pa.array([1_767_261_600_000], pa.timestamp("ms", "+05:30")), ["2026-01-01T10:00:00+00:00"]),
        (pa.array([1_767_261_600_000], pa.timestamp("ms", "Mars/Phobos")), ["2026-01-01T10:00:00+00:00"]),
        (pa.array([datetime(2026, 1, 1, 10)], pa.timestamp("us")), ["2026-01-01T10:00:00+00:00"]),  # noqa: DTZ001
        (pa.array([date(2026, 1, 1)], pa.date32()), ["2026-01-01T00:00:00+00:00"]),
        (pa.array(["2026-01-01T10:00:00Z"]).dictionary_encode(), ["2026-01-01T10:00:00+00:00"]),
    ],
)
def test_times_of_any_unit_and_zone_are_moments(cells: pa.Array, moments: list[str]) -> None:
    """Nanoseconds are cut; a zone that there is not changes nothing, for the moment is told in UTC."""
    assert values("created_at", cells) == moments


def test_figures_and_truths_come_from_numbers() -> None:
    """Decimals and floats that are whole; nulls, NaN and a column of nothing are absent."""
    assert values("likes", pa.array([decimal.Decimal("7.00")], pa.decimal128(9, 2))) == [7]
    assert values("likes", pa.array([7.0, float("nan"), None])) == [7, None, None]
    assert values("likes", pa.nulls(1)) == [None]
    assert values("verified", pa.array([1.0, None])) == [True, None]


@pytest.mark.parametrize(
    ("field", "cells", "words"),
    [
        ("text", pa.array([["a"], ["b"]]), "'text' for text holds lists or objects"),
        ("author_id", pa.array([{"id": 1}, {"id": 2}]), "'author_id' for author_id holds lists or objects"),
        ("text", pa.array([b"a" * 5000] * 2, pa.binary(5000)), "holds bytes"),
    ],
)
def test_a_column_that_holds_no_plain_values_is_named(field: str, cells: pa.Array, words: str) -> None:
    """Before a row is read; where no field needs it, it is passed over."""
    with pytest.raises(ColumnError, match=words):
        read(packed(table(2, **{field: cells})))
    assert len(read(packed(table(2, other=cells)))) == 2


def test_a_column_that_stands_twice_is_refused_where_it_is_needed() -> None:
    """By its name, which is shown without what a terminal acts on."""
    posts = table().append_column("text", pa.array(["x"] * COUNT))
    with pytest.raises(ColumnError, match="two columns are named 'text'"):
        read(packed(posts))
    with pytest.raises(ColumnError) as raised:
        read(packed(pa.table({"\x1b]0;owned\x07" + "y" * 5000: [1], "a\nb": [1]})))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_a_name_of_a_column_may_have_dots() -> None:
    """As data frames name what was nested."""
    posts = table().rename_columns({"author_id": "user.id"})
    with open_file("-", {"author_id": "user.id"}, "x", io.BytesIO(packed(posts))) as source:
        assert {row.post["author"]["id"] for row in source.rows if row.post} == {f"a{n}" for n in range(7)}


def test_bytes_that_are_no_text_spoil_their_row_alone() -> None:
    """They reach the service as no value of the field."""
    assert [value is UNREADABLE for value in values("text", pa.array([b"fine", b"\xff"], pa.binary()))] == [False, True]


FILES = [
    packed(table()),
    packed(
        table(author_id=pa.array([float(n % 7) for n in range(COUNT)])), compression="zstd", data_page_version="2.0"
    ),
    packed(table(), compression="none", use_dictionary=False, write_page_checksum=True),
    packed(table(other=pa.array([[1, 2]] * COUNT)), compression="gzip", row_group_size=15),
]


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(FILES), st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_file_that_is_damaged_anywhere_gives_one_sentence(whole: bytes, chosen: random.Random, times: int) -> None:
    """Bits flipped, bytes changed, left out and put in: rows are read, or a sentence says what is wrong."""
    damaged = bytearray(whole)
    for _ in range(times):
        place = chosen.randrange(4, len(damaged))
        match chosen.randrange(4):
            case 0 | 1:
                damaged[place] ^= 1 << chosen.randrange(8)
            case 2:
                del damaged[place : place + chosen.randrange(1, 9)]
            case _:
                damaged[place:place] = chosen.randbytes(3)
    try:
        assert len(read(bytes(damaged))) <= COUNT
    except (FileError, ColumnError) as error:
        assert str(error).isprintable()  # noqa: PT017 - an outcome among two


def test_a_file_that_is_cut_off_anywhere_is_refused_whole() -> None:
    """Its end says where everything is."""
    for end in range(4, len(FILES[0]), 97):
        with pytest.raises(FileError, match="damaged or cut off"):
            read(FILES[0][:end])


BOMBS = {
    "one long text in every row": table(
        5000, text=pa.DictionaryArray.from_arrays(pa.array([0] * 5000), ["a" * MEBIBYTE])
    ),
    "one long text, as bytes": table(
        5000, text=pa.DictionaryArray.from_arrays(pa.array([0] * 5000), pa.array([b"a" * MEBIBYTE]))
    ),
    "rows without end": pa.table({name: pa.nulls(3_000_000, pa.string()) for name in table().column_names}),
}
READ = """
import io, resource, sys
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import FileError
content = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = 0
try:
    with open_file("-", {}, "x", io.BytesIO(content)) as source:
        for row in source.rows:
            count += 1
except FileError as error:
    print("refused:", error, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_never_takes_much_memory(kind: str) -> None:
    """A process that may have 4 GiB of addresses reads it, and grows by less than 128 MiB."""
    content = packed(BOMBS[kind], compression="zstd")
    assert len(content) < MEBIBYTE // 4
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", READ],
        input=content,
        capture_output=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30)),
    )
    assert int(done.stdout) < 128 * 1024


def test_pages_that_unpack_far_are_refused_before_they_are_read() -> None:
    """By what the file says of its row groups."""
    long = table(150, text=pa.array(["a" * MEBIBYTE] * 150))
    with pytest.raises(FileError, match="unpacks to 150 MiB"):
        read(packed(long, compression="zstd", use_dictionary=False))
