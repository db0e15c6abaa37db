"""Runs whose assignments a brand keeps: which is shown, which may be shown again, which go. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from services.profiles.arrow import stream_of
from services.profiles.profile import Basis
from shared.errors import ConflictError

RESTORED: Final = "restored"
"""The run that clusters out of a backup are shown under, until the next run is published."""
KEPT_RUNS: Final = 10
MOST_STAGED: Final = 5
"""Runs of a brand and basis that are staged and were never published: of more the earliest go."""


@dataclass(frozen=True, slots=True)
class AssignedRun:
    """A run with assignments.

    `published` orders the publications of a brand and basis, the latest is shown; nought was never published.
    `staged_at` is when authors were last added (Unix seconds). One that is `leaving` is about to be removed.
    """

    brand: str
    basis: Basis
    run_id: str
    published: int = 0
    staged_at: int = 0
    leaving: bool = False


def check_stageable(run: AssignedRun | None) -> None:
    """Raise ConflictError where a run takes no authors any more."""
    if run is not None and run.leaving:
        raise ConflictError(f"the assignments of run {run.run_id} are being removed; stage them under another run")


def check_publishable(run: AssignedRun | None, staged: int, expected: int) -> None:
    """Raise ConflictError where a run with so many authors staged cannot be shown.

    One that was published before was complete then, and authors may have come and gone since: `expected` is not asked.
    """
    was_published = run is not None and run.published > 0
    if run is None or run.leaving or staged == 0 or (not was_published and staged != expected):
        held = 0 if run is None or run.leaving else staged
        raise ConflictError(f"{held} authors are staged, not {expected}; send the missing chunks, then publish")


def next_publication(runs: Sequence[AssignedRun]) -> int:
    """Return the number of the next publication of a brand and basis."""
    return max((run.published for run in runs), default=0) + 1


def replaced(runs: Sequence[AssignedRun], keep: int) -> list[AssignedRun]:
    """Return those of a brand's and basis' published runs that leave after a publication.

    All but the `keep` latest, and the clusters of a backup once another run is shown.
    """
    published = sorted((run for run in runs if run.published and not run.leaving), key=lambda run: -run.published)
    return [run for place, run in enumerate(published) if place and (place >= keep or run.run_id == RESTORED)]


def abandoned(runs: Sequence[AssignedRun]) -> list[AssignedRun]:
    """Return those of a brand's and basis' runs, never published, that leave before another is staged."""
    staged = [run for run in runs if not run.published and not run.leaving]
    return sorted(staged, key=lambda run: (-run.staged_at, run.run_id))[MOST_STAGED - 1 :]


def arrow_assignments(rows: Sequence[tuple[str, int]]) -> bytes:
    """Return authors and their clusters as an Arrow IPC stream of `author_key` and `cluster`."""
    columns = {
        "author_key": pa.array([author_key for author_key, _ in rows], type=pa.string()),
        "cluster": pa.array([cluster for _, cluster in rows], type=pa.int64()),
    }
    return stream_of(pa.RecordBatch.from_pydict(columns))
