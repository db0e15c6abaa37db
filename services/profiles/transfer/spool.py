"""A file that is being sent, kept in the data folder until it is restored."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from shared.errors import OverloadedError
from shared.private_files import make_folder

PIECE_BYTES: Final = 2**20
WAIT_SECONDS: Final = 15


class ImportTooLargeError(Exception):
    """More came than may; the sentence names the setting."""


class ImportSpool:
    """Where sent files lie: one at a time, so that several cannot fill the disk together.

    The file has no name, so it is gone with the process, however that ends.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Keep files of up to `most_bytes` in `folder`."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._taken = False

    def refuse_announced(self, announced: int) -> None:
        """Raise ImportTooLargeError where a sender announces that the file is too large."""
        if announced > self._most_bytes:
            raise ImportTooLargeError(
                f"the file is larger than {self._most_bytes} bytes; raise PROFILES_IMPORT_MIB or import it in parts"
            )

    @asynccontextmanager
    async def received(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[BinaryIO, None]:
        """Yield the whole file, at its beginning.

        Raises ImportTooLargeError, and OverloadedError where another file is in the spool or the disk is full.
        """
        if self._taken:
            raise OverloadedError("another import is under way; send this again after it", WAIT_SECONDS)
        self._taken = True
        try:
            file = await asyncio.to_thread(self._new_file)
            try:
                await self._fill(file, pieces)
                yield file
            finally:
                await asyncio.to_thread(file.close)
        finally:
            self._taken = False

    def _new_file(self) -> BinaryIO:
        try:
            make_folder(self._folder)
            return tempfile.TemporaryFile(dir=self._folder)
        except OSError:
            # A container whose store is elsewhere may write to its temporary folder alone.
            return tempfile.TemporaryFile()

    async def _fill(self, file: BinaryIO, pieces: AsyncIterator[bytes]) -> None:
        seen = 0
        waiting = bytearray()
        try:
            async for piece in pieces:
                seen += len(piece)
                self.refuse_announced(seen)
                waiting += piece
                if len(waiting) >= PIECE_BYTES:
                    full, waiting = waiting, bytearray()
                    await asyncio.to_thread(file.write, full)
            await asyncio.to_thread(file.write, waiting)
            await asyncio.to_thread(file.seek, 0)
        except OSError:
            raise OverloadedError(
                "the data folder has no room for this file; free some and send it again", WAIT_SECONDS
            ) from None
