"""The HTTP routes of erasures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel

from services.ingest.api.dependencies import Res
from services.ingest.erasures.erasure import Erasure, State
from services.ingest.post import Identifier
from shared.access import Scope
from shared.analyzed_post import Platform
from shared.strict_body import PersonalBody
from shared.web.auth import requires

router = APIRouter(prefix="/v1/erasures", tags=["erasures"], dependencies=[requires(Scope.ADMIN)])

ErasureId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="as POST /v1/erasures says it")]


class AuthorIn(PersonalBody):
    """Whom to erase: the account's id at the platform, as posts name it in `author.id` (not a handle)."""

    platform: Platform
    author_id: Identifier


class ErasureAccepted(BaseModel):
    """Where to look how far it has come."""

    erasure_id: str


class RemovedFromProfiles(BaseModel):
    """What went out of profiles, by brand; `assignments` are clusters of every run."""

    where: Literal["profiles"] = "profiles"
    brand: str
    posts: int
    texts: int
    assignments: int


class RemovedFromIngest(BaseModel):
    """What went out of ingest. `drafts` are replies in whatever state."""

    where: Literal["ingest"] = "ingest"
    drafts: int
    tickets: int
    vault_rows: int
    recent_posts: int


class LeftElsewhere(BaseModel):
    """What voxpop had handed out and cannot take back: tickets at a desk, replies published on a platform."""

    where: str
    tickets: int = 0
    replies: int = 0


class ErasureAnswer(BaseModel):
    """How far an erasure has come. Nothing of it names the author.

    Done means that everything was found gone; two minutes later it is looked again, for what was under way when it
    was asked for (`looked_again_at`). `waiting_for` is the peer that is away, `known` says in words what happened last.
    """

    erasure_id: str
    state: State
    waiting_for: str | None
    known: str
    asked_at: AwareDatetime
    done_at: AwareDatetime | None
    looked_again_at: AwareDatetime | None
    removed: list[RemovedFromProfiles | RemovedFromIngest]
    left_elsewhere: list[LeftElsewhere]

    @classmethod
    def of(cls, erasure: Erasure) -> "ErasureAnswer":
        """Return what is shown of an erasure."""
        here = erasure.here
        shown = erasure.model_dump(include=set(cls.model_fields))
        removed: list[RemovedFromProfiles | RemovedFromIngest] = [
            RemovedFromProfiles(**one.model_dump()) for one in erasure.profiles
        ]
        counts = here.model_dump(include=set(RemovedFromIngest.model_fields))
        if any(counts.values()):
            removed.append(RemovedFromIngest(**counts))
        elsewhere = [LeftElsewhere(where=desk, tickets=count) for desk, count in here.tickets_at_desks.items()]
        elsewhere += [LeftElsewhere(where=name, replies=count) for name, count in here.replies_on_platforms.items()]
        return cls(**shown, erasure_id=erasure.id, removed=removed, left_elsewhere=elsewhere)


@router.post("", status_code=202)
async def erase_author(body: AuthorIn, resources: Res) -> ErasureAccepted:
    """Erase an author everywhere, for good: it is kept durably and carried out from here on.

    Posts of the author that come later are dropped. Asking again returns the same erasure; one that is done is
    carried out once more. An id without posts is taken too: that leaves `removed` empty.
    """
    return ErasureAccepted(erasure_id=(await resources.erasures.ask(body.platform, body.author_id)).id)


@router.get("/{erasure_id}")
async def show_erasure(erasure_id: ErasureId, resources: Res) -> ErasureAnswer:
    """How far an erasure has come, and what was removed where."""
    return ErasureAnswer.of(await resources.erasures.find(erasure_id))
