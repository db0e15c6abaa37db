"""X by tweepy, unmodified: the one module that knows it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import aiohttp
from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient
from tweepy.streaming import StreamRule

from services.ingest.brands.brand_query import XRule
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.x.errors import XError, classify
from services.ingest.sources.x.transport import REQUEST_SECONDS, XTransport
from shared.clock import Clock

QUIET_SECONDS: Final = 21.0
"""X writes at least an empty line every 20 s; after this much silence a connection is dead."""
POST_FIELDS: Final = ["author_id", "created_at", "lang", "note_tweet", "public_metrics", "referenced_tweets"]
USER_FIELDS: Final = ["created_at", "protected", "public_metrics", "verified"]
_ASKED: Final = {"expansions": ["author_id"], "tweet_fields": POST_FIELDS, "user_fields": USER_FIELDS}
_MOST_REFUSAL: Final = 65_536
_FIRST_ERROR: Final = 400
OnLine = Callable[[bytes], Awaitable[None]]


class XClient:
    """Requests and connections with one set of tokens; close it with `aclose`. Its `repr` tells none of them."""

    def __init__(
        self, network: XTransport, clock: Clock, bearer: str, account: tuple[str, str, str, str] | None = None
    ) -> None:
        """Open nothing yet; `account` signs what is written: API key and secret, access token and secret."""
        # Its log lines hold answers of X and, at DEBUG, tokens.
        logging.getLogger("tweepy").setLevel(logging.CRITICAL + 1)
        self._network = network
        self._clock = clock
        self._bearer = bearer
        self._reuses = account is None
        self._client = AsyncClient(bearer or None, *(account or ()), return_type=dict)
        self._rules_client = AsyncStreamingClient(bearer, return_type=dict)

    async def aclose(self) -> None:
        """Close the connections of requests."""
        if self._client.session is not None:
            await self._client.session.close()

    async def rules(self) -> list[dict[str, Any]]:
        """Return the app's rules as X writes them; raises XError."""
        answer = await self._ask(self._rules_client.get_rules)
        listed = answer.get("data")
        return [rule for rule in listed if isinstance(rule, dict)] if isinstance(listed, list) else []

    async def add_rules(self, rules: Sequence[XRule]) -> dict[str, Any]:
        """Add tagged rules and return X's answer; raises XError."""
        added = [StreamRule(value=rule.value, tag=rule.tag) for rule in rules]
        return await self._ask(lambda: self._rules_client.add_rules(added))

    async def delete_rules(self, ids: Sequence[str]) -> None:
        """Delete rules by their ids; raises XError."""
        await self._ask(lambda: self._rules_client.delete_rules(list(ids)))

    async def search(self, query: str, **parameters: Any) -> dict[str, Any]:
        """Return a page of recent search, newest first; raises XError.

        `parameters` are tweepy's: since_id, until_id, start_time, end_time, next_token, max_results (10 to 100).
        """
        return await self._ask(lambda: self._client.search_recent_tweets(query, **parameters, **_ASKED))

    async def create_reply(self, text: str, post_id: str) -> dict[str, Any]:
        """Write a reply and return X's answer; raises XError, whose `was_sent` tells what may have happened."""
        return await self._ask(lambda: self._client.create_tweet(text=text, in_reply_to_tweet_id=post_id))

    async def me(self) -> dict[str, Any]:
        """Return the account that writes; raises XError."""
        return await self._ask(self._client.get_me)

    async def listen(self, on_open: Callable[[], Awaitable[None]], on_line: OnLine) -> None:
        """Open one connection to the filtered stream and read it to its end.

        Each line that is not empty goes to `on_line`; while that waits, nothing is read. Always raises: XError
        however the connection ended, for X's streams have no end of their own, TimeoutError after QUIET_SECONDS of
        silence, and whatever a callback raised.
        One call is one connection: tweepy's own reconnecting (at once after a clean end, without a limit
        after errors) is never used.
        """
        async with IdleTimeout(self._clock, QUIET_SECONDS) as idle:
            connection = _Connection(self._bearer, on_open, on_line, idle)
            connection.session = self._network.session(self._refuse, is_stream=True)
            task = connection.filter(**_ASKED)
            try:
                await asyncio.wait({task})
            finally:
                task.cancel()
                await asyncio.wait({task})
                await connection.session.close()
        raise connection.ending

    async def _refuse(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Raise what an answer without success means before tweepy sees it.

        It would read every error as JSON, keep neither headers nor body of a refused stream, and leave a coroutine
        unawaited where the JSON is null.
        """
        response = await send(request)
        if response.status < _FIRST_ERROR:
            return response
        try:
            body = json.loads(await _beginning(response, _MOST_REFUSAL))
        except (ValueError, RecursionError, ClientError):
            body = None
        finally:
            response.close()
        raise classify(response.status, response.headers, body, self._clock.now())

    async def _ask(self, call: Callable[[], Coroutine[Any, Any, Any]]) -> dict[str, Any]:
        if self._client.session is None:
            self._client.session = self._rules_client.session = self._network.session(self._refuse, reuses=self._reuses)
        try:
            async with IdleTimeout(self._clock, REQUEST_SECONDS):
                answer = await call()
        except XError:
            raise
        except (ClientConnectorError, ConnectionTimeoutError):
            raise XError("away", "X cannot be reached") from None
        except (ClientError, OSError, TimeoutError) as error:
            raise XError("away", f"X cannot be reached ({type(error).__name__})", was_sent=True) from None
        except Exception as error:  # noqa: BLE001 - tweepy raises whatever a strange body makes it raise
            raise XError("away", f"X answered nonsense ({type(error).__name__})", was_sent=True) from None
        if not isinstance(answer, dict):
            raise XError("away", "X answered something else than an object", was_sent=True)
        return answer


class _OverError(Exception):
    """Raised in tweepy's callbacks, where any exception ends its loop: so one loop is one connection."""


class _Connection(AsyncStreamingClient):  # type: ignore[misc]  # tweepy has no types
    """One connection; every callback of tweepy's that could do something by itself is taken over."""

    def __init__(self, bearer: str, on_open: Callable[[], Awaitable[None]], on_line: OnLine, idle: IdleTimeout) -> None:
        super().__init__(bearer, return_type=dict, max_retries=0)
        self._on_open = on_open
        self._on_line = on_line
        self._idle = idle
        self.ending: Exception = XError("away", "the connection to X was lost")

    async def _doing(self, work: Awaitable[None]) -> None:
        """Run a callback of ours; whatever it raises is kept, and ends the connection."""
        with self._idle.paused():
            try:
                await work
            except Exception as error:  # noqa: BLE001 - raised again by `listen`
                self.ending = error
                raise _OverError from None

    async def on_connect(self) -> None:
        await self._doing(self._on_open())

    async def on_data(self, raw_data: bytes) -> None:
        await self._doing(self._on_line(raw_data))

    async def on_keep_alive(self) -> None:
        self._idle.reset()

    async def on_closed(self, _: aiohttp.ClientResponse) -> None:
        self.ending = XError("away", "X ended the connection")
        raise _OverError

    async def on_connection_error(self) -> None:
        self.ending = XError("away", "the connection to X broke off")
        raise _OverError

    async def on_exception(self, exception: Exception) -> None:
        if isinstance(exception, XError):
            self.ending = exception
        elif not isinstance(exception, _OverError):
            self.ending = XError("away", f"X sent what cannot be read ({type(exception).__name__})")

    async def on_disconnect(self) -> None:
        """Say nothing: the ending says it."""


async def _beginning(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the first `most` bytes of a body; one read gives no more than has arrived."""
    raw = b""
    while len(raw) < most and (part := await response.content.read(most - len(raw))):
        raw += part
    return raw
