"""Targets of texts: dates, cleaning, markup, feeds and what people write to say what a brand is."""

from datetime import UTC, datetime
from typing import get_args

from pydantic import ValidationError

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.expression import TermError, parse
from services.ingest.brands.matcher import Matcher, PostText
from services.ingest.brands.query_plan import query_plans
from services.ingest.brands.x_rules import MAX_RULE, compile_x_rules
from services.ingest.post import parse_post
from services.ingest.sources.dates import parse_date
from services.ingest.sources.feed.entries import NoFeedError, read_entries
from services.ingest.sources.markup import MAX_MARKUP, plain_text
from shared.analyzed_post import Platform
from shared.rewriting import Traced
from shared.text import clean, clean_traced
from tests.fuzz.files import NOW, assert_sentence

PLATFORMS: tuple[Platform, ...] = get_args(Platform)
_FEED = "https://news.example/feed.xml"
_MOST_CHARACTERS = 10_000


def date(data: bytes) -> None:
    """Read a date, or say that it is none; what was read is read again as the same."""
    moment = parse_date(_text(data))
    if moment is not None:
        assert moment.tzinfo is not None
        assert parse_date(moment.isoformat()) == moment


def cleaning(data: bytes) -> None:
    """Clean a text; the traced form says the same, and no character comes from outside of the text."""
    text = _text(data)[:_MOST_CHARACTERS]
    cleaned = clean(text)
    assert clean(cleaned) == cleaned or len(text) > 64, "cleaned twice is not cleaned once"
    traced = clean_traced(Traced.of(text))
    assert traced.text == cleaned
    assert all(0 <= start < end <= len(text) for start, end in zip(traced.starts, traced.ends, strict=True))


def markup(data: bytes) -> None:
    """Read markup as a reader sees it; it never grows beyond what it was."""
    written = _text(data)
    assert len(plain_text(written)) <= 4 * min(len(written), MAX_MARKUP) + 4


def feed(data: bytes) -> None:
    """Read a feed, or say that it is none; its entries are posts or have a reason."""
    try:
        entries = read_entries(data, "application/xml", _FEED, NOW, about_brand=False)
    except NoFeedError as error:
        assert_sentence(str(error))
        return
    for item in entries.posts:
        post = parse_post(item, NOW)
        if isinstance(post, str):
            assert_sentence(post)


def grammar(data: bytes) -> None:
    """Read a keyword and ask the networks for it; each rule fits, and its canonical form means the same."""
    text = _text(data)
    try:
        expression = parse(text)
    except TermError as error:
        assert_sentence(str(error))
        return
    assert parse(str(expression)) == expression
    try:
        settings = BrandSettings(keywords=[text], languages=["en"])
    except ValidationError:
        return
    stored = StoredBrand(brand="acme", version=1, updated_at=datetime(2026, 1, 1, tzinfo=UTC), settings=settings)
    assert all(len(rule.value) <= MAX_RULE for rule in compile_x_rules(stored).rules)
    assert query_plans(stored)
    for platform in PLATFORMS:
        matcher = Matcher.of(stored.settings, platform)
        matcher.names_brand(PostText(text, dotted_handles=matcher.dotted_handles))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
