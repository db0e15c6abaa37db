"""Posts as topics read them: words, embeddings, authors, hours and scores. Pure."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.terms.token_table import Floats, Ints, TokenTable
from services.clusters.terms.tokens import tokens
from shared.small_groups import LEAST_PEOPLE

_NO_LENGTH = 1e-9


@dataclass(frozen=True)
class PostWords:
    """The words and the embeddings of posts, in the table's order.

    `vectors` (posts, numbers) have length 1, or are nought for a post without an embedding of `version`.
    """

    words: TokenTable
    texts: Ints
    vectors: NDArray[np.float32]
    version: str | None

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def of(cls, table: pa.Table, version: str | None = None) -> Self:
        """Read text and language, embedding and embedding_version where they are; None is the commonest version.

        `texts` numbers the different texts: posts of the same text have the same number.
        """
        texts = table["text"].to_pylist()
        numbers: dict[str, int] = {}
        of_post = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)
        documents = [tokens(text, code) for text, code in zip(texts, table["language"].to_pylist(), strict=True)]
        told = (
            table["embedding_version"].to_pylist() if "embedding_version" in table.column_names else [None] * len(texts)
        )
        versions = np.array(["" if one is None else one for one in told], np.str_)
        counts = Counter(one for one in versions.tolist() if one)
        wanted = version or max(counts, key=lambda one: (counts[one], one), default=None)
        return cls(TokenTable.of(documents), of_post, _vectors(table, versions == (wanted or "\0")), wanted)

    @property
    def embedded(self) -> NDArray[np.bool_]:
        """Tell which posts have an embedding."""
        found: NDArray[np.bool_] = (self.vectors != 0).any(axis=1)
        return found


@dataclass(frozen=True)
class Corpus:
    """The posts of a brand or a cluster, in the order of their post keys, so that nothing depends on another order.

    `authors` numbers their authors, `hours` (datetime64[h]) is when they were written, `scores` their sentiment in
    [0, 1], NaN where unknown.
    """

    words: PostWords
    authors: Ints
    hours: NDArray[np.datetime64]
    scores: Floats
    languages: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.authors)

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table of posts (columns as in profiles' texts)."""
        ordered = table.take(pa.array(np.argsort(np.array(table["post_key"].to_pylist(), np.str_), kind="stable")))
        people = np.array(ordered["author_key"].to_pylist(), np.str_)
        hours: Any = ordered["hour"].cast(pa.timestamp("s", "UTC")).to_numpy()
        return cls(
            PostWords.of(ordered),
            np.unique(people, return_inverse=True)[1].astype(np.int64).reshape(-1),
            hours.astype("datetime64[h]"),
            np.array([np.nan if one is None else one for one in ordered["score"].to_pylist()], np.float64),
            np.array(["" if one is None else one for one in ordered["language"].to_pylist()], np.str_),
        )

    def distinct(self) -> Ints:
        """Return the place of the first post of each different text: what is repeated counts once in a fit."""
        return np.sort(np.unique(self.words.texts, return_index=True)[1]).astype(np.int64)

    def told_words(self, most: int, posts: Ints | None = None) -> list[str]:
        """Return up to `most` words that five authors or more wrote, in these posts or in all.

        Those of most authors, in the alphabet's order.
        """
        table = self.words.words
        if posts is not None:
            kept = np.isin(table.texts, posts)
            table = replace(table, ids=table.ids[kept], texts=table.texts[kept])
        wide = max(len(table.words), 1)
        pairs = np.unique(self.authors[table.texts] * wide + table.ids)
        people = np.bincount(pairs % wide, minlength=len(table.words))
        enough = np.flatnonzero(people >= LEAST_PEOPLE).tolist()
        told = sorted(enough, key=lambda place: (-people[place], table.words[place]))
        return sorted(table.words[place] for place in told[:most])


def _vectors(table: pa.Table, wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
    if "embedding" not in table.column_names:
        return np.zeros((len(table), 0), np.float32)
    column = table["embedding"]
    places = np.flatnonzero(wanted & column.is_valid().to_numpy())
    if not places.size or not pa.types.is_fixed_size_list(column.type):
        return np.zeros((len(table), 0), np.float32)
    found = np.zeros((len(table), column.type.list_size), np.float32)
    taken = pa.concat_arrays(column.take(pa.array(places)).chunks).flatten().to_numpy(zero_copy_only=False)
    values = np.nan_to_num(taken.reshape(len(places), -1).astype(np.float32), posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    found[places] = np.where(lengths > _NO_LENGTH, values / np.maximum(lengths, _NO_LENGTH), 0.0)
    return found
