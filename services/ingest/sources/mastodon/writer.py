"""Replies on Mastodon, each asked for once, under a key by which the server knows it again."""

import re
from collections.abc import Sequence
from typing import Any, Final

from typing_extensions import override

from services.ingest.sources.fields import id_of, inside
from services.ingest.sources.graphemes import graphemes
from services.ingest.sources.mastodon.parent import KNOWN, MastodonParent, MastodonParents
from services.ingest.sources.mastodon.status import post_id_of, server_of
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.json_api import ApiError, JsonApi, RefusedError
from services.ingest.sources.reply_writer import NotSent, OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown
from services.ingest.sources.settings import MastodonSettings, MastodonVisibility
from shared.clock import Clock

READ_SECONDS: Final = 8.0
WRITE_SECONDS: Final = 10.0
"""Together less than the time that the sender gives a call."""
LIMITS_LAST: Final = 3600.0
"""Seconds after which the server's limits are asked for again."""
_MOST: Final = 500
_PER_LINK: Final = 23
_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_MENTION: Final = re.compile(r"(?<![\w/=])@(\w+)@[\w.-]+\w")
_VISIBILITIES: Final[Sequence[MastodonVisibility]] = ("public", "unlisted", "private", "direct")
_NOT_TAKEN: Final = NotSent("the server does not take the reply (422): see whether its words are allowed there")


class MastodonWriter(ReplyWriter):
    """A `ReplyWriter`: the account whose token is set. Close it with `aclose`."""

    def __init__(self, settings: MastodonSettings, clock: Clock) -> None:
        """Open nothing yet; raises CredentialError that names what is not set."""
        account = settings.mastodon_account()
        self._server = server_of(account.url)
        self._visibility: MastodonVisibility = account.visibility
        self._clock = clock
        variable = "MASTODON_REPLY_URL" if settings.mastodon_reply_url else "MASTODON_URL"
        self._api = JsonApi(self._server, account.url, variable, clock)
        self._headers = {"authorization": f"Bearer {account.token.get_secret_value()}"}
        self._parents = MastodonParents(self._api, self._server, self._headers, settings, clock)
        self._account_id: str | None = None
        self._limits: tuple[float, int, int] | None = None

    async def aclose(self) -> None:
        """Close its connections."""
        await self._api.aclose()

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        try:
            async with IdleTimeout(self._clock, READ_SECONDS):
                status = await self._status(reply)
        except RefusedError as refused:
            return refused.outcome
        except ApiError as error:
            return NotSent(error.sentence, retry=True)
        except TimeoutError:
            return NotSent(f"{self._server} did not answer in time, before anything was sent", retry=True)
        return await self._publish(status, reply.key)

    async def _status(self, reply: OutgoingReply) -> dict[str, Any]:
        """Return what is to be published; raises RefusedError, ApiError."""
        own, parent = await self._own_id(), await self._parents.find(reply.post_id)
        if parent.account_id == own:
            raise RefusedError(NotSent("the post is the replying account's own"))
        text = with_mention(reply.text, parent, self._server)
        most, per_link = await self._most()
        if (counted := characters(text, per_link)) > most:
            raise RefusedError(
                NotSent(
                    f"the reply counts {counted} characters with the mention of the author; {self._server} takes {most}"
                )
            )
        visibility = max(self._visibility, parent.visibility, key=_VISIBILITIES.index)
        return {"status": text, "in_reply_to_id": parent.status_id, "visibility": visibility}

    async def _own_id(self) -> str:
        if self._account_id is None:
            account = (await self._parents.get("/api/v1/accounts/verify_credentials")).told
            self._account_id = id_of(account)
        if self._account_id is None:
            raise RefusedError(NotSent(f"{self._server} does not say whose token this is", retry=True))
        return self._account_id

    async def _most(self) -> tuple[int, int]:
        """Return the characters that a status may count, and what a link counts; the usual where none are told."""
        if self._limits is None or self._clock.monotonic() >= self._limits[0]:
            answer = await self._parents.get("/api/v2/instance")
            told = inside(answer.told, "configuration", "statuses")
            most, per_link = inside(told, "max_characters"), inside(told, "characters_reserved_per_url")
            self._limits = (self._clock.monotonic() + LIMITS_LAST, _count(most, _MOST), _count(per_link, _PER_LINK))
        return self._limits[1:]

    async def _publish(self, status: dict[str, Any], key: str) -> SendOutcome:
        # Mastodon keeps the key for an hour: the same reply asked for again meanwhile is answered with the first.
        headers = {**self._headers, "idempotency-key": key}
        try:
            answer = await self._api.ask(
                "POST", "/api/v1/statuses", body=status, headers=headers, seconds=WRITE_SECONDS
            )
        except ApiError as error:
            if error.was_sent:
                return Unknown(f"{error.sentence}; look at the account before sending again")
            return NotSent(error.sentence, retry=True)
        if answer.is_well:
            status_id = id_of(answer.told)
            if status_id is None:
                return Unknown(f"{self._server} answered without an id; look at the account before sending again")
            return Sent(post_id_of(status_id, self._server))
        refused = self._api.refusal(answer, {**KNOWN, 422: _NOT_TAKEN})
        return refused or Unknown(f"{self._server} answered {answer.status}; look at the account before sending again")


def with_mention(text: str, parent: MastodonParent, server: str) -> str:
    """Return the reply with its addressee in front, who would not be told of it else; as it is where it names them.

    An author of the account's own server is `@name`, which `@name@server` means too.
    """
    names = {parent.acct.lower()} | ({f"{parent.acct}@{server}".lower()} if "@" not in parent.acct else set())
    named = {found.lower() for found in re.findall(r"(?<![\w/=])@(\w+(?:[\w.-]*\w)?(?:@[\w.:-]+\w)?)", text)}
    return text if names & named else f"@{parent.acct} {text}"


def characters(text: str, per_link: int) -> int:
    """Return what a text counts at a Mastodon server: a link `per_link`, of a mention the name alone."""
    links = len(_LINK.findall(text))
    return links * per_link + graphemes(_MENTION.sub(r"@\1", _LINK.sub("", text)))


def _count(value: Any, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else usual
