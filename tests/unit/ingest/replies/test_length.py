"""How long a reply is, as its platform counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.replies.length import LIMITS, fault_of, length
from shared.analyzed_post import Platform


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("hello", 5),
        ("äöü \u2013 \u201cx\u201d", 9),
        ("日本語", 6),
        ("https://example.com/" + "a" * 200, 23),
        ("see https://e.co now", 23 + 8),
        ("e.co", 23),
        ("e\u0301", 1),
        ("✈", 2),
        ("👩‍👩‍👧", 8),
    ],
)
def test_x_counts_weights(text: str, counted: int) -> None:
    """Latin counts one, CJK and symbols two, a link 23 however long; a family of emoji is over-counted, not under."""
    assert length("x", text) == counted


def test_mastodon_counts_links_alike() -> None:
    """A link counts 23, everything else one."""
    assert length("mastodon", "日本 https://example.com/" + "a" * 200) == 26


@pytest.mark.parametrize(
    ("text", "counted"),
    [("👩‍👩‍👧", 1), ("🇩🇪🇫🇷", 2), ("e\u0301", 1), ("नमस्ते", 3), ("\r\n", 1), ("각", 1), ("hello", 5)],
)
def test_bluesky_counts_what_people_see(text: str, counted: int) -> None:
    """A family, a flag, a letter with its marks and a syllable are one each."""
    assert length("bluesky", text) == counted


def test_bluesky_counts_bytes_too() -> None:
    """300 characters of many bytes each are too many; 300 of ten bytes are not."""
    assert fault_of("bluesky", "👩‍👩‍👧" * 166) is None
    assert fault_of("bluesky", "👩‍👩‍👧" * 167) == "the reply has 3006 bytes; bluesky takes 3000"


@pytest.mark.parametrize("platform", sorted(LIMITS))
def test_a_reply_at_the_limit_goes_and_one_more_does_not(platform: Platform) -> None:
    """The sentence tells both numbers."""
    most = LIMITS[platform]
    assert fault_of(platform, "a" * most) is None
    assert str(most + 1) in (fault_of(platform, "a" * (most + 1)) or "")


def test_what_cannot_be_sent_is_told() -> None:
    """Blank texts and platforms without replies are refused in a sentence."""
    assert fault_of("x", " \u200b\n") == "the reply is blank"
    assert fault_of("web", "hello") == "replies on 'web' are not possible"


@given(st.text(max_size=200))
def test_longer_is_never_shorter(text: str) -> None:
    """A content more never counts less, and X never counts less than half the characters that are left of it."""
    assert length("x", text + " aa") >= length("x", text)
