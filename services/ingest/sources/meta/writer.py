"""Answers to comments on Facebook and on the brand's own Instagram posts, through the Graph API."""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

import httpx
from typing_extensions import override

from services.ingest.sources.fields import id_of
from services.ingest.sources.meta.connection import GraphAnswer, TooLargeError, open_connection
from services.ingest.sources.meta.errors import GraphError, GraphErrorKind, fault_of
from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.reply_writer import NotSent, OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown
from shared.clock import Clock

_ID: Final = re.compile(r"[0-9]+(_[0-9]+)*")
_NEVER_BEGUN: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_SAYS_NO: Final = range(400, 500)
_LATER: Final = frozenset({GraphErrorKind.LIMIT, GraphErrorKind.BLOCKED})
_WORDS: Final = {
    GraphErrorKind.TOKEN: "the Graph API refuses the token in {variable}",
    GraphErrorKind.PERMISSION: "the token in {variable} may not write comments",
    GraphErrorKind.MISSING: "the post is not there any more, or not for the token in {variable}",
    GraphErrorKind.LIMIT: "past a limit of the Graph API",
    GraphErrorKind.BLOCKED: "Meta has blocked this account for a while",
    GraphErrorKind.OTHER: "the Graph API refuses the reply",
}


@dataclass(frozen=True)
class GraphWriter(ReplyWriter):
    """A `ReplyWriter`. `edge` is `comments` for Facebook's posts and comments, `replies` for Instagram's comments.

    Instagram lets no account answer the posts that the hashtag search finds: those are other people's, and the answer
    says so. One call sends one request.
    """

    access: GraphAccess = field(repr=False)
    clock: Clock = field(repr=False)
    edge: Literal["comments", "replies"] = "comments"

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        if not _ID.fullmatch(reply.post_id):
            return NotSent(
                "this post has no id of the platform's (one from an export has none), so it cannot be answered"
            )
        try:
            async with open_connection(self.access, self.clock) as connection:
                answer = await connection.ask("POST", f"/{reply.post_id}/{self.edge}", {"message": reply.text})
        except _NEVER_BEGUN as error:
            return NotSent(f"the Graph API could not be reached ({type(error).__name__})", retry=True)
        except TimeoutError:
            return Unknown("the Graph API did not answer in time; look whether the reply is there")
        except (httpx.HTTPError, httpx.StreamError, TooLargeError) as error:
            return Unknown(f"no answer of the Graph API could be read ({type(error).__name__}); look for the reply")
        return self._outcome(answer)

    def _outcome(self, answer: GraphAnswer) -> SendOutcome:
        fault = fault_of(answer.status, answer.value)
        if fault is None:
            reply_id = id_of(answer.value)
            return Sent(reply_id) if reply_id else Unknown("the Graph API answered without an id; look for the reply")
        words = _WORDS.get(fault.kind)
        if words is None or not self._is_certain(fault, answer):
            return Unknown(f"the Graph API answered {answer.status} ({fault.numbers}); look whether the reply is there")
        sentence = f"{words.format(variable=self.access.variable)} ({fault.numbers})"
        return NotSent(sentence, retry=fault.kind in _LATER)

    def _is_certain(self, fault: GraphError, answer: GraphAnswer) -> bool:
        """Tell whether nothing was published: an error with a code, or a status that says so."""
        return bool(fault.code) or answer.status in _SAYS_NO
