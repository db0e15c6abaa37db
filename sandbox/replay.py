"""Posts of a file, published again as if they were written now."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from sandbox.post import SandboxAccount
from sandbox.sandbox import Sandbox
from services.ingest.sources.dates import parse_date
from services.ingest.sources.rows import Row

ROWS_AT_ONCE: Final = 500
STEPS_A_SECOND: Final = 20


async def replay(sandbox: Sandbox, rows: Iterator[Row], rate: float, language: str = "und") -> tuple[int, int]:
    """Publish the rows' posts, `rate` a second; returns how many were published and how many rows were unreadable.

    `language` is that of posts whose row tells none; a rule with `lang:` finds no post of an unknown one. They get
    ids and times of now: recent search shows seven days alone, and ids that do not grow are skipped by
    a search with `since_id`. Reading the file never blocks the loop.
    """
    published = unreadable = 0
    began = sandbox.clock.monotonic()
    async for row in _pages(rows):
        post = None if row.post is None else _publication(row.post)
        if post is None:
            unreadable += 1
            continue
        while published > (sandbox.clock.monotonic() - began) * rate:
            await sandbox.clock.sleep(1 / STEPS_A_SECOND)
        sandbox.publish(**{"language": language, **post})
        published += 1
    return published, unreadable


async def _pages(rows: Iterator[Row]) -> AsyncIterator[Row]:
    while page := await asyncio.to_thread(lambda: list(islice(rows, ROWS_AT_ONCE))):
        for row in page:
            yield row


def _publication(post: dict[str, Any]) -> dict[str, Any] | None:
    """Return what `Sandbox.publish` takes, None for a post without text or author."""
    author, text = post.get("author"), post.get("text")
    if not isinstance(author, dict) or not isinstance(text, str) or not isinstance(author.get("id"), str):
        return None
    more = {name: value for name, kind in _FIELDS.items() if isinstance(value := post.get(name), kind)}
    return {"text": text, "author": _account(author), **more}


_FIELDS: Final = {
    "language": str,
    "likes": int,
    "reposts": int,
    "replies": int,
    "is_repost": bool,
}
_FIGURES: Final = ("followers", "following", "posts", "listed", "verified", "protected")


def _account(author: dict[str, Any]) -> SandboxAccount:
    """Return the account; X knows accounts by numbers, so an id that is a name gets a number of its own."""
    given = author["id"]
    digest = hashlib.sha256(given.encode("utf-8", "replace")).digest()
    number = given if given.isdecimal() else str(int.from_bytes(digest[:7]))
    figures: dict[str, Any] = {name: value for name in _FIGURES if isinstance(value := author.get(name), (int, bool))}
    created_at = None
    with suppress(TypeError, AttributeError):
        created_at = parse_date(author.get("created_at", ""))
    return SandboxAccount(number, author.get("handle") or f"user{number}", created_at=created_at, **figures)


async def publish(
    sandbox: Sandbox, rows: Iterator[Row], rate: float, language: str, say: Callable[[str], None]
) -> None:
    """Wait until a client listens or searches, so that no post is published unseen, then replay the rows."""
    say("waiting for a client to listen or search")
    while not (sandbox.connections or sandbox.requests["search"]):
        await sandbox.clock.sleep(1 / STEPS_A_SECOND)
    say(f"a client is there: publishing {rate:g} posts a second")
    published, unreadable = await replay(sandbox, rows, rate, language)
    say(f"published {published} posts, {unreadable} rows could not be read; still answering")
