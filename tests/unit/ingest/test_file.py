"""Files as a source of posts."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.ingest.sources.file import open_file
from services.ingest.sources.rows import ColumnError, FileError, Row
from services.ingest.sources.tables.parquet_file import UNREADABLE

RECORDS: list[dict[str, Any]] = [
    {"post_id": str(n), "author_id": f"a{n}", "text": f"text, {n} 😡", "created_at": "2026-01-01 10:00:00", "likes": n}
    for n in range(3)
]


def read(path: Path | str, content: bytes | None = None, **mapping: str) -> list[Row]:
    """Read a file's rows, of `content` where the path is `-`."""
    with open_file(str(path), mapping, "x", io.BytesIO(content or b"")) as source:
        return list(source.rows)


def as_csv() -> bytes:
    """Return the records as CSV."""
    lines = ["post_id,author_id,text,created_at,likes"]
    lines += [f'{r["post_id"]},{r["author_id"]},"{r["text"]}",{r["created_at"]},{r["likes"]}' for r in RECORDS]
    return "\r\n".join(lines).encode()


def as_jsonl() -> bytes:
    """Return the records as JSON lines."""
    return "\n".join(json.dumps(record) for record in RECORDS).encode()


def as_parquet() -> bytes:
    """Return the records as Parquet."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), sink)
    return sink.getvalue()


FORMS = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_gives_the_same_posts(form: str, *, packed: bool, tmp_path: Path) -> None:
    """CSV, JSON lines and Parquet, gzipped or not, from a file or standard input, are read alike."""
    content = gzip.compress(FORMS[form]()) if packed else FORMS[form]()
    path = tmp_path / (f"posts.{form}" + (".gz" if packed else ""))
    path.write_bytes(content)
    expected = [
        {
            "post_id": r["post_id"],
            "text": r["text"],
            "created_at": "2026-01-01T10:00:00+00:00",
            "likes": r["likes"],
            "platform": "x",
            "author": {"id": r["author_id"]},
        }
        for r in RECORDS
    ]
    assert [row.post for row in read(path)] == expected
    assert [row.post for row in read("-", content)] == expected
    assert [row.number for row in read(path)] == [1, 2, 3]


def test_a_posts_own_json_form_is_taken_as_it_is() -> None:
    """Lines in the form of the HTTP interface, author nested, are read as they are; ids may be numbers."""
    line = {"platform": "web", "post_id": 1, "author": {"id": 2**60 + 1}, "text": "t", "created_at": "2026-01-01 00:00"}
    read_as = {"post_id": "1", "author": {"id": "1152921504606846977"}, "created_at": "2026-01-01T00:00:00+00:00"}
    assert read("-", json.dumps(line).encode())[0].post == line | read_as


def test_a_byte_order_mark_is_no_part_of_a_column() -> None:
    """Files that spreadsheets write begin with a mark; the first column is found all the same."""
    assert len(read("-", b"\xef\xbb\xbf" + as_csv())) == 3


def test_columns_can_be_named_otherwise() -> None:
    """A mapping finds a field in a column of another name."""
    content = as_csv().replace(b"author_id", b"name")
    post = read("-", content, author_id="name")[0].post
    assert post is not None
    assert post["author"] == {"id": "a0"}


def test_a_csv_without_a_column_is_refused_before_a_row_is_read() -> None:
    """The column is named."""
    with pytest.raises(ColumnError, match="'text'"):
        read("-", as_csv().replace(b"text,created_at", b"words,created_at"))


@pytest.mark.parametrize("end", [10, 0.5, -20])
def test_a_truncated_parquet_file_is_refused_whole(end: float, tmp_path: Path) -> None:
    """A Parquet file that is cut off anywhere gives a sentence and not one row."""
    content = as_parquet()
    path = tmp_path / "cut.parquet"
    path.write_bytes(content[: int(len(content) * end) if isinstance(end, float) else end])
    with pytest.raises(FileError, match="Parquet"):
        read(path)


def test_a_truncated_gzip_file_is_refused_whole() -> None:
    """A gzip file that is cut off gives a sentence and not one row."""
    with pytest.raises(FileError, match="gzip"):
        read("-", gzip.compress(as_csv())[:-12])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF\x00\x01\x02", "binary"),
        (bytes(range(128, 256)) * 4, "UTF-8"),
        (
            "\u0442\u0430\u043a \u0441\u0435\u0431\u0435, \u043f\u043e\u0437\u0434\u043d\u043e".encode("cp1251"),
            "--encoding",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml", "spreadsheet"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd"),
        (gzip.compress(gzip.compress(b"post_id\n", mtime=0), mtime=0), "packed twice"),
        (b"", "empty"),
        (b" \n ", "empty"),
    ],
)
def test_what_is_no_file_of_posts_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    """Binary content under the name of a CSV, other encodings and empty files each give a sentence."""
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    with pytest.raises(FileError, match=words):
        read(path)


def test_a_parquet_name_on_other_content_is_refused(tmp_path: Path) -> None:
    """A file named .parquet that is none is said to be none."""
    path = tmp_path / "posts.parquet"
    path.write_bytes(b"post_id,text\n")
    with pytest.raises(FileError, match="PAR1"):
        read(path)


def test_bytes_that_are_no_text_late_in_a_file_spoil_their_row() -> None:
    """The rest is read, and the row is told by its number."""
    content = as_csv() + b"\r\n" + b"9,a9,fine,2026-01-01,1\r\n" * 20_000 + b"9,a9,\xff\xfe,2026-01-01,1\r\n"
    rows = read("-", content)
    assert len(rows) == len(RECORDS) + 20_001
    assert [row.reason for row in rows if row.post is None] == [
        "text: holds bytes that are not in the file's encoding; see --encoding"
    ]


def test_a_bad_line_spoils_only_itself() -> None:
    """Lines that are no JSON object and rows with too many cells are reported by number, the rest is read."""
    jsonl = read("-", as_jsonl().replace(b"\n", b"\nnot json\n[1]\n", 1))
    reasons = {row.number: row.reason for row in jsonl if row.post is None}
    assert reasons == {2: "line 2 is not JSON", 3: "line 3 holds what is not a JSON object"}
    assert sum(row.post is not None for row in jsonl) == 3
    rows = read("-", as_csv() + b"\r\n7,a7,un,quoted,text,2026-01-01,1\r\n8,a8,fine,2026-01-01,1")
    assert [row.number for row in rows if row.post is None] == [4]
    assert rows[-1].post is not None


def test_a_megabyte_in_a_cell_is_a_row_like_any_other() -> None:
    """Long cells are left to the service to reject; they do not stop the file."""
    content = as_csv() + b"\r\n7,a7," + ("😡" * 262_144).encode() + b",2026-01-01,1\r\n8,a8,fine,2026-01-01,1"
    assert [row.number for row in read("-", content)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1_767_261_600_000_000_001] * 3, pa.timestamp("ns", "UTC")),
        pa.array([1_767_261_600_000] * 3, pa.timestamp("ms")),
    ],
)
def test_parquet_times_of_any_unit_are_read(times: pa.Array) -> None:
    """Nanoseconds, which Python lacks, are cut."""
    sink = io.BytesIO()
    table = pa.Table.from_pylist(RECORDS)
    pq.write_table(table.set_column(table.schema.get_field_index("created_at"), "created_at", times), sink)
    posts = [row.post for row in read("-", sink.getvalue()) if row.post]
    assert [post["created_at"] for post in posts] == ["2026-01-01T10:00:00+00:00"] * 3


def with_column(column: str, cells: pa.Array) -> list[Row]:
    """Read a Parquet file of the records with one column of other cells."""
    sink = io.BytesIO()
    table = pa.Table.from_pylist(RECORDS)
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, cells), sink)
    return read("-", sink.getvalue())


def test_a_parquet_text_that_is_none_spoils_its_row_alone() -> None:
    """Bytes that are no text reach the service as no value of the field."""
    cells = pa.array([b"fine", b"\xff\xfe", b"\xc3"], pa.binary()).cast(pa.string(), safe=False)
    values = [row.post["text"] for row in with_column("text", cells) if row.post]
    assert [value is UNREADABLE for value in values] == [False, True, True]


def test_a_parquet_time_beyond_the_calendar_spoils_its_row_alone() -> None:
    """Its row is rejected by the field's name."""
    rows = with_column("created_at", pa.array([1_767_261_600_000, 10**17, -(10**17)], pa.timestamp("ms")))
    assert [row.reason.partition(":")[0] for row in rows] == ["", "created_at", "created_at"]
