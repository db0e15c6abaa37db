"""The bundled sample: that it is what the generator makes, and that it is what the demonstration needs."""

import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sample import BRAND, sample_path
from services.ingest.sample.authors import make_authors
from services.ingest.sample.dice import Dice
from services.ingest.sample.generator import REPOSTS, SEED, compress, encode, make_posts
from services.ingest.sample.grammar import PHRASES, Grammar, language_rules, parse
from services.ingest.sample.kinds import KINDS, Kind
from services.ingest.sample.moments import author_moments
from services.ingest.sample.style import capitalised, mistyped, shouted, small
from services.ingest.sample.texts import LIMITS, VERIFIED_X_LIMIT

Post = dict[str, Any]
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "pt")


@cache
def shipped() -> tuple[Post, ...]:
    """Return the posts of the shipped file."""
    return tuple(json.loads(line) for line in gzip.decompress(sample_path().read_bytes()).splitlines())


def by_kind() -> dict[str, list[Post]]:
    """Return the shipped posts, reposts apart, under the kinds of their authors."""
    kinds = {author.id: author.kind.name for author in make_authors(Dice(SEED))}
    posts: defaultdict[str, list[Post]] = defaultdict(list)
    for post in shipped():
        if not post["is_repost"]:
            posts[kinds[post["author"]["id"]]].append(post)
    return posts


def test_the_shipped_file_is_what_the_generator_makes() -> None:
    """The shipped lines are, byte for byte, those that the generator makes now."""
    assert gzip.decompress(sample_path().read_bytes()) == encode(make_posts())


def test_another_seed_makes_other_posts() -> None:
    """The posts come from the seed and are not fixed."""
    assert encode(make_posts(SEED + 1)) != encode(make_posts())


def test_compressing_leaves_no_time_stamp() -> None:
    """The gzip header holds no time, so writing the file again gives the same bytes."""
    assert compress(b"a line\n")[4:8] == bytes(4)


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


def test_several_languages_are_present() -> None:
    """About three authors in four write English, and eight other languages appear."""
    languages = Counter(author.language for author in make_authors(Dice(SEED)))
    assert set(languages) == set(LANGUAGES)
    assert 0.7 <= languages["en"] / languages.total() <= 0.78
    stated = {post["language"] for post in shipped() if "language" in post}
    assert {"en", "es", "de", "fr"} <= stated
    assert sum("language" in post for post in shipped()) < len(shipped()) / 5


def test_kinds_keep_their_habits() -> None:
    """Flyers post often in the morning, the stranded in the evening, holiday makers at weekends, news far and wide."""
    posts = by_kind()
    assert set(posts) == {kind.name for kind in KINDS}
    hours = {kind: median(int(post["created_at"][11:13]) for post in found) for kind, found in posts.items()}
    followers = {kind: median(post["author"]["followers"] for post in found) for kind, found in posts.items()}
    weekend = {
        kind: sum(datetime.fromisoformat(post["created_at"]).weekday() > 4 for post in found) / len(found)
        for kind, found in posts.items()
    }
    often = {kind: len(found) / len({post["author"]["id"] for post in found}) for kind, found in posts.items()}
    assert hours["flyer"] < 9
    assert hours["stranded"] > 18
    assert weekend["holiday"] > 0.6
    assert weekend["flyer"] < 0.1
    assert followers["news"] > 10 * followers["spotter"] > 10 * followers["asker"]
    assert often["asker"] < 3 < often["stranded"] < 6 < often["flyer"]


def test_one_dealing_of_a_rule_brings_every_phrase() -> None:
    """A rule's phrases all come up before any comes up twice."""
    grammar = Grammar({"root": ("a", "b", "c", "d")}, Dice(1))
    assert sorted(grammar.write("root") for _ in range(4)) == ["a", "b", "c", "d"]


def test_a_fact_goes_before_a_rule_and_choices_nest() -> None:
    """Slots take the facts first, rules in phrases are followed, and a choice may hold another."""
    grammar = Grammar({"root": ("[x {name}|x [{name}]] {other}",), "name": ("rule",), "other": ("{name}!",)}, Dice(1))
    assert grammar.write("root", {"name": "fact"}) == "x fact fact!"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["stray"], "before the first"),
        (["== a", "x", "== a", "y"], "twice"),
        (["== a", "== b", "y"], "'a' has no phrase"),
    ],
)
def test_a_bad_phrase_file_is_refused(lines: list[str], message: str) -> None:
    """A stray phrase, a rule given twice and an empty rule are named in the error."""
    with pytest.raises(ValueError, match=message):
        parse(lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_slot_of_a_language_is_a_rule_or_a_fact(language: str) -> None:
    """No phrase asks for a rule that its language lacks, and each language has a phrase file."""
    rules = language_rules(language)
    dotted = {slot for found in rules.values() for text in found for slot in re.findall(r"\{(\w+\.\w+)\}", text)}
    assert dotted <= set(rules)
    assert (PHRASES / f"{language}.txt").is_file()


@given(st.integers(), st.integers(-50, 50), st.integers(0, 100))
def test_whole_numbers_stay_between_their_ends(seed: int, low: int, more: int) -> None:
    """A drawn integer lies between the two ends, both included."""
    assert low <= Dice(seed).whole(low, low + more) <= low + more


@given(st.integers(), st.integers(0, 40))
def test_shuffling_loses_no_number(seed: int, count: int) -> None:
    """Shuffled numbers are the same numbers."""
    assert sorted(Dice(seed).shuffled(count)) == list(range(count))


@given(st.integers(), st.sampled_from(KINDS), st.integers(1, 20))
def test_moments_come_as_many_as_asked_and_in_order(seed: int, kind: Kind, count: int) -> None:
    """An author gets as many moments as posts, oldest first."""
    moments = author_moments(kind, count, Dice(seed))
    assert len(moments) == count
    assert moments == sorted(moments)


def test_ways_of_typing_leave_mentions_and_links_alone() -> None:
    """Capitals, small letters and slips change words, never a mention, a hashtag or a link."""
    text = "the flight to Oslo was late @AeroLume #Fail https://example.com/a"
    tail = "@AeroLume #Fail https://example.com/a"
    assert shouted(text) == f"THE FLIGHT TO OSLO WAS LATE {tail}"
    assert small(text) == f"the flight to oslo was late {tail}"
    assert capitalised(text) == f"The flight to Oslo was late {tail}"
    slipped = mistyped(text, Dice(3))
    assert slipped != text
    assert slipped.endswith(tail)
    assert mistyped(tail, Dice(3)) == tail
