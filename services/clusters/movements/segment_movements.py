"""From the posts of two windows to what moved: computed in a worker process. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from services.clusters.cards.cluster import Cluster, ClusterCard, told
from services.clusters.cards.cluster_posts import ClusterPosts
from services.clusters.cards.suppression import Mask
from services.clusters.movements.marks import Marks
from services.clusters.movements.movement import Change, Direction, SegmentMovement
from services.clusters.movements.significance import discoveries, proportions
from services.clusters.movements.two_windows import BEFORE, NOTABLE_SIZE, NOW, TwoWindows
from services.clusters.posts import PostTable
from services.clusters.topics.model import TopicModel
from services.clusters.worker import Advance
from shared.profiles_peer import CountedWindows

LIKE: Final = 0.8
"""Where fewer texts of before are kept, as a part of those of now, every segment would seem to grow."""
REMEDY: Final = "texts expire; ask for a shorter window, or keep texts for longer (PROFILES_TEXT_DAYS)"


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
    counted: CountedWindows,
    run: RunSizes,
    before: RunSizes | None,
    topics: KnownTopics | None,
) -> tuple[list[SegmentMovement], str | None]:
    """Return the segments of a run, those that moved most surely first, and why something cannot be told.

    `posts` are those of both windows with a text, `counted` tells how many there were. `members` have the cluster of
    each of their authors. `before` is the run before. Of all changes told about 5 % are chance
    (`significance.discoveries`).
    """
    middle = int(counted.middle.timestamp())
    cards = {card.id: card for card in told(run.cards) if isinstance(card, ClusterCard)}
    assignment = dict(zip(members["author_key"].to_pylist(), members["cluster"].to_pylist(), strict=True))
    inside = ClusterPosts.of(PostTable(posts), assignment, cards.keys())
    marks = {"terms": Marks.of_words(inside.words)}
    if topics is not None:
        ids = TopicModel.from_bytes(topics.model).of(inside.posts.table)
        marks["topics"] = Marks.of_topics(ids, dict(topics.names))
    windows = TwoWindows(inside, inside.posts.hours >= middle, marks)
    note = _unlike(counted, PostTable(posts).hours >= middle, windows)
    figures = windows.figures()
    earlier = before.sizes() if before is not None else {}
    changes: list[tuple[int, Change]] = []
    for place, each in enumerate(figures):
        card = cards[inside.ids[place]]
        of_runs = _since_run(card, earlier.get(card.id), run.authors, before.authors if before is not None else 0)
        of_people = windows.change_of_size(place, each) if note is None else None
        changes += [
            (place, change)
            for change in (of_people, windows.change_of_mood(place, each), of_runs)
            if change is not None
        ]
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
    ordered = sorted(found, key=lambda one: (min((change.p for change in one.changes), default=2.0), one.cluster))
    return ordered, note


def _unlike(counted: CountedWindows, later: Mask, windows: TwoWindows) -> str | None:
    """Return why the numbers of people in both windows cannot be compared; None where they can."""
    for name, is_there in (("window", windows.later.any()), ("window before", not windows.later.all())):
        if not is_there:
            return f"no post of the {name} by an author of these segments has a text: {REMEDY}"
    kept, kept_before = int(later.sum()) / max(counted.posts, 1), int((~later).sum()) / max(counted.posts_before, 1)
    if kept_before < LIKE * kept:
        return f"most texts of the window are kept and {kept_before:.0%} of those of the window before: {REMEDY}"
    return None


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
