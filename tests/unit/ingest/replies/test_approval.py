"""The queue where a person decides, as far as its contents go."""

import pytest

from services.ingest.replies.reply import Reply, reject
from shared.errors import ConflictError
from tests.unit.ingest.replies.conftest import World, seen
from tests.unit.ingest.replies.replies import a_rule


async def drafted(world: World) -> Reply:
    """Return the one draft that a complaint makes."""
    await world.store.put_rule(a_rule())
    await world.observe(world.replies(), seen())
    (draft,) = await world.listed()
    return draft


async def test_other_words_take_the_place_of_the_first(world: World) -> None:
    """Approved with another text, a reply names a new content, and the old one is forgotten."""
    draft = await drafted(world)
    approved = await world.replies().approvals.approve(draft.id, "we are so sorry")
    ((row, _),) = await world.vault.page("reply")
    assert row == approved.content != draft.content


async def test_the_same_words_keep_their_letter(world: World) -> None:
    """Approved as it is, a reply keeps its content."""
    draft = await drafted(world)
    await world.replies().approvals.approve(draft.id)
    assert [row for row, _ in await world.vault.page("reply")] == [draft.content]


async def test_words_that_came_too_late_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a reply is changed at the same moment, the content of the new words goes, the old one stays."""
    draft, queue = await drafted(world), world.replies().approvals
    keep = queue.contents.keep

    async def meanwhile(*given: object) -> str:
        row = await keep(*given)  # type: ignore[arg-type]
        await world.store.swap(draft, reject(draft, world.clock.now()))
        return row

    monkeypatch.setattr(queue.contents, "keep", meanwhile)
    with pytest.raises(ConflictError, match="at the same moment"):
        await queue.approve(draft.id, "we are so sorry")
    assert [row for row, _ in await world.vault.page("reply")] == [draft.content]
