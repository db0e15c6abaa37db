"""The bundled sample: that it is what the demonstration needs, and that nothing in it is of a real person."""

import gzip
import json
import re
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any

from services.ingest.sample import BRAND, sample_path

Post = dict[str, Any]
LIMITS = {"x": 280, "bluesky": 300, "mastodon": 500, "instagram": 2200}
VERIFIED_X_LIMIT = 4000
REPOSTS = 90
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "pt")


@cache
def shipped() -> tuple[Post, ...]:
    """Return the posts of the shipped file."""
    return tuple(json.loads(line) for line in gzip.decompress(sample_path().read_bytes()).splitlines())


def test_the_file_is_small() -> None:
    """The shipped file stays under 250 kB."""
    assert sample_path().stat().st_size < 250_000


def test_there_are_about_2000_posts_of_300_authors() -> None:
    """The sample has the promised size."""
    assert 1900 <= len(shipped()) <= 2100
    assert len({post["author"]["id"] for post in shipped()}) == 300


def test_every_line_has_the_fields_of_a_post() -> None:
    """Each line carries every field of `POST /v1/posts`, with the type and range that it asks for."""
    counts = {"likes", "reposts", "replies"}
    figures = {"followers", "following", "posts", "listed"}
    for post in shipped():
        author = post["author"]
        optional = {"language"}
        assert set(post) - optional == {"platform", "post_id", "author", "text", "created_at", "is_repost"} | counts | {
            "in_reply_to"
        }
        assert set(author) == {"id", "verified", "protected", "created_at"} | figures
        assert post["text"].strip() == post["text"] != ""
        assert all(isinstance(post[name], int) and post[name] >= 0 for name in counts)
        assert all(isinstance(author[name], int) and author[name] >= 0 for name in figures)
        assert all(isinstance(flag, bool) for flag in (post["is_repost"], author["verified"], author["protected"]))
        assert post.get("language", "en") in LANGUAGES


def test_post_ids_are_unique_and_nobodys() -> None:
    """No post id appears twice, and every id is a number past the 63 bits that platforms use."""
    ids = [post["post_id"] for post in shipped()]
    assert len(set(ids)) == len(ids)
    assert all(2**63 <= int(number) < 2**64 for number in ids)
    assert all(2**63 <= int(post["author"]["id"]) < 2**64 for post in shipped())


def test_posts_stand_in_order_of_time_within_eight_weeks() -> None:
    """Times are RFC 3339 in UTC, ascend, and lie in eight weeks of early 2026, after each account was made."""
    times = [post["created_at"] for post in shipped()]
    assert all(re.fullmatch(r"2026-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times)
    assert times == sorted(times)
    assert (datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])).days in range(50, 57)
    assert all(post["author"]["created_at"] < post["created_at"] for post in shipped())


def test_an_account_stays_on_its_platform() -> None:
    """An author has one platform and one date of creation, and two platforms or more are present."""
    accounts = defaultdict(set)
    for post in shipped():
        accounts[post["author"]["id"]].add((post["platform"], post["author"]["created_at"]))
    assert all(len(seen) == 1 for seen in accounts.values())
    assert {post["platform"] for post in shipped()} == set(LIMITS)


def test_every_text_names_the_brand_and_fits_its_platform() -> None:
    """Each text bears the brand's name and is no longer than its platform allows."""
    for post in shipped():
        long = post["platform"] == "x" and (post["author"]["verified"] or post["is_repost"])
        assert BRAND in post["text"].lower()
        assert len(post["text"]) <= (VERIFIED_X_LIMIT if long else LIMITS[post["platform"]])


def test_no_text_holds_an_unfilled_slot() -> None:
    """No brace, bracket or bar of the phrase files is left in a text."""
    assert not [post["text"] for post in shipped() if re.search(r"[{}\[\]|]", post["text"])]


def test_addresses_and_numbers_are_reserved_ones() -> None:
    """Links, e-mail addresses and telephone numbers are those kept for fiction."""
    texts = " ".join(post["text"] for post in shipped()).lower()
    hosts = re.findall(r"https?://([^/\s]+)", texts) + re.findall(r"\w@(\w+\.\w+)", texts)
    assert len(hosts) > 100
    assert all(re.fullmatch(r"(\w+\.)?example\.(com|org|net)", host) for host in hosts)
    assert re.search(r"555-01\d\d", texts)
    assert not re.search(r"\d{3}[ )-]+\d{3}[ -]\d{4}", re.sub(r"555-01\d\d", "", texts))


def test_originals_differ_and_reposts_repeat_one() -> None:
    """Two original texts are never alike, and a repost carries the text of an earlier post."""
    originals = [post["text"] for post in shipped() if not post["is_repost"]]
    reposts = [post for post in shipped() if post["is_repost"]]
    assert len(set(originals)) == len(originals)
    assert len(reposts) == REPOSTS
    for post in reposts:
        assert re.sub(r"^RT @\w+: ", "", post["text"]) in originals


def test_replies_answer_an_earlier_post_of_their_platform() -> None:
    """Each `in_reply_to` names a post of the same platform that came before and counts a reply."""
    seen: dict[str, Post] = {}
    answers = 0
    for post in shipped():
        if post["in_reply_to"] is not None:
            answered = seen[post["in_reply_to"]]
            assert answered["platform"] == post["platform"]
            assert answered["replies"] > 0
            answers += 1
        seen[post["post_id"]] = post
    assert answers > 40


def test_some_posts_state_their_language() -> None:
    """The platform's own language stands with one post in five at the most, in four languages or more."""
    stated = {post["language"] for post in shipped() if "language" in post}
    assert {"en", "es", "de", "fr"} <= stated
    assert sum("language" in post for post in shipped()) < len(shipped()) / 5
