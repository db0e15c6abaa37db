"""Assignments in SQLite: staged under their run, shown through the one row that names the published run."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from services.profiles.assigned_run import (
    RESTORED,
    AssignedRun,
    abandoned,
    check_publishable,
    check_stageable,
    next_publication,
    replaced,
)
from services.profiles.profile import Basis
from services.profiles.stores.sqlite_schema import SCHEMA

PIECE: Final = 10_000
"""Assignments of a run that leaves which are removed at once: no fold waits long for the store."""
_WRITE: Final = "INSERT OR REPLACE INTO assignment (brand, basis, run_id, author_key, cluster) VALUES (?, ?, ?, ?, ?)"
_RUN: Final = "brand = ? AND basis = ? AND run_id = ?"
_COLUMNS: Final = "brand, basis, run_id, published, staged_at, leaving"


def assigned_runs(connection: sqlite3.Connection, brand: str, basis: Basis | None = None) -> list[AssignedRun]:
    """Return the runs with assignments, of one basis or all."""
    statement = f"SELECT {_COLUMNS} FROM assigned_run WHERE brand = ?"  # noqa: S608 - our own
    runs = [_run(row) for row in connection.execute(statement, (brand,))]
    return [run for run in runs if basis in {None, run.basis}]


def leaving_runs(connection: sqlite3.Connection) -> list[AssignedRun]:
    """Return the runs of any brand that are to be removed."""
    statement = f"SELECT {_COLUMNS} FROM assigned_run WHERE leaving"  # noqa: S608 - our own
    return [_run(row) for row in connection.execute(statement)]


def stage(connection: sqlite3.Connection, run: AssignedRun, clusters: Mapping[str, int]) -> int:
    """Keep the cluster of each author who has a profile under the run, and return how many.

    Raises ConflictError where the run is being removed.
    """
    runs = {known.run_id: known for known in assigned_runs(connection, run.brand, run.basis)}
    check_stageable(runs.get(run.run_id))
    if run.run_id not in runs:
        _dismiss(connection, abandoned(list(runs.values())))
    statement = """
        SELECT author_key FROM profile WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    known = {row["author_key"] for row in connection.execute(statement, (run.brand, json.dumps(list(clusters))))}
    rows = [
        (run.brand, run.basis, run.run_id, author_key, cluster)
        for author_key, cluster in clusters.items()
        if author_key in known
    ]
    connection.executemany(_WRITE, rows)
    statement = """
        INSERT INTO assigned_run (brand, basis, run_id, published, staged_at, leaving) VALUES (?, ?, ?, 0, ?, 0)
        ON CONFLICT (brand, basis, run_id) DO UPDATE SET staged_at = excluded.staged_at
    """
    connection.execute(statement, (run.brand, run.basis, run.run_id, run.staged_at))
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
    connection.executemany(_WRITE, rows)
    runs = [(brand, basis, RESTORED) for basis in {row[1] for row in rows}]
    connection.executemany("INSERT OR IGNORE INTO published (brand, basis, run_id) VALUES (?, ?, ?)", runs)
    connection.executemany(
        "INSERT OR IGNORE INTO assigned_run (brand, basis, run_id, published, staged_at) VALUES (?, ?, ?, 1, 0)", runs
    )


def publish(connection: sqlite3.Connection, run: AssignedRun, expected: int, keep: int) -> int:
    """Name the run as the published one, and say which of the others leave; raises ConflictError."""
    counting = f"SELECT count(*) FROM assignment WHERE {_RUN}"  # noqa: S608 - our own
    names = (run.brand, run.basis, run.run_id)
    staged = int(connection.execute(counting, names).fetchone()[0])
    runs = {known.run_id: known for known in assigned_runs(connection, run.brand, run.basis)}
    check_publishable(runs.get(run.run_id), staged, expected)
    number = next_publication(list(runs.values()))
    connection.execute(f"UPDATE assigned_run SET published = ? WHERE {_RUN}", (number, *names))  # noqa: S608 - our own
    connection.execute("INSERT OR REPLACE INTO published (brand, basis, run_id) VALUES (?, ?, ?)", names)
    _dismiss(connection, replaced(assigned_runs(connection, run.brand, run.basis), keep))
    return staged


def dismiss(connection: sqlite3.Connection, brand: str, run_id: str) -> None:
    """Say that a run leaves; where it is the published one nothing is shown of its basis any more."""
    found = [run for run in assigned_runs(connection, brand) if run.run_id == run_id]
    connection.executemany(
        f"DELETE FROM published WHERE {_RUN}",  # noqa: S608 - our own
        [(run.brand, run.basis, run.run_id) for run in found],
    )
    _dismiss(connection, found)


def dismiss_staged(connection: sqlite3.Connection, before: int, latest: int) -> None:
    """Say that runs leave which were never published and last staged before a moment (Unix seconds).

    Those that were staged later than `latest` were staged while a clock ran ahead: their time counts from then.
    """
    connection.execute("UPDATE assigned_run SET staged_at = ? WHERE staged_at > ?", (latest, latest))
    connection.execute("UPDATE assigned_run SET leaving = 1 WHERE published = 0 AND staged_at < ?", (before,))


def remove_piece(connection: sqlite3.Connection, run: AssignedRun) -> int:
    """Remove some of the assignments of a run that leaves; return how many, nought once the run is gone, too."""
    names = (run.brand, run.basis, run.run_id)
    statement = f"SELECT author_key FROM assignment WHERE {_RUN} ORDER BY author_key LIMIT 1 OFFSET ?"  # noqa: S608 - our own
    last = connection.execute(statement, (*names, PIECE - 1)).fetchone()
    deleting = f"DELETE FROM assignment WHERE {_RUN} AND author_key <= ?"  # noqa: S608 - our own
    count = connection.execute(deleting, (*names, last["author_key"] if last else "g")).rowcount
    if not count:
        connection.execute(f"DELETE FROM assigned_run WHERE {_RUN}", names)  # noqa: S608 - our own
    return count


def remove_authors(connection: sqlite3.Connection, brand: str, author_keys: Collection[str]) -> None:
    """Take authors out of the assignments of every run of a brand."""
    runs = assigned_runs(connection, brand) if author_keys else []
    statement = f"DELETE FROM assignment WHERE {_RUN} AND author_key = ?"  # noqa: S608 - our own
    rows = [(run.brand, run.basis, run.run_id, author_key) for run in runs for author_key in author_keys]
    connection.executemany(statement, rows)


def assignments(connection: sqlite3.Connection, run: AssignedRun, after: str, limit: int) -> list[tuple[str, int]]:
    """Return a page of a run's authors and their clusters, by author."""
    statement = f"""
        SELECT author_key, cluster FROM assignment WHERE {_RUN} AND author_key > ? ORDER BY author_key LIMIT ?
    """  # noqa: S608 - our own
    rows = connection.execute(statement, (run.brand, run.basis, run.run_id, after, limit))
    return [(row["author_key"], row["cluster"]) for row in rows]


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


def runs_of_assignments(connection: sqlite3.Connection) -> None:
    """Note which runs an earlier version kept assignments of; a staged one has its time from the first sweep on."""
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(
        """
        INSERT OR IGNORE INTO assigned_run (brand, basis, run_id, published, staged_at)
        SELECT DISTINCT brand, basis, assignment.run_id, published.run_id IS NOT NULL, 9223372036854775807
        FROM assignment LEFT JOIN published USING (brand, basis, run_id)
        """
    )


def _dismiss(connection: sqlite3.Connection, runs: Sequence[AssignedRun]) -> None:
    statement = f"UPDATE assigned_run SET leaving = 1 WHERE {_RUN}"  # noqa: S608 - our own
    connection.executemany(statement, [(run.brand, run.basis, run.run_id) for run in runs])


def _run(row: sqlite3.Row) -> AssignedRun:
    return AssignedRun(
        row["brand"], row["basis"], row["run_id"], row["published"], row["staged_at"], bool(row["leaving"])
    )
