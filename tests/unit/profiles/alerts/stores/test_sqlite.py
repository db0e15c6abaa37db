"""Which index each query of alerts in SQLite goes by."""

import sqlite3

import pytest

from services.profiles.alerts.stores.sqlite import SCHEMA
from services.profiles.alerts.stores.sqlite_raised import DUE, EXPIRED, PAGE


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (PAGE, ("acme", 1, "a", 10), "alert_by_brand"),
        (DUE, (1, 1), "alert_waiting"),
        (EXPIRED, (1, 10), "alert_by_time"),
    ],
)
def test_no_query_reads_or_sorts_every_alert(statement: str, values: tuple[str | int, ...], index: str) -> None:
    """Each goes along an index that has its order."""
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(SCHEMA)
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))
    connection.close()
    assert f"INDEX {index}" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
