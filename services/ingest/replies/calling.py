"""One call of a platform: with a deadline, and never torn in the middle by a shutdown."""

import asyncio
from typing import Final

from services.ingest.sources.reply_writer import Outcome, ReplyWriter, Unknown

CALL_SECONDS: Final = 20.0


async def call(writer: ReplyWriter, post_id: str, text: str) -> tuple[Outcome, bool]:
    """Ask a platform once; return the outcome, and whether the caller was cancelled meanwhile.

    A cancellation does not end the call, since that would leave its outcome unknown: it is waited for, and lasts
    20 s at the most. What the adapter raises is an unknown outcome too. The caller must record the outcome and
    then end where it was cancelled.
    """
    asking = asyncio.create_task(_outcome(writer, post_id, text), name="reply")
    cancelled = False
    while not asking.done():
        try:
            await asyncio.shield(asking)
        except asyncio.CancelledError:
            cancelled = True
    return asking.result(), cancelled


async def _outcome(writer: ReplyWriter, post_id: str, text: str) -> Outcome:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await writer.reply(post_id, text)
    except TimeoutError:
        return Unknown(f"the platform did not answer within {CALL_SECONDS:g} s")
    except Exception as error:  # noqa: BLE001 - whatever it is, the request may have gone out before it
        return Unknown(f"the adapter failed ({type(error).__name__})")
