"""The assignments of a run as profiles keeps them, page by page."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pyarrow as pa

from services.clusters.bases.basis import CannotTrainError
from services.clusters.runs.run import Run
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer

PAGE: Final = 10_000
NOBODY: Final = pa.Table.from_batches([], pa.schema([("author_key", pa.string()), ("cluster", pa.int64())]))
_NOT_FOUND: Final = 404


async def assignment_pages(profiles: ProfilesPeer, run: Run) -> AsyncIterator[pa.Table]:
    """Yield what profiles keeps of a run, `author_key` and `cluster`, at least one page, which may be empty.

    Raises PeerError, CannotTrainError where a page cannot be read.
    """
    cursor: str | None = None
    while True:
        try:
            content, following = await profiles.assignments(run.brand, run.run_id, PAGE, cursor)
        except PeerRefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            yield NOBODY
            return
        page = await asyncio.to_thread(read_page, content)
        yield page.select(NOBODY.column_names).cast(NOBODY.schema)
        if following is None:
            return
        if not len(page) or following == cursor:
            raise CannotTrainError("profiles' pages of assignments do not advance; try again")
        cursor = following


def read_page(content: bytes) -> pa.Table:
    """Return the table of an Arrow stream; raises CannotTrainError where the bytes are none."""
    try:
        with pa.ipc.open_stream(content) as stream:
            return stream.read_all()
    except (pa.ArrowInvalid, OSError):
        raise CannotTrainError("profiles' answer is not an Arrow stream; is profiles up to date?") from None
