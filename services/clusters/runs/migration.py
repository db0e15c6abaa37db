"""The way of runs that were kept before there were documents."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.clusters.runs.run import Run
from services.clusters.runs.run_store import RUNS, document_of, slot_of
from shared.documents.migration import Kept, Move
from shared.leases import leased


def moves_of_earlier(lease: timedelta) -> list[Move]:
    """Return what becomes of the runs that an earlier voxpop kept; a lease lapses `lease` after its last renewal."""
    return [
        Move(source, lambda row: _of_earlier(row, lease))
        for source in ("run", "runs")  # the table in SQLite, the collection in MongoDB
    ]


def _of_earlier(row: Mapping[str, Any], lease: timedelta) -> Iterable[Kept]:
    """Return the document of a row of SQLite's old table, or of a document of MongoDB's old collection."""
    body = row["body"]
    run = Run.model_validate_json(body) if isinstance(body, str) else Run.model_validate(body)
    if not row["active"]:
        return [(RUNS, document_of(run, served=row["served"] or None))]
    lapse = datetime.fromtimestamp(row["renewed"], UTC) + lease
    return [(RUNS, leased(document_of(run, slot=slot_of(run), cancel=int(row["cancel"]) or None), row["owner"], lapse))]
