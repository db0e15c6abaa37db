"""Segments with planted movements: one grows by a new subject, one sours by an old one, one stays as it was."""

from datetime import timedelta
from typing import Any

import pyarrow as pa

from services.clusters.cards.cluster import Cluster, ClusterCard, SmallCluster
from services.clusters.movements.movement import SegmentMovement
from services.clusters.movements.segment_movements import RunSizes, movements_of
from services.clusters.posts import PostTable
from services.clusters.worker.worker import quietly
from shared.profiles_peer import CountedWindows
from tests.unit.clusters.posts.rows import START, row, table_of_posts

HOURS = 24
GROWING, SOURING, STEADY, SMALL = 0, 1, 2, 3
SUBJECTS = ("lounge", "cabin", "legroom", "ticket")


def card(cluster: int, size: int, **more: Any) -> ClusterCard:
    """Return the card of a cluster."""
    told: dict[str, Any] = {"name": f"segment {cluster}", "size": size, "share": 0.2, "stability": 1.0}
    told |= {"centroid": {}, "distinctive": [], "mean_score": 0.5, "languages": {}}
    return ClusterCard(id=cluster, **(told | more))


def planted() -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return posts of two days, and the cluster of each author."""
    rows: list[dict[str, Any]] = []
    members: dict[str, int] = {}

    def write(cluster: int, person: int, day: int, text: str, score: float) -> None:
        author = cluster * 1000 + person
        number = len(rows)
        rows.append(row(number, author, day * HOURS + number % HOURS, text=text, score=score))
        members[rows[-1]["author_key"]] = cluster

    for day in (0, 1):
        for person in range(30):
            subject = SUBJECTS[person % 4]
            write(STEADY, person, day, f"my {subject} experience", 0.4 + person % 3 / 10)
            spoilt = day == 1 and subject == "cabin"
            write(SOURING, person, day, f"their {subject} report", 0.05 if spoilt else 0.6 + person % 3 / 10)
            write(SOURING, person, day, f"another {subject} story", 0.05 if spoilt else 0.6 + person % 3 / 10)
        for person in range(20):
            write(GROWING, person, day, f"our {SUBJECTS[person % 4]} talk", 0.5 + person % 3 / 10)
        write(SMALL, day, day, "secretword alone", 0.5)
    for person in range(20, 50):
        write(GROWING, person, 1, f"strike {SUBJECTS[person % 4]}", 0.5 + person % 3 / 10)
    for person in range(20, 24):
        write(GROWING, person, 1, "strike rareword", 0.5)
    return rows, members


def cards() -> list[Cluster]:
    """Return the cards of the planted segments."""
    return [card(GROWING, 60), card(SOURING, 30), card(STEADY, 30), SmallCluster(id=SMALL)]


def windows(before: int, now: int) -> CountedWindows:
    """Return the two days, with how many posts each had."""
    return CountedWindows(START, START + timedelta(hours=HOURS), START + timedelta(hours=2 * HOURS), before, now)


def moved(
    rows: list[dict[str, Any]], members: dict[str, int], before: RunSizes | None = None, **more: Any
) -> tuple[dict[int, SegmentMovement], str | None]:
    """Return the movement of each segment, and the note."""
    counts = [sum((one["hour"] >= START + timedelta(hours=HOURS)) == later for one in rows) for later in (False, True)]
    table = pa.table({"author_key": list(members), "cluster": list(members.values())})
    counted = more.get("counted") or windows(*counts)
    topics = more.get("topics")
    found, note = movements_of(
        quietly,
        PostTable.of_pages([table_of_posts(rows)]).table,
        table,
        counted,
        RunSizes(cards(), 120),
        before,
        topics,
    )
    return {one.cluster: one for one in found}, note
