"""The HTTP routes of replies and their rules."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.ingest.api.dependencies import Res
from services.ingest.replies.content import ReplyContent
from services.ingest.replies.reply import Reply, ReplyState
from services.ingest.replies.reply_rule import ReplyRule, ReplyRuleBody, RuleName
from shared.access import Scope
from shared.analyzed_post import Platform
from shared.brand import Brand
from shared.clock import milliseconds
from shared.pages import DEFAULT_LIMIT, Page, moment_after, text_after
from shared.strict_body import StrictBody
from shared.web.auth import check_scope, requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["replies"])


ReplyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class ReplyAnswer(BaseModel):
    """One reply. No raw id and no author: `post_text` is cleaned; texts and ticket are null once they have expired."""

    id: str
    brand: str
    platform: Platform
    rule: str
    state: ReplyState
    automatic: bool
    text: str | None
    post_text: str | None
    ticket: str | None
    score: float | None
    category: str | None
    language: str | None
    attempts: int
    known: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    expires_at: AwareDatetime

    @classmethod
    def of(cls, reply: Reply, content: ReplyContent | None) -> "ReplyAnswer":
        """Return what is shown of a reply."""
        shown = reply.model_dump(include=set(cls.model_fields))
        texts = {
            "text": content.text if content else None,
            "post_text": content.post_text if content else None,
            "ticket": (content.ticket or None) if content else None,
        }
        return cls(**shown, **texts, attempts=reply.attempt)


class Approval(StrictBody):
    """What a person may say when approving: other words, and that they looked where the outcome is unknown."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True)] | None = None
    although_unknown: bool = False


class RejectionReason(StrictBody):
    """Why a person rejects, for others to read."""

    reason: Annotated[str, Field(max_length=300)] = ""


@router.get("/replies", dependencies=[requires(Scope.REPLY)])
async def list_replies(
    resources: Res,
    state: Annotated[ReplyState | None, Query(description="replies in this state alone")] = None,
    brand: Annotated[Brand | None, Query(description="replies of this brand alone")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ReplyAnswer]:
    """Replies in order of creation. `draft` waits for a person; `unknown` too: was it published or not?"""
    found = await resources.replies.store.page(state, brand, moment_after(cursor), limit + 1)
    page = Page.of(found, limit, lambda reply: [milliseconds(reply.created_at), reply.id])
    contents = await resources.replies.approvals.contents.find_all([reply.content for reply in page.items])
    return page.showing([ReplyAnswer.of(reply, contents.get(reply.content)) for reply in page.items])


@router.post("/replies/{reply_id}/approve", dependencies=[requires(Scope.REPLY)])
async def approve_reply(reply_id: ReplyId, resources: Res, body: Approval | None = None) -> ReplyAnswer:
    """Let a reply be sent, once: within seconds, or when quiet hours and the daily cap let it.

    409 where it is not waiting for a person any more. One whose outcome is `unknown` may have been published: it is
    sent again only with `although_unknown`.
    """
    wish = body or Approval()
    reply = await resources.replies.approvals.approve(reply_id, wish.text, although_unknown=wish.although_unknown)
    return ReplyAnswer.of(reply, await resources.replies.approvals.contents.find(reply.content))


@router.post("/replies/{reply_id}/reject", dependencies=[requires(Scope.REPLY)])
async def reject_reply(reply_id: ReplyId, resources: Res, body: RejectionReason | None = None) -> ReplyAnswer:
    """Close a reply for good, or one that is `unknown` after a look at the platform; its words are forgotten."""
    return ReplyAnswer.of(await resources.replies.approvals.reject(reply_id, body.reason if body else ""), None)


@router.get("/reply-rules", dependencies=[requires(Scope.READ)])
async def list_rules(resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[ReplyRule]:
    """The rules by name."""
    last = text_after(cursor)
    rules = [rule for rule in await resources.replies.rules.all() if rule.name > last]
    return Page.of(rules, limit, lambda rule: [rule.name])


@router.put("/reply-rules/{name}", dependencies=[requires(Scope.WRITE)])
async def put_rule(name: RuleName, body: ReplyRuleBody, resources: Res, request: Request) -> ReplyRule:
    """Keep a rule in place of what its name had; replies that were drafted stay as they are.

    `"approval": "automatic"` sends without asking a person, and needs the scope `admin`. Platforms ask for the
    author's prior consent to automated replies, and for a way to opt out: make sure of both before, and begin with
    `"dry_run": true`.
    """
    if body.approval == "automatic":
        check_scope(request, Scope.ADMIN)
    rule = ReplyRule(name=name, **body.model_dump())
    await resources.replies.rules.put(rule)
    return rule


@router.get("/reply-rules/{name}", dependencies=[requires(Scope.READ)])
async def show_rule(name: RuleName, resources: Res) -> ReplyRule:
    """One rule."""
    return await resources.replies.rules.find(name)


@router.delete("/reply-rules/{name}", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_rule(name: RuleName, resources: Res) -> None:
    """Remove a rule; what it drafted stays in the queue."""
    await resources.replies.rules.delete(name)
