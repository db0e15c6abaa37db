"""What clusters reads from and writes to the profiles service."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from services.clusters.failures import CannotTrainError
from services.clusters.run import Basis
from shared.errors import PeerRefusedError
from shared.peers import Peer

CHUNK = 10_000
MEMBER_PAGE = 1_000

_NOT_FOUND, _CONFLICT = 404, 409


class ProfilesPeer:
    """The profiles service; calls raise PeerError, and CannotTrainError where the sentence must be ours."""

    def __init__(self, peer: Peer, page_rows: int) -> None:
        """Call through `peer`; features come `page_rows` authors at a time."""
        self._peer = peer
        self._page_rows = page_rows

    async def features(self, brand: str, on_page: Callable[[int], None]) -> pa.Table:
        """Return the features of every author of the brand; `on_page` hears how many there are so far.

        Raises CannotTrainError where nothing is known of the brand or the pages cannot be read.
        """
        pages: list[pa.Table] = []
        cursor: str | None = None
        while True:
            page, following = await self._page(brand, cursor)
            pages.append(page)
            on_page(sum(len(page) for page in pages))
            if following is None:
                break
            if not len(page) or following == cursor:
                raise CannotTrainError("profiles' pages of features do not advance; try again")
            cursor = following
        try:
            return pa.concat_tables(pages)
        except pa.ArrowInvalid:
            raise CannotTrainError("profiles' pages of features differ in their columns; try again") from None

    async def _page(self, brand: str, cursor: str | None) -> tuple[pa.Table, str | None]:
        query: dict[str, Any] = {"limit": self._page_rows}
        if cursor is not None:
            query["cursor"] = cursor
        try:
            response = await self._peer.call("GET", f"/v1/brands/{brand}/features", params=query)
        except PeerRefusedError as error:
            if error.status == _NOT_FOUND:
                raise CannotTrainError(
                    f"nothing is known of the brand {brand}; ingest posts about it, then train"
                ) from None
            raise
        try:
            with pa.ipc.open_stream(response.content) as stream:
                return stream.read_all(), response.headers.get("x-next-cursor")
        except (pa.ArrowInvalid, OSError):
            raise CannotTrainError("profiles' features are not an Arrow stream; is profiles up to date?") from None

    async def members(self, brand: str, basis: Basis, at_most: int) -> dict[str, int]:
        """Return the published cluster of up to `at_most` authors, in the order of their keys.

        A key is a keyed hash, so the first ones are a fair sample of all authors.
        """
        members: dict[str, int] = {}
        query: dict[str, Any] = {"sort": "author_key", "order": "asc", "limit": min(MEMBER_PAGE, at_most)}
        for _ in range(-(-at_most // MEMBER_PAGE)):
            page = (await self._peer.call("GET", f"/v1/brands/{brand}/profiles", params=query)).json()
            members.update(
                (profile["author_key"], profile["clusters"][basis])
                for profile in page["items"]
                if basis in profile.get("clusters", {})
            )
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        return members

    async def assign(
        self,
        brand: str,
        run_id: str,
        basis: Basis,
        author_keys: Sequence[str],
        cluster_ids: Sequence[int],
        on_chunk: Callable[[int], None],
    ) -> int:
        """Stage every author's cluster under the run; return how many are staged. Repeating it changes nothing."""
        stored = 0
        for first in range(0, len(author_keys), CHUNK):
            pairs = zip(author_keys[first : first + CHUNK], cluster_ids[first : first + CHUNK], strict=True)
            items = [{"author_key": author_key, "cluster": cluster} for author_key, cluster in pairs]
            body = {"basis": basis, "items": items}
            response = await self._peer.call("PUT", f"/v1/brands/{brand}/assignments/{run_id}", json=body)
            stored += int(response.json()["stored"])
            on_chunk(first + len(items))
        return stored

    async def publish(self, brand: str, run_id: str, basis: Basis, expected: int) -> bool:
        """Show the staged clusters in place of the earlier ones, all at once.

        False where profiles holds another number of them than `expected`: then it shows what it showed before.
        """
        try:
            await self._peer.call(
                "POST",
                f"/v1/brands/{brand}/assignments/{run_id}/publish",
                json={"basis": basis, "expected": expected},
            )
        except PeerRefusedError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True

    async def check_ready(self) -> None:
        """Return where profiles is ready; raises where it is not."""
        await self._peer.check_ready()
