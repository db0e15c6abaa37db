"""From the posts of two windows to what moved: computed in a worker process. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from services.clusters.cards.cluster import Cluster, ClusterCard, told
from services.clusters.cards.cluster_posts import ClusterPosts
from services.clusters.movements.marks import Marks
from services.clusters.movements.movement import Change, Direction, SegmentMovement
from services.clusters.movements.significance import discoveries, proportions
from services.clusters.movements.two_windows import BEFORE, NOTABLE_SIZE, NOW, TwoWindows
from services.clusters.posts import PostTable
from services.clusters.topics.model import TopicModel
from services.clusters.worker import Advance


@dataclass(frozen=True)
class RunSizes:
    """What a run says of sizes: its cards and how many authors took part."""

    cards: Sequence[Cluster]
    authors: int

    def sizes(self) -> dict[int, int]:
        """Return the size of each cluster that is told."""
        return {card.id: card.size for card in told(self.cards) if isinstance(card, ClusterCard)}


@dataclass(frozen=True)
class KnownTopics:
    """Topics that were found before: the bytes of their model, and the names of those that are told."""

    model: bytes
    names: Mapping[int, str] = field(default_factory=dict)


def movements_of(
    _: Advance,
    posts: pa.Table,
    members: pa.Table,
    middle: int,
    run: RunSizes,
    before: RunSizes | None,
    topics: KnownTopics | None,
) -> list[SegmentMovement]:
    """Return the segments of a run, those that moved most surely first.

    `posts` are of two windows that meet at `middle` (Unix seconds), `members` have the cluster of each of their
    authors. `before` is the run before. Of all changes told about 5 % are chance (`significance.discoveries`).
    """
    cards = {card.id: card for card in told(run.cards) if isinstance(card, ClusterCard)}
    assignment = dict(zip(members["author_key"].to_pylist(), members["cluster"].to_pylist(), strict=True))
    inside = ClusterPosts.of(PostTable(posts), assignment, cards.keys())
    marks = {"terms": Marks.of_words(inside.words)}
    if topics is not None:
        ids = TopicModel.from_bytes(topics.model).of(inside.posts.table)
        marks["topics"] = Marks.of_topics(ids, dict(topics.names))
    windows = TwoWindows(inside, inside.posts.hours >= middle, marks)
    figures = windows.figures()
    earlier = before.sizes() if before is not None else {}
    changes: list[tuple[int, Change]] = []
    for place, each in enumerate(figures):
        card = cards[inside.ids[place]]
        of_runs = _since_run(card, earlier.get(card.id), run.authors, before.authors if before is not None else 0)
        all_of_it = (windows.change_of_size(place, each), windows.change_of_mood(place, each), of_runs)
        changes += [(place, change) for change in all_of_it if change is not None]
    sure = discoveries(np.array([change.p for _, change in changes])).tolist()
    kept: dict[int, list[Change]] = {}
    for (place, change), is_sure in zip(changes, sure, strict=True):
        if is_sure:
            kept.setdefault(place, []).append(windows.explained(place, change) if change.since == "window" else change)
    found = [
        SegmentMovement(
            cluster=cluster,
            name=cards[cluster].name,
            people=each.people[NOW],
            people_before=each.people[BEFORE],
            posts=each.posts[NOW],
            posts_before=each.posts[BEFORE],
            mean_score=each.scores[NOW],
            mean_score_before=each.scores[BEFORE],
            size=cards[cluster].size,
            size_before=earlier.get(cluster),
            changes=kept.get(place, []),
        )
        for place, (cluster, each) in enumerate(zip(inside.ids, figures, strict=True))
    ]
    return sorted(found, key=lambda one: (min((change.p for change in one.changes), default=2.0), one.cluster))


def _since_run(card: ClusterCard, size: int | None, authors: int, authors_before: int) -> Change | None:
    """Return the change of a cluster's share of the authors since the run before, by the two-proportion z-test."""
    if size is None or not authors or not authors_before:
        return None
    share, share_before = card.size / authors, size / authors_before
    if abs(share - share_before) <= NOTABLE_SIZE * share_before:
        return None
    direction = Direction.GREW if share > share_before else Direction.SHRANK
    return Change(
        direction=direction,
        since="run",
        value=card.size,
        value_before=size,
        p=float(proportions(card.size, authors, size, authors_before)),
        words=f"{direction} since the run before: {share:.1%} of the authors, {share_before:.1%} before",
    )
