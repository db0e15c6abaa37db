"""Replies on X, each asked for once."""

from typing import Self

from typing_extensions import override

from services.ingest.sources.reply_writer import NotSent, OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.errors import XError
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from shared.clock import Clock


class XWriter(ReplyWriter):
    """A `ReplyWriter`: the account whose tokens are set. Close it with `aclose`."""

    def __init__(self, client: XClient) -> None:
        """Write through `client`, which has the account's four tokens."""
        self._client = client

    @classmethod
    async def open(cls, settings: XSettings, clock: Clock) -> Self:
        """Return a writer by settings; raises CredentialError that names what is not set, SourceRefusedError."""
        account = settings.require_x_account()
        network = await XTransport.by(settings)
        return cls(XClient(network, clock, "", account))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        try:
            answer = await self._client.create_reply(reply.text, reply.post_id)
        except XError as error:
            return _outcome(error)
        told = answer.get("data")
        reply_id = told.get("id") if isinstance(told, dict) else None
        if not isinstance(reply_id, str) or not reply_id.isdecimal():
            return Unknown("X answered without the id of the reply; look at the account before sending again")
        return Sent(reply_id)


def _outcome(error: XError) -> NotSent | Unknown:
    if error.was_sent:
        return Unknown(f"{error.sentence}; look at the account before sending again")
    match error.kind:
        case "credentials":
            return NotSent(f"{error.sentence}: check X_API_KEY, X_API_SECRET, X_ACCESS_TOKEN and X_ACCESS_TOKEN_SECRET")
        case "rate" | "away" | "cap":
            return NotSent(error.sentence, retry=True, wait=error.wait)
        case "refused":
            return NotSent(f"{error.sentence}: the post may be gone, or the account has written the same before")
        case _:
            return NotSent(error.sentence)
