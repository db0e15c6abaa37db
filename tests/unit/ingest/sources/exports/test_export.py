"""Exports of Instagram and Facebook as files of posts."""

import io
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import Post, parse_post
from services.ingest.sources.exports import archive
from services.ingest.sources.exports.export_entry import mend
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import FileError, Row
from tests.unit.ingest.sources.exports.archives import FACEBOOK, INSTAGRAM, unpacked, zipped

POSTS = "your_instagram_activity/media/posts_1.json"


def read(content: bytes | Path, platform: str | None = None) -> list[Row]:
    """Read an export's rows, from standard input or a folder."""
    name, stdin = (str(content), b"") if isinstance(content, Path) else ("-", content)
    with open_file(name, {}, platform, io.BytesIO(stdin)) as source:
        return list(source.rows)


def texts(rows: list[Row]) -> set[str]:
    """Return the texts of the rows that are posts."""
    return {row.post["text"] for row in rows if row.post}


def test_instagrams_export_gives_captions_and_comments() -> None:
    """Posts, reels, stories and comments come with their texts mended; what was archived stays out."""
    rows = read(zipped(INSTAGRAM))
    assert texts(rows) == {"Café 😍", "two pictures", "a reel", "a story", "late again"}
    assert all(row.post and row.post["author"] == {"id": "ana", "handle": "ana"} for row in rows)


def test_facebooks_export_gives_posts_and_comments() -> None:
    """Posts and comments come with their texts mended; groups stay out."""
    rows = read(zipped(FACEBOOK))
    assert texts(rows) == {"naïve", "where is my bag"}
    replies = [row.post["text"] for row in rows if row.post and "in_reply_to" in row.post]
    assert replies == ["where is my bag"]


@pytest.mark.parametrize("members", [INSTAGRAM, FACEBOOK])
def test_a_folder_reads_as_the_zip_file_does(members: dict[str, Any], tmp_path: Path) -> None:
    """Unpacked or not, with a folder around it or not, the posts and their ids are the same."""
    expected = [row.post for row in read(zipped(members))]
    assert [row.post for row in read(unpacked(members, tmp_path / "export"))] == expected
    assert [row.post for row in read(zipped({f"ana/{name}": value for name, value in members.items()}))] == expected


@pytest.mark.parametrize("members", [INSTAGRAM, FACEBOOK])
def test_every_row_is_a_post_that_the_service_takes(members: dict[str, Any]) -> None:
    """The service's own check finds nothing wrong, and the ids differ."""
    parsed = [parse_post(row.post, datetime(2026, 11, 1, tzinfo=UTC)) for row in read(zipped(members))]
    assert all(isinstance(post, Post) for post in parsed)
    assert len({post.post_id for post in parsed if isinstance(post, Post)}) == len(parsed)


def test_an_account_in_another_language_is_read_by_the_order_of_fields() -> None:
    """Where the names of fields are translated, the first text is the comment."""
    german = {
        **INSTAGRAM,
        "your_instagram_activity/comments/post_comments_1.json": [
            {
                "string_map_data": {
                    "Kommentar": {"value": "sp\u00c3\u00a4t"},
                    "Medieninhaber": {"value": "airline"},
                    "Zeit": {"timestamp": 1767261600},
                }
            }
        ],
    }
    assert "spät" in texts(read(zipped(german)))


def test_a_damaged_member_spoils_only_itself() -> None:
    """Items of unknown forms and a file that is cut off are rows with a reason; the other files are read."""
    broken = {**INSTAGRAM, POSTS: b'[{"label_values": []}, 7, {"media": [{"uri": "a", "title": "kept"}]}, {"me'}
    rows = read(zipped(broken))
    assert [row.reason for row in rows if row.post is None] == [
        "posts_1.json holds an item of a form that is not known",
        "posts_1.json holds an item of a form that is not known",
        "posts_1.json is damaged or cut off",
    ]
    assert {"kept", "a reel"} <= texts(rows)


@pytest.mark.parametrize("seconds", [None, "soon", 10**30, float("nan"), True])
def test_a_time_that_is_none_is_left_for_the_service_to_reject(seconds: object) -> None:
    """A moment beyond the calendar does not end the import."""
    odd = {**INSTAGRAM, POSTS: [{"uri": "u", "title": "when", "creation_timestamp": seconds}]}
    (post,) = [row.post for row in read(zipped(odd)) if row.post and row.post["text"] == "when"]
    assert "created_at" in str(parse_post(post, datetime(2026, 11, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("members", "platform", "words"),
    [
        ({"index.html": b"<html>"}, None, "HTML"),
        ({"cats.json": []}, None, "no export"),
        ({}, None, "no export"),
        ({POSTS: []}, None, "whose it is"),
        ({**INSTAGRAM, **FACEBOOK}, None, "two platforms"),
        (FACEBOOK, "instagram", "export of facebook"),
    ],
)
def test_what_is_no_export_is_refused_by_name(members: dict[str, Any], platform: str | None, words: str) -> None:
    """Each way of not being one gives a sentence before a row is read."""
    with pytest.raises(FileError, match=words):
        read(zipped(members), platform)


def test_names_that_point_elsewhere_lead_nowhere(tmp_path: Path) -> None:
    """A member named up the tree is read out of the archive like any other and writes nothing."""
    inside = tmp_path / "inside"
    inside.mkdir()
    secret = tmp_path / "posts_1.json"
    evil = {f"../../{name}": value for name, value in INSTAGRAM.items()} | {str(secret): b"[]"}
    (inside / "export.zip").write_bytes(zipped(evil))
    assert "a reel" in texts(read(inside / "export.zip"))
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "export.zip"]


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    """A link in an unpacked export, to a file or a folder outside, is as if it were not there."""
    outside = unpacked({"content/posts_1.json": [{"uri": "u", "title": "outside"}]}, tmp_path / "outside")
    folder = unpacked(INSTAGRAM, tmp_path / "export")
    (folder / "content").symlink_to(outside / "content")
    (folder / "your_instagram_activity/media/posts_2.json").symlink_to(outside / "content/posts_1.json")
    assert "outside" not in texts(read(folder))


def test_a_bomb_is_given_up_early() -> None:
    """A member that unpacks to a thousand times its size ends the import after a small part of it."""
    bomb = {**INSTAGRAM, POSTS: b"[" + b" " * (64 * 2**20) + b"]"}
    with open_file("-", {}, None, io.BytesIO(zipped(bomb))) as source:
        with pytest.raises(FileError, match="times its size"):
            list(source.rows)
        assert source.position() < 20 * 2**20


def test_an_export_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All members together unpack to a bound and no further."""
    monkeypatch.setattr(archive, "MAX_UNPACKED", 500)
    with pytest.raises(FileError, match="unpacks to more"):
        read(unpacked(INSTAGRAM, tmp_path / "export"))


def test_a_directory_of_millions_of_members_is_refused_unread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The size that the end of the file tells is judged before the directory is read; so is a folder's."""
    monkeypatch.setattr(archive, "MAX_DIRECTORY", 100)
    with pytest.raises(FileError, match="more members"):
        read(zipped(INSTAGRAM))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    with pytest.raises(FileError, match="more than 2 files"):
        read(unpacked(INSTAGRAM, tmp_path / "export"))


def test_a_directory_of_64_bits_is_judged_too() -> None:
    """The size in the record of large ZIP files counts where there is one."""
    whole = zipped(INSTAGRAM)
    end = whole.rfind(b"PK\x05\x06")
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    with pytest.raises(FileError, match="more members"):
        read(whole[:end] + record + locator + whole[end:])
    with pytest.raises(FileError, match="damaged"):
        read(whole[:end] + b"x" * len(record) + locator + whole[end:])


@pytest.mark.parametrize("end", [30, 0.5, -10])
def test_a_zip_file_that_is_cut_off_is_refused_whole(end: float) -> None:
    """A ZIP file that is cut off anywhere gives a sentence and not one row."""
    whole = zipped(INSTAGRAM)
    with pytest.raises(FileError, match="damaged"):
        read(whole[: int(len(whole) * end) if isinstance(end, float) else end])


def test_flipped_bits_are_told_as_damage() -> None:
    """A member whose content does not match its checksum ends the import with a sentence."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, value in INSTAGRAM.items():
            file.writestr(name, repr(value).replace("'", '"'))
    flipped = packed.getvalue().replace(b"two pictures", b"two pistures")
    with pytest.raises(FileError, match="damaged"):
        read(flipped)


def test_a_locked_zip_file_says_so() -> None:
    """A password is named as the reason."""
    whole = bytearray(zipped(INSTAGRAM))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = whole.find(mark)
        while start >= 0:
            whole[start + place] |= 1
            start = whole.find(mark, start + 4)
    with pytest.raises(FileError, match="password"):
        read(bytes(whole))


def test_progress_reaches_its_end() -> None:
    """What has been read never exceeds the total by more than the file that told the owner."""
    with open_file("-", {}, None, io.BytesIO(zipped(INSTAGRAM))) as source:
        list(source.rows)
        assert source.total is not None
        assert source.position() >= source.total


def test_an_entry_does_not_show_its_text() -> None:
    """What stands in a traceback holds no content."""
    from services.ingest.sources.exports.export_entry import ExportEntry  # noqa: PLC0415

    assert "secret" not in repr(ExportEntry("post", "secret", 1))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_written_byte_by_byte_is_mended(text: str) -> None:
    """Any text in any script comes back from the form that exports give it."""
    assert mend(text.encode().decode("latin-1")) == text


@given(st.text(st.characters(min_codepoint=0x100), min_size=1))
def test_a_text_that_was_written_rightly_is_left_alone(text: str) -> None:
    """Characters that no byte has show that nothing is to be mended."""
    assert mend(text) == text


def test_latin_letters_that_are_no_utf_8_are_left_alone() -> None:
    """A text with a lone accented letter, as a right export writes it, stays."""
    assert mend("café à la carte") == "café à la carte"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("caf\u00c3\u00a9, it\u00e2\u0080\u0099s la\u00c3", "café, it\u2019s la\u00c3"),
        ("\U0001f60d it\u00e2\u0080\u0099s caf\u00c3\u00a9", "\U0001f60d it\u2019s café"),
        ("\u00f0\u009f\u0098", "\u00f0\u009f\u0098"),
        ("naïve Übung", "naïve Übung"),
    ],
)
def test_a_text_that_is_cut_off_or_mixed_is_mended_as_far_as_it_goes(written: str, meant: str) -> None:
    """Where characters stand that no text has, each run of bytes that is a character becomes it."""
    assert mend(written) == meant


def test_comments_of_2021_are_read() -> None:
    """Instagram wrote them as lists, as it writes likes: only those of a list of comments are texts."""
    listed = [
        {"title": "bob", "string_list_data": [{"href": "", "value": "late ag\u00c3\u00a1in", "timestamp": 1767261600}]}
    ]
    members = {
        **{name: value for name, value in INSTAGRAM.items() if "comments" not in name},
        "comments/post_comments.json": {"comments_media_comments": listed},
        "likes/liked_posts.json": {"likes_media_likes": listed},
    }
    (comment,) = [row.post for row in read(zipped(members)) if row.post and "in_reply_to" in row.post]
    assert (comment["text"], comment["created_at"]) == ("late ag\u00e1in", "2026-01-01T10:00:00+00:00")


def test_items_of_labels_are_refused_and_not_passed_over() -> None:
    """A later form of Facebook's that is not read yet costs a reason for each item."""
    name = "your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.json"
    item = {"timestamp": 1767261600, "media": [], "label_values": [{"label": "Text", "value": "late"}], "fbid": "1"}
    reasons = [row.reason for row in read(zipped({**FACEBOOK, name: [item]})) if row.post is None]
    assert reasons == [
        f"{name.rpartition('/')[2]} holds an item of a form that is not known: a list of labels and values"
    ]


def test_an_export_in_several_zip_files_is_told_what_to_do(tmp_path: Path) -> None:
    """One file has the owner, another the posts: alone neither is read, nor both in a folder."""
    owner, *rest = FACEBOOK
    posts = zipped({name: FACEBOOK[name] for name in rest})
    with pytest.raises(FileError, match="unpack them all into one folder"):
        read(posts)
    (tmp_path / "1.zip").write_bytes(posts)
    (tmp_path / "2.zip").write_bytes(zipped({owner: FACEBOOK[owner]}))
    with pytest.raises(FileError, match="unpack them all into one folder"):
        read(tmp_path)
