"""Who speaks: people, or the brand itself, from a source's post to what profiles gets."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.brand import BrandSettings
from services.ingest.brands.own_accounts import OwnAccounts
from services.ingest.post import parse_post
from services.ingest.sources.rows import to_post
from shared.analyzed_post import AnalyzedPost
from tests.unit.ingest.conftest import Peers
from tests.unit.ingest.posts import NOW, a_post


async def test_the_voice_of_a_post_reaches_profiles(http: httpx.AsyncClient, peers: Peers) -> None:
    """An internal post is folded as one; a post that says nothing of it is external."""
    posts = [a_post(1, voice="internal"), a_post(2)]
    answer = await http.post("/v1/posts", json={"brand": "aerolume", "posts": posts})
    assert answer.json()["accepted"] == 2
    assert [post["voice"] for post in peers.folded.values()] == ["internal", "external"]


@pytest.mark.parametrize("voice", ["inner", None, 1])
def test_another_voice_is_refused(voice: object) -> None:
    """There are two voices, and the reason names the field."""
    reason = parse_post(a_post(voice=voice), NOW)
    assert isinstance(reason, str)
    assert reason.startswith("voice:")


def test_a_delivery_without_a_voice_is_external() -> None:
    """What was delivered before there were voices is read as people's."""
    assert AnalyzedPost.model_fields["voice"].default == "external"


ACCOUNTS = {"handles": {"x": ["@Aero_Lume"]}, "own_accounts": {"x": ["4711"], "mastodon": ["care@lume.example"]}}


async def put_brand(http: httpx.AsyncClient, brand: str, **settings: Any) -> None:
    """Declare a brand."""
    assert (await http.put(f"/v1/brands/{brand}", json=settings)).status_code == 200


async def voice_of(http: httpx.AsyncClient, peers: Peers, post: dict[str, Any], brand: str = "aerolume") -> str:
    """Send one post and return the voice that profiles got."""
    answer = (await http.post("/v1/posts", json={"brand": brand, "posts": [post]})).json()
    assert answer["accepted"] == 1, answer
    return str(list(peers.folded.values())[-1]["voice"])


@pytest.mark.parametrize(
    ("platform", "author", "voice"),
    [
        ("x", {"id": "aero_lume"}, "internal"),
        ("x", {"id": " @AERO_LUME "}, "internal"),
        ("x", {"id": "12", "handle": "\uff20Aero_Lume"}, "internal"),
        ("x", {"id": "4711", "handle": "renamed"}, "internal"),
        ("mastodon", {"id": "Care@Lume.example"}, "internal"),
        ("x", {"id": "12", "handle": "aero_lume_fan"}, "external"),
        ("x", {"id": "care@lume.example"}, "external"),
        ("bluesky", {"id": "aero_lume"}, "external"),
        ("web", {"id": "aero_lume"}, "external"),
        ("x", {"id": "12", "handle": 7}, "external"),
        ("x", {"id": "12", "handle": ""}, "external"),
    ],
)
async def test_posts_of_the_brands_accounts_are_its_own_voice(
    http: httpx.AsyncClient, peers: Peers, platform: str, author: dict[str, Any], voice: str
) -> None:
    """By id or handle, with or without `@`, in either case, on the platform that the brand said, over HTTP too."""
    await put_brand(http, "aerolume", **ACCOUNTS)
    assert await voice_of(http, peers, a_post(platform=platform, author=author)) == voice


async def test_what_a_post_says_adds_to_what_the_brand_says(http: httpx.AsyncClient, peers: Peers) -> None:
    """A post may be said to be internal; that it is said to be external takes no account from the brand."""
    await put_brand(http, "aerolume", **ACCOUNTS)
    assert await voice_of(http, peers, a_post(1, author_id="12", voice="internal")) == "internal"
    assert await voice_of(http, peers, a_post(2, author_id="4711", voice="external")) == "internal"


async def test_accounts_hold_from_the_put_on(http: httpx.AsyncClient, peers: Peers) -> None:
    """The next post after a brand was declared or changed is judged by it; what was counted keeps its voice."""
    assert await voice_of(http, peers, a_post(1, author_id="4711")) == "external"
    await put_brand(http, "aerolume", **ACCOUNTS)
    assert await voice_of(http, peers, a_post(2, author_id="4711")) == "internal"
    again = (await http.post("/v1/posts", json={"brand": "aerolume", "posts": [a_post(1, author_id="4711")]})).json()
    assert again == {"accepted": 0, "duplicates": 1, "rejected": []}
    await put_brand(http, "aerolume", own_accounts={"x": ["4712"]})
    assert await voice_of(http, peers, a_post(3, author_id="4711")) == "external"
    assert await voice_of(http, peers, a_post(4, author_id="4711"), brand="other") == "external"


@pytest.mark.parametrize(
    ("cell", "voice"),
    [("internal", "internal"), (" External ", "external"), (True, "internal"), ("no", "external"), ("", None)],
)
def test_a_column_can_say_the_voice(cell: object, voice: str | None) -> None:
    """By its two words, or by yes and no where the column says whether the brand itself speaks."""
    assert to_post({"own": cell}, {"voice": "own"}, "x").get("voice") == voice


def test_a_voice_that_is_none_is_rejected_by_name() -> None:
    """Another word reaches the service as it is, which names the field."""
    row = {"id": "1", "user": "u", "text": "t", "at": "2026-01-01T00:00:00Z", "who": "the boss"}
    columns = {"post_id": "id", "author_id": "user", "text": "text", "created_at": "at", "voice": "who"}
    reason = parse_post(to_post(row, columns, "x"), NOW)
    assert isinstance(reason, str)
    assert reason.startswith("voice:")
    assert "boss" not in reason


@given(st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True), st.sampled_from(["", "@", " @", "\uff20"]), st.booleans())
def test_no_writing_of_a_handle_escapes(handle: str, sign: str, upper: bool) -> None:  # noqa: FBT001 - hypothesis
    """However the brand and the file write one handle, it is one account."""
    own = OwnAccounts.of(BrandSettings(own_accounts={"x": [handle]}))
    written = sign + (handle.upper() if upper else handle)
    assert own.hold("x", written, None)
    assert own.hold("x", "1" * 20, written)
