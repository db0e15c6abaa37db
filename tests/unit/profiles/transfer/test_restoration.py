"""Files of a backup into a store: what does not fit is refused before anything is stored."""

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.profiles.folding import Increment, increment_of
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from services.profiles.transfer import backup_file
from services.profiles.transfer.parquet import Parquet
from services.profiles.transfer.restoration import restore
from services.profiles.transfer.table import Format, TableKind
from services.profiles.transfer.tables import TABLES
from shared.errors import ConflictError, InputError
from shared.store_url import SqliteUrl
from tests.unit.profiles.posts import analysis, key, post
from tests.unit.profiles.transfer.files import exported

MOST_LIKES, MOST_POSTS = 2**62, 2**53
EMBEDDED: dict[str, Any] = {"analyzed": analysis(embedding=[1.0, 2.0, 3.0]), "embedding_version": "mini-1"}
LIKED = post(2, likes=10**12)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few rows be several chunks, of which the first ones are right."""
    monkeypatch.setattr(backup_file, "CHUNK_ROWS", 2)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ProfileStore]:
    """Yield an empty store."""
    async with open_store(SqliteUrl(tmp_path / "profiles.db")) as opened:
        yield opened


def file_of(of: TableKind, rows: Sequence[Any], likes: int | None = None) -> io.BytesIO:
    """Return a file of a backup with these rows; `likes` in place of theirs may be more than an export writes."""
    writer, batch = Parquet(TABLES[of]), TABLES[of].batch(rows)
    if likes is not None:
        place = batch.schema.names.index("likes")
        batch = batch.set_column(place, batch.schema.field(place), pa.array([likes] * len(rows)))
    return io.BytesIO(writer.add(batch) + writer.end())


def kept(number: int, **more: Any) -> dict[TableKind, Any]:
    """Return a post as a row of posts, and as the only one of a row of profiles."""
    item = post(number, author=number, **more)
    return {
        TableKind.POSTS: KeptPost(item.post_key, item.author_key, 1, 10**9, item),
        TableKind.PROFILES: KeptProfile(Profile("acme", item.author_key, increment_of(item))),
    }


def many(posts: int, author: int = 1, **more: Any) -> KeptProfile:
    """Return the profile of so many posts of one hour."""
    folded = increment_of(post(1, author))
    counts: dict[str, Any] = {"hours": (posts, *folded.hours[1:]), "languages": {"en": posts}}
    return KeptProfile(Profile("acme", key(author), replace(folded, posts=posts, **counts, **more)))


@pytest.mark.parametrize("of", [TableKind.POSTS, TableKind.PROFILES])
async def test_an_embedding_of_another_length_than_the_store_knows_refuses_the_file(
    store: ProfileStore, of: TableKind
) -> None:
    """The row is named, and none of the rows before it is stored."""
    shorter: dict[str, Any] = {"analyzed": analysis(embedding=[1.0, 2.0]), "embedding_version": "mini-1"}
    await store.fold("other", [post(1, **shorter)])
    rows = [kept(number, **(EMBEDDED if number == 4 else {}))[of] for number in range(6)]
    with pytest.raises(InputError, match=rf"^row 5 of {of}: .* another length \(3\) than its version has \(2\)"):
        await restore(store, "acme", file_of(of, rows))
    assert await store.kept_posts("acme", None, 10) == []
    assert await store.kept_profiles("acme", None, 10) == []


async def test_what_comes_to_differ_while_a_file_is_restored_is_a_conflict(store: ProfileStore) -> None:
    """A part of the file is stored then, so it is not said to be refused whole; the next import names the row."""

    class _LateStore:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def embedding_lengths(self) -> dict[str, int]:
            return {}

    rows = [kept(number, **(EMBEDDED if number == 4 else {}))[TableKind.POSTS] for number in range(6)]
    await store.fold("other", [post(1, analyzed=analysis(embedding=[1.0]), embedding_version="mini-1")])
    late: Any = _LateStore()
    with pytest.raises(ConflictError, match="import it again"):
        await restore(late, "acme", file_of(TableKind.POSTS, rows))
    with pytest.raises(InputError, match="row 5 of posts"):
        await restore(store, "acme", file_of(TableKind.POSTS, rows))


@pytest.mark.parametrize(("of", "column"), [("posts", "author_is_unknown"), ("profiles", "is_unknown")])
async def test_a_backup_from_before_unknown_authors_were_marked_is_taken(
    store: ProfileStore, of: TableKind, column: str
) -> None:
    """A column that earlier versions did not write is not missed: nothing is marked."""
    file = file_of(of, [kept(1, author_is_unknown=True)[of]])
    sink = io.BytesIO()
    pq.write_table(pq.read_table(file).drop_columns([column]), sink)
    for contents, marked in ((sink, False), (file, True)):
        brand = f"marked-{marked}".lower()
        contents.seek(0)
        await restore(store, brand, contents)
        (profile,) = await store.kept_profiles(brand, None, 10)
        assert profile.profile.folded.is_unknown == marked


@pytest.mark.parametrize("likes", [2**63 - 1, MOST_LIKES + 1, MOST_LIKES])
@pytest.mark.parametrize("form", list(Format))
async def test_whatever_an_import_takes_can_be_exported_after_one_more_post(
    store: ProfileStore, form: Format, likes: int
) -> None:
    """The largest figures have room above them; larger ones are refused."""
    [(place, rollup), *_] = rolled_up([("external", key(1), increment_of(post(1)))]).items()
    bucket = KeptBucket(place, replace(rollup, posts=MOST_POSTS))
    for of, row in ((TableKind.PROFILES, many(MOST_POSTS)), (TableKind.BUCKETS, bucket)):
        with suppress(InputError):
            await restore(store, "acme", file_of(of, [row], likes))
    await store.fold("acme", [LIKED])
    held = await store.profile("acme", key(1))
    assert held is not None
    assert (held.folded.likes > MOST_LIKES) == (likes == MOST_LIKES)
    for of in TableKind:
        assert (await exported(store, of, form=form)).getvalue() or of is TableKind.REMOVALS


async def test_sums_beyond_what_a_file_can_hold_are_exported_as_the_most_and_can_be_imported(
    store: ProfileStore,
) -> None:
    """No backup fails for an inflated figure, on either way."""
    file = file_of(TableKind.PROFILES, [many(10**9, likes=2**70)])
    assert pq.read_table(file)["likes"].to_pylist() == [MOST_LIKES]
    file.seek(0)
    assert (await restore(store, "acme", file)).restored == 1


@pytest.mark.parametrize("name", ["posts", "score_sum"])
async def test_profiles_that_add_up_to_more_than_a_brand_can_hold_are_refused(store: ProfileStore, name: str) -> None:
    """Though each for itself would do; the row that is too many is named."""
    half = 2**52 + 1
    scored = Increment(scored_posts=2**33, score_sum=half, score_squares=half * 10**6)
    scores = {field: getattr(scored, field) for field in ("scored_posts", "score_sum", "score_squares")}
    rows = [many(half) if name == "posts" else many(2**33, author, **scores) for author in (1, 2)]
    rows = [replace(row, profile=replace(row.profile, author_key=key(place))) for place, row in enumerate(rows)]
    with pytest.raises(InputError, match=r"row 2 of profiles: .* add up to more than"):
        await restore(store, "acme", file_of(TableKind.PROFILES, rows))
    assert await store.kept_profiles("acme", None, 10) == []
