"""How the clusters of two runs go over into one another. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from services.clusters.worker import Advance, TableFile
from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE

Ids = NDArray[np.int64]

UNKNOWN: Final = -1
"""The cluster of an author whom the earlier run did not have."""
MOST: Final = 0.5
"""A cluster comes of another where more than this share of it does."""
PART: Final = 0.2
"""Less than this share of a cluster is no part of it, but some who moved."""


class Split(Frozen):
    """A cluster whose people are in several by now."""

    model_config = ConfigDict(populate_by_name=True)

    of: int = Field(alias="from")
    into: list[int]


class Merger(Frozen):
    """A cluster that took in several."""

    of: list[int]
    into: int


class RunDiff(Frozen):
    """What became of the clusters of one run in another of the same brand and basis, told of the authors of both.

    `ari` is the adjusted Rand index of both groupings (Hubert & Arabie 1985): 1 where they are the same, about 0 where
    they have nothing to do with each other; None where they share fewer than five authors. `moved` counts authors whose
    cluster has another id by now, None where they are one to four. `kept` clusters have their id still; a cluster that
    is split or merged may be kept, too. `new` clusters come of none, `gone` ones have no id and no part left.
    """

    ari: float | None
    authors: int
    moved: int | None
    kept: list[int]
    split: list[Split]
    merged: list[Merger]
    new: list[int]
    gone: list[int]


def earlier_ids(author_keys: Sequence[str] | pa.ChunkedArray, members: pa.Table) -> Ids:
    """Return the cluster in which `members` (`author_key`, `cluster`) has each author, `UNKNOWN` where in none."""
    keys = pa.array(author_keys, pa.string()) if isinstance(author_keys, Sequence) else author_keys
    places = pc.index_in(keys, members["author_key"])
    found: Ids = pc.fill_null(members["cluster"].cast(pa.int64()).take(places), UNKNOWN).to_numpy()
    return found


def diff_files(_: Advance, earlier: TableFile, later: TableFile) -> RunDiff:
    """Return the difference of two runs from the files of their assignments, in a worker process."""
    before, after = earlier.read(), later.read()
    ids = after["cluster"].cast(pa.int64()).to_numpy()
    all_before = set(pc.unique(before["cluster"]).to_pylist())
    return diff(earlier_ids(after["author_key"], before), ids, all_before, set(np.unique(ids).tolist()))


def diff(before: Ids, after: Ids, ids_before: Collection[int], ids_after: Collection[int]) -> RunDiff:
    """Return what became of the clusters `ids_before` in `ids_after`.

    `before` and `after` have a cluster for each author; those `UNKNOWN` before are left out.
    """
    known = before != UNKNOWN
    before, after = before[known], after[known]
    flows = Flows.of(before, after)
    split = [Split(of=one, into=into) for one in sorted(ids_before) if len(into := flows.parts(one)) > 1]
    merged = [Merger(of=of, into=one) for one in sorted(ids_after) if len(of := flows.sources(one)) > 1]
    kept = [one for one in sorted(set(ids_before) & set(ids_after)) if flows.stays(one)]
    come = {one for each in split for one in each.into} | {each.into for each in merged}
    went = {each.of for each in split} | {one for each in merged for one in each.of}
    moved = int((before != after).sum())
    return RunDiff(
        ari=flows.rand_index() if len(before) >= LEAST_PEOPLE else None,
        authors=len(before),
        moved=moved if moved == 0 or moved >= LEAST_PEOPLE else None,
        kept=kept,
        split=split,
        merged=merged,
        new=sorted(set(ids_after) - set(kept) - come),
        gone=sorted(set(ids_before) - set(kept) - went),
    )


class Flows:
    """How many authors went from each cluster of a run to each of another."""

    def __init__(self, counts: Mapping[tuple[int, int], int]) -> None:
        """Take the counts by both clusters."""
        self._counts = counts
        self._out: dict[int, int] = {}
        self._in: dict[int, int] = {}
        for (one, other), count in counts.items():
            self._out[one] = self._out.get(one, 0) + count
            self._in[other] = self._in.get(other, 0) + count

    @classmethod
    def of(cls, before: Ids, after: Ids) -> "Flows":
        """Count the authors of both."""
        pairs, counts = np.unique(np.column_stack([before, after]), axis=0, return_counts=True)
        return cls({(one, other): count for (one, other), count in zip(pairs.tolist(), counts.tolist(), strict=True)})

    def parts(self, one: int) -> list[int]:
        """Return the later clusters that come of an earlier one and hold a part of it."""
        return sorted(
            other
            for (source, other), count in self._counts.items()
            if source == one and count > MOST * self._in[other] and count >= PART * self._out[one]
        )

    def sources(self, one: int) -> list[int]:
        """Return the earlier clusters that went into a later one and make a part of it."""
        return sorted(
            source
            for (source, other), count in self._counts.items()
            if other == one and count > MOST * self._out[source] and count >= PART * self._in[one]
        )

    def stays(self, one: int) -> bool:
        """Tell whether a cluster has most of its people, or is mostly of them."""
        count = self._counts.get((one, one), 0)
        return count > MOST * min(self._out.get(one, 0), self._in.get(one, 0)) and count > 0

    def rand_index(self) -> float:
        """Return the adjusted Rand index."""
        together, before, after = (sum(n * (n - 1) / 2 for n in counts) for counts in self._sizes())
        total = sum(self._out.values())
        expected = before * after / (total * (total - 1) / 2)
        most = (before + after) / 2
        return 1.0 if most == expected else (together - expected) / (most - expected)

    def _sizes(self) -> tuple[Collection[int], Collection[int], Collection[int]]:
        return self._counts.values(), self._out.values(), self._in.values()
