"""Handles of Bluesky, looked up: posts name their authors by DID alone."""

import json
from collections.abc import Iterable

from services.ingest.sources.network.fault import NetworkFault
from services.ingest.sources.network.fetching import Fetcher

_PATH = "/xrpc/com.atproto.identity.resolveHandle"
_UNKNOWN = (400, 404)


async def resolve(fetcher: Fetcher, appview_url: str, accounts: Iterable[str]) -> tuple[dict[str, str], int]:
    """Return handle by DID for the accounts that are handles, and how many of them nobody has.

    Raises NetworkFault where the server cannot say now.
    """
    found: dict[str, str] = {}
    unknown = 0
    for handle in accounts:
        if handle.startswith("did:"):
            continue
        did = await _did_of(fetcher, appview_url, handle)
        if did is None:
            unknown += 1
        else:
            found[did] = handle
    return found, unknown


async def _did_of(fetcher: Fetcher, appview_url: str, handle: str) -> str | None:
    try:
        answer = await fetcher.get(appview_url.rstrip("/") + _PATH, {"handle": handle})
    except NetworkFault as fault:
        if fault.status in _UNKNOWN:
            return None
        raise
    try:
        did = json.loads(answer.body)["did"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NetworkFault("it gave no DID for a handle") from None
    return did if isinstance(did, str) and did.startswith("did:") else None
