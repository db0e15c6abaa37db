"""Assignments in SQLite: staged under their run, shown through the one row that names the published run."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from services.profiles.profile import Basis
from shared.errors import ConflictError

RESTORED = "restored"
"""The run that clusters out of a backup are shown under, until the next run is published."""


def stage(connection: sqlite3.Connection, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
    """Keep the cluster of each author who is not erased under the run, and return how many."""
    statement = "SELECT author_key FROM erased WHERE author_key IN (SELECT value FROM json_each(?))"
    erased = {row["author_key"] for row in connection.execute(statement, (json.dumps(list(clusters)),))}
    rows = [
        (brand, basis, run_id, author_key, cluster)
        for author_key, cluster in clusters.items()
        if author_key not in erased
    ]
    connection.executemany(
        "INSERT OR REPLACE INTO assignment (brand, basis, run_id, author_key, cluster) VALUES (?, ?, ?, ?, ?)", rows
    )
    return len(rows)


def restore_clusters(connection: sqlite3.Connection, brand: str, clusters: Mapping[str, Mapping[str, int]]) -> None:
    """Show the clusters (by author, then basis) of a backup, for each basis of which no run is published."""
    statement = "SELECT basis FROM published WHERE brand = ? AND run_id != ?"
    published = {row["basis"] for row in connection.execute(statement, (brand, RESTORED))}
    rows = [
        (brand, basis, RESTORED, author_key, cluster)
        for author_key, of_author in clusters.items()
        for basis, cluster in of_author.items()
        if basis not in published
    ]
    connection.executemany(
        "INSERT OR REPLACE INTO assignment (brand, basis, run_id, author_key, cluster) VALUES (?, ?, ?, ?, ?)", rows
    )
    connection.executemany(
        "INSERT OR IGNORE INTO published (brand, basis, run_id) VALUES (?, ?, ?)",
        [(brand, basis, RESTORED) for basis in {row[1] for row in rows}],
    )


def publish(connection: sqlite3.Connection, brand: str, basis: Basis, run_id: str, expected: int) -> int:
    """Name the run as the published one and remove the others'; raises ConflictError on another count."""
    counting = "SELECT count(*) FROM assignment WHERE brand = ? AND basis = ? AND run_id = ?"
    staged = int(connection.execute(counting, (brand, basis, run_id)).fetchone()[0])
    if staged != expected:
        raise ConflictError(f"{staged} authors are staged, not {expected}; send the missing chunks, then publish")
    connection.execute(
        "INSERT OR REPLACE INTO published (brand, basis, run_id) VALUES (?, ?, ?)", (brand, basis, run_id)
    )
    connection.execute("DELETE FROM assignment WHERE brand = ? AND basis = ? AND run_id != ?", (brand, basis, run_id))
    return staged


def cluster_sizes(connection: sqlite3.Connection, brand: str) -> dict[str, dict[int, int]]:
    """Return how many authors each published cluster has, by basis."""
    statement = """
        SELECT basis, cluster, count(*) AS authors FROM published CROSS JOIN assignment USING (brand, basis, run_id)
        WHERE brand = ? GROUP BY basis, cluster
    """
    sizes: dict[str, dict[int, int]] = {}
    for row in connection.execute(statement, (brand,)):
        sizes.setdefault(row["basis"], {})[row["cluster"]] = row["authors"]
    return sizes


def clusters_of(connection: sqlite3.Connection, brand: str, author_keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the published clusters of each of the authors, by basis."""
    statement = """
        SELECT basis, author_key, cluster FROM published CROSS JOIN assignment USING (brand, basis, run_id)
        WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    clusters: dict[str, dict[str, int]] = {author_key: {} for author_key in author_keys}
    for row in connection.execute(statement, (brand, json.dumps(list(author_keys)))):
        clusters[row["author_key"]][row["basis"]] = row["cluster"]
    return clusters
