"""Posts as columns, sorted by key: those of people, whose author is known. Pure."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]

SCHEMA: Final = pa.schema(
    [
        ("post_key", pa.string()),
        ("author_key", pa.string()),
        ("hour", pa.timestamp("s", tz="UTC")),
        ("platform", pa.string()),
        ("voice", pa.string()),
        ("is_repost", pa.bool_()),
        ("is_unknown", pa.bool_()),
        ("language", pa.string()),
        ("supported_language", pa.bool_()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("score", pa.float64()),
        ("category", pa.string()),
        ("entities", pa.list_(pa.struct([("text", pa.string()), ("type", pa.string())]))),
    ]
)
"""What profiles tells of each post; where embeddings were asked for, `embedding` and `embedding_version` follow."""
_EMBEDDING: Final = "embedding"
_OWN_VOICE: Final = "internal"


class UnreadablePostsError(ValueError):
    """What profiles gave are no posts that this version can read."""


@dataclass(frozen=True)
class PostTable:
    """A fair sample of a brand's posts by people, sorted by post key; all of them where it `is_whole`.

    `unknown_authors` and `own_voice` count the posts read that were left out: of authors that the network does not
    tell, and of the brand itself. The texts expire: keep post keys, and ask profiles again.
    """

    table: pa.Table
    unknown_authors: int = 0
    own_voice: int = 0
    is_whole: bool = True

    @classmethod
    def of_pages(
        cls, pages: Sequence[pa.Table], unknown: AbstractSet[str] = frozenset(), *, is_whole: bool = True
    ) -> Self:
        """Return the posts of some pages, in whatever order they come.

        Posts of the author keys `unknown` are left out as those are which profiles marks. Raises UnreadablePostsError
        where a column is missing or of another type, or the pages differ in their columns.
        """
        try:
            table = pa.concat_tables(pages) if pages else SCHEMA.empty_table()
            told = table.select(SCHEMA.names).cast(SCHEMA)
        except (pa.ArrowException, KeyError, ValueError) as error:
            raise UnreadablePostsError(f"profiles' posts have other columns than expected: {error}") from None
        more = [name for name in (_EMBEDDING, "embedding_version") if name in table.column_names]
        for name in more:
            told = told.append_column(name, table[name])
        told = told.take(pc.sort_indices(told["post_key"]))
        keys = pa.array(sorted(unknown), type=pa.string())
        strange = pc.or_(told["is_unknown"].fill_null(fill_value=False), pc.is_in(told["author_key"], value_set=keys))
        own = pc.and_(pc.invert(strange), pc.equal(told["voice"], _OWN_VOICE).fill_null(fill_value=False))
        kept = told.filter(pc.invert(pc.or_(strange, own))).combine_chunks()
        return cls(kept, _count(strange), _count(own), is_whole)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def left_out(self) -> int:
        """Return how many posts were read and left out."""
        return self.unknown_authors + self.own_voice

    def strings(self, name: str) -> Texts:
        """Return a column of texts, (posts,); None is unknown."""
        return np.array(self.table[name].to_pylist(), dtype=object)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, (posts,); NaN is unknown."""
        return np.asarray(pc.fill_null(self.table[name], np.nan).to_numpy(), dtype=np.float64)

    def truths(self, name: str) -> Mask:
        """Return a column of truths, (posts,)."""
        return np.asarray(self.table[name].to_pylist(), dtype=np.bool_)

    @property
    def hours(self) -> NDArray[np.int64]:
        """Return the hour of publication of each post, (posts,), in Unix seconds."""
        return np.asarray(self.table["hour"].cast(pa.int64()).to_numpy(), dtype=np.int64)

    @property
    def entities(self) -> list[list[tuple[str, str]]]:
        """Return the entities of each post, text and type."""
        column = self.table["entities"].combine_chunks()
        told = column.flatten()
        pairs = list(zip(*(told.field(name).to_pylist() for name in ("text", "type")), strict=True))
        counts = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
        ends = np.cumsum([0, *counts]).tolist()
        return [pairs[start:end] for start, end in pairwise(ends)]

    @property
    def embeddings(self) -> tuple[NDArray[np.float32], Mask]:
        """Return the embeddings, (posts, dimensions), nought where there is none, and which posts have one.

        No dimension where embeddings were not asked for. They are of one version and about length 1.
        """
        if _EMBEDDING not in self.table.column_names:
            return np.zeros((len(self), 0), dtype=np.float32), np.zeros(len(self), dtype=np.bool_)
        column = self.table[_EMBEDDING].combine_chunks()
        known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
        numbers = np.zeros((len(self), column.type.list_size), dtype=np.float32)
        numbers[known] = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
        return numbers, known

    @property
    def embedding_version(self) -> str | None:
        """Return the version of the embeddings; None where no post has one."""
        if "embedding_version" not in self.table.column_names:
            return None
        versions: list[Any] = pc.unique(self.table["embedding_version"]).drop_null().to_pylist()
        return versions[0] if versions else None

    def clusters(self, assignment: dict[str, int]) -> NDArray[np.int64]:
        """Return the cluster of the author of each post, (posts,); -1 where the author has none."""
        told = [assignment.get(author_key, -1) for author_key in self.table["author_key"].to_pylist()]
        return np.array(told, dtype=np.int64)

    def only(self, mask: Mask) -> Self:
        """Return the posts that `mask`, (posts,), marks."""
        return replace(self, table=self.table.filter(pa.array(mask)).combine_chunks())


def _count(mask: Any) -> int:
    return int(pc.sum(mask).as_py() or 0)
