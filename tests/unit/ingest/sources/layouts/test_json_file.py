"""Files of JSON: how values stand in them, what a mapping finds in them, and what is refused."""

import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import Post, parse_post
from services.ingest.sources.dates import DateReader
from services.ingest.sources.layouts import json_values as module
from services.ingest.sources.layouts.json_file import open_json
from services.ingest.sources.layouts.json_path import MISSING, at, nearest
from services.ingest.sources.layouts.json_values import json_values
from services.ingest.sources.rows import ColumnError
from tests.unit.ingest.sources.layouts.examples import EXAMPLES, OWN, V1, V2, lines_of, posts_of, rows_of

LATER = datetime(2026, 11, 1, tzinfo=UTC)
OTHER = {**OWN, "post_id": "o2"}
FRAMES = {
    "lines": lines_of([OWN, OTHER]),
    "lines with a mark": b"\xef\xbb\xbf" + lines_of([OWN, OTHER]),
    "lines of Windows": lines_of([OWN, OTHER]).replace(b"\n", b"\r\n"),
    "blank lines": b"\n\n" + lines_of([OWN, OTHER]).replace(b"\n", b"\n \n\n") + b"\n\n",
    "an array": json.dumps([OWN, OTHER]).encode(),
    "an array over lines": b"\xef\xbb\xbf \n" + json.dumps([OWN, OTHER], indent=4).encode(),
    "documents over lines": b"\n".join(json.dumps(value, indent=2).encode() for value in (OWN, OTHER)),
    "documents without a line": json.dumps(OWN).encode() + json.dumps(OTHER).encode(),
    "a text sequence": b"".join(b"\x1e" + json.dumps(value).encode() + b"\n" for value in (OWN, OTHER)),
    "one object": json.dumps({"posts": [OWN, OTHER]}, indent=1).encode(),
    "a list a line": lines_of([[OWN], [OTHER]]),
    "an object around": json.dumps({"meta": {}, "response": {"items": [OWN, OTHER]}}).encode(),
    "JavaScript": b"window.data = " + json.dumps([OWN, OTHER]).encode() + b";\n",
}


@pytest.mark.parametrize("frame", FRAMES)
def test_values_are_found_however_they_stand(frame: str, tmp_path: Path) -> None:
    """Lines, arrays and documents, from standard input or a file of any name."""
    path = tmp_path / "posts.txt"
    path.write_bytes(FRAMES[frame])
    for rows in (rows_of(FRAMES[frame]), rows_of(b"", name=str(path))):
        assert [row.post["post_id"] if row.post else row.reason for row in rows] == ["o1", "o2"]


@pytest.mark.parametrize(
    ("content", "numbers", "reason"),
    [
        (b"%s\nGET / HTTP/1.1\n%s", [1, 3], "line 2 is not JSON"),
        (b'%s\n{"post_id": "cut of\n%s', [1, 3], "line 2 is not JSON"),
        (b'%s\n{"text": "\xff"}\n%s', [1, 3], "line 2 is not UTF-8"),
        (b"%s\n" + b"[" * 5000 + b"\n%s", [1, 3], "line 2 is nested too deeply"),
        (b"%s\n7\n%s", [1, 3], "line 2 holds what is not a JSON object"),
        (b"[%s,\n{'a': 1},\n%s]", [1, 3], "the value at line 2 is damaged or cut off"),
        (b'[%s,\n{"a": {"b": "}", nul}},\n%s]', [1, 3], "the value at line 2 is damaged or cut off"),
        (
            b"[%s,\n" + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b",\n%s]",
            [1, 3],
            "the value at line 2 is nested too deeply",
        ),
        (b'[%s,\n%s,\n{"a": ', [1, 2], "the file is damaged or cut off at line 3"),
        (b"[%s,\n%s", [1, 2], "the file is damaged or cut off at line 2"),
    ],
)
def test_what_is_damaged_is_told_with_its_line_and_spoils_nothing_else(
    content: bytes, numbers: list[int], reason: str
) -> None:
    """The values before and after it are read."""
    rows = rows_of(content.replace(b"%s", lines_of([OWN])), "web")
    assert [row.number for row in rows if row.post] == numbers
    assert [row.reason for row in rows if not row.post] == [reason]


def test_a_first_line_that_is_damaged_spoils_only_itself(tmp_path: Path) -> None:
    """A file of lines is one though its first line is none, where its name or its beginning says so."""
    for first in (b'{"post_id": "cut of', b"# downloaded today"):
        path = tmp_path / "posts.jsonl"
        path.write_bytes(first + b"\n" + lines_of([OWN, OTHER]))
        rows = rows_of(b"", name=str(path))
        assert [row.reason for row in rows] == ["line 1 is not JSON", "", ""]


def test_a_document_that_is_cut_off_is_one_fault() -> None:
    """A document over many lines is not taken for as many damaged lines."""
    whole = json.dumps({"posts": [OWN] * 50}, indent=2).encode()
    (row,) = rows_of(whole[:-20], "web")
    assert "cut off" in row.reason


def test_a_line_beyond_all_bounds_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a fault, and the lines after it are read."""
    monkeypatch.setattr(module, "MAX_VALUE", 400)
    content = lines_of([OWN, {**OWN, "text": "x" * 2000}, OTHER])
    rows = rows_of(content)
    assert [row.reason for row in rows] == ["", "line 2 is longer than 400 bytes", ""]


def test_a_long_array_is_read_in_the_memory_of_its_parts() -> None:
    """An array of 20 MB in one line takes a fraction of that."""
    content = io.BytesIO(b"[" + b",".join([lines_of([{**OWN, "filler": "x" * 1000}])] * 18_000) + b"]")
    rows = open_json(content, {}, None, DateReader()).rows
    tracemalloc.start()
    try:
        count = sum(row.post is not None for row in rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 18_000
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("post_id", "NaN", "post_id"),
        ("post_id", "1.0e400", "post_id"),
        ("post_id", "1.76e18", "post_id"),
        ("author", '{"id": 17640000000000000.0}', "author.id"),
        ("text", "Infinity", "text"),
        ("likes", "Infinity", "likes"),
        ("likes", "-Infinity", "likes"),
        ("likes", "9" * 5000, "likes"),
        ("likes", '1, "likes": 2', "likes"),
        ("post_id", '"1", "post_id": "2"', "post_id"),
        ("author", '{"id": "1", "id": 2}', "author.id"),
        ("text", '["a"]', "text"),
        ("created_at", "{}", "created_at"),
    ],
)
def test_a_value_that_json_or_a_field_cannot_hold_is_rejected_by_name(field: str, value: str, reason: str) -> None:
    """Numbers without bounds, words for none, and names with two values: the field is named."""
    line = "{" + ", ".join(f'"{name}": {value if name == field else json.dumps(OWN[name])}' for name in OWN) + "}"
    if field not in OWN:
        line = f'{line[:-1]}, "{field}": {value}}}'
    (row,) = rows_of(line.encode())
    json.dumps(row.post, default=lambda _: "no JSON", allow_nan=False)
    assert (row.reason or str(parse_post(row.post, LATER))).startswith(reason)


def test_a_name_that_stands_twice_with_one_value_is_no_contradiction() -> None:
    """And a figure that is NaN, as pandas writes none, is absent."""
    (row,) = rows_of(json.dumps(OWN).encode()[:-1] + b', "text": "gate 14", "likes": NaN}')
    assert row.post is not None
    assert row.post["text"] == "gate 14"
    assert "likes" not in row.post


DEEP = {"k": "p1", "a.b": {"c": "flat key first"}, "a": {"b": {"c": "through"}}, "who": [{"id": 5}], "w": "hi", "at": 1}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("k", "p1"),
        ("who.0.id", 5),
        ("a.b.c", "flat key first"),
        ("a.b", {"c": "flat key first"}),
        ("a", {"b": {"c": "through"}}),
        ("who.1.id", MISSING),
        ("who.x", MISSING),
        ("who.-1", MISSING),
        ("k.x", MISSING),
        ("", MISSING),
        ("." * 100, MISSING),
    ],
)
def test_a_path_leads_into_objects_and_lists(path: str, found: Any) -> None:
    """A dot goes in, a number counts from 0, and a key that holds dots goes before the way through it."""
    assert at(DEEP, path) == found


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3)))
def test_every_path_that_is_listed_leads_somewhere(value: Any) -> None:
    """What a person is told of is there."""
    from services.ingest.sources.layouts.json_path import paths  # noqa: PLC0415

    assert all(at(value, path) is not MISSING for path in paths(value))


def test_a_mapping_reads_any_form() -> None:
    """Paths find what is needed in objects that no layout fits."""
    value = {
        "key": 12,
        "who": [{"id": 5}],
        "body": {"de": "Tor 3"},
        "at": "2026-03-01T10:00:00Z",
        "items": [{"key": 1}],
    }
    mapping = {"post_id": "key", "author_id": "who.0.id", "text": "body.de", "created_at": "at"}
    (post,) = posts_of(value, platform="web", **mapping)
    assert (post["post_id"], post["author"], post["text"]) == ("12", {"id": "5"}, "Tor 3")


def test_a_mapping_goes_before_what_a_layout_tells() -> None:
    """In pages and wrappers too, by paths from the post or from what is around it; the rest is told by the layout."""
    (post,) = posts_of({"data": [{**V2, "mine": "m1"}]}, post_id="mine")
    assert (post["post_id"], post["text"], post["author"]) == ("m1", V2["text"], {"id": "41"})
    (post,) = posts_of({"data": V2, "mine": {"id": 7}}, post_id="data.id", author_id="mine.id")
    assert (post["post_id"], post["author"], post["likes"]) == (V2["id"], {"id": "7"}, 7)
    (post,) = posts_of(V1, text="user.screen_name")
    assert post["text"] == "mira_t"


def test_a_key_that_some_objects_lack_is_no_fault_of_the_mapping() -> None:
    """It is in one object, so it is right; the others have what their layout tells."""
    assert [post["likes"] for post in posts_of(V1, {**V1, "loved": 99}, likes="loved")] == [5, 99]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_key_that_is_nowhere_ends_the_import_before_a_row_is_sent(name: str) -> None:
    """The key is named, and the field that it was for."""
    with pytest.raises(ColumnError, match=r"no key 'nowhere\.at\.all' for likes"):
        rows_of(lines_of([EXAMPLES[name]] * 3), likes="nowhere.at.all")


def test_the_nearest_key_is_named() -> None:
    """A misspelt path is told with what was probably meant."""
    with pytest.raises(ColumnError, match=r"'user\.idstr' for author_id; the nearest is 'user\.id_str'"):
        rows_of(lines_of([V1]), author_id="user.idstr")
    assert nearest("User.ID_str", ["user", "user.id_str"]) == "user.id_str"
    assert nearest("a.b.screen_name", ["user.screen_name"]) == "user.screen_name"
    assert nearest("zzz", ["user"]) is None


def test_a_form_that_is_not_known_is_refused_with_its_keys() -> None:
    """No layout, no mapping: what is needed is named with the remedy; no name can write to the terminal."""
    with pytest.raises(
        ColumnError, match=r"no key 'post_id' for post_id: give --map post_id=KEY.*it has id, b\\x1b\[31mdy"
    ):
        rows_of(lines_of([{"id": 1, "b\x1b[31mdy": "t"}]), "web")
    with pytest.raises(ColumnError, match="--platform"):
        rows_of(lines_of([{name: value for name, value in OWN.items() if name != "platform"}]))


@pytest.mark.parametrize(
    "value",
    [
        {"timestamp": 1, "data": [{"post": "p"}], "title": "t"},
        {"comments_v2": [{"timestamp": 1, "data": [{"comment": {"comment": "c", "author": "a"}}]}]},
        {"media": [{"uri": "u", "creation_timestamp": 1, "title": "t"}]},
        {"string_map_data": {"Comment": {"value": "c"}}},
    ],
)
def test_a_single_file_of_an_export_of_meta_is_named(value: Any) -> None:
    """It does not tell its owner: the remedy is the whole export, not a mapping."""
    for content in (json.dumps([value]).encode(), json.dumps(value, indent=2).encode()):
        with pytest.raises(ColumnError, match="give the whole export"):
            rows_of(content, "facebook")


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    """Whatever stands in a file, it is values and faults with their lines, in order."""
    lines = [value.line for value in json_values(io.BytesIO(content))]
    assert lines == sorted(lines)


@given(
    st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=8) | st.integers(), max_size=3), max_size=5),
    st.sampled_from([None, 1]),
    st.integers(1, 60),
)
def test_values_come_back_whatever_the_window(values: list[dict[str, Any]], indent: int | None, step: int) -> None:
    """The same values come from an array however small the pieces are in which it is read."""
    from services.ingest.sources.layouts import json_text  # noqa: PLC0415

    original, json_text._STEP = json_text._STEP, step  # type: ignore[misc]
    try:
        content = io.BytesIO(b"\n" + json.dumps([values, *values], indent=indent).encode())
        assert [one.value for one in json_values(content)] == [values, *values]
    finally:
        json_text._STEP = original  # type: ignore[misc]


def test_numbers_and_dates_in_wrappers_of_mongodb_are_read() -> None:
    """As `mongoexport` writes them, dates in both of its forms; a long id keeps every digit."""
    value = {
        "id": {"$numberLong": "1764123456789012345"},
        "user": {"$oid": "65f0c0ffee65f0c0ffee65f0"},
        "text": "gate 15",
        "date": {"$date": {"$numberLong": "1772445600000"}},
        "likes": {"$numberInt": "3"},
        "replies": {"$numberLong": "4"},
    }
    names = {"post_id": "id", "author_id": "user", "created_at": "date"}
    (post,) = posts_of(value, platform="x", **names)
    told = parse_post(post, LATER)
    assert isinstance(told, Post)
    assert (told.post_id, told.author.id) == ("1764123456789012345", "65f0c0ffee65f0c0ffee65f0")
    assert (told.created_at.isoformat(), told.likes, told.replies) == ("2026-03-02T10:00:00+00:00", 3, 4)
    assert posts_of({**value, "date": {"$date": "2026-03-02T10:00:00Z"}}, platform="x", **names)[0]["created_at"] == (
        "2026-03-02T10:00:00+00:00"
    )


def test_a_search_of_elasticsearch_is_opened() -> None:
    """Its hits stand in an object of the same name."""
    answer = {"took": 1, "hits": {"total": {"value": 1}, "hits": [{"_id": "1", "_source": OWN}]}}
    assert [post["post_id"] for post in posts_of(answer)] == ["o1"]


def test_half_of_an_emoji_does_not_cost_the_post() -> None:
    """Programs cut texts after so many units of UTF-16."""
    (post,) = posts_of({**OWN, "text": "so late \ud83d\ude00\ud83d"})
    assert post["text"] == "so late \ud83d\ude00\ufffd".encode("utf-16", "surrogatepass").decode("utf-16")
    assert isinstance(parse_post(post, LATER), Post)
