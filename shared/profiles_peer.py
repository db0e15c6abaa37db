"""What services ask of the profiles service."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.analyzed_post import SCHEMA_VERSION, AnalyzedPost
from shared.brand_changes import BrandChanges
from shared.erasure import ErasureReport
from shared.errors import PeerRefusedError
from shared.peers import Peer
from shared.removal import REMOVALS_SCHEMA_VERSION, KeyedRemoval, RemovalAnswer

_KEYS = TypeAdapter(set[str])
_JSON = {"content-type": "application/json"}
_WITHOUT_COUNTS = "without counts"
_ABSENT = 404
_CONFLICT = 409


@dataclass(frozen=True)
class CountedWindows:
    """A window from `middle` up to before `ends`, the one before it from `begins`, and how many posts each has.

    Posts are those of people, with the ones whose texts have expired.
    """

    begins: datetime
    middle: datetime
    ends: datetime
    posts_before: int
    posts: int


class ProfilesPeer(Peer):
    """The profiles service. Every call may be repeated: what was done already changes nothing."""

    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """Return those of up to 1000 post keys that are counted already."""
        response = await self.call("POST", f"/v1/brands/{brand}/posts/counted", json={"post_keys": post_keys})
        return self.read(lambda: _KEYS.validate_python(response.json()["counted"]), "without counted keys")

    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> int:
        """Have up to 1000 posts counted, durably; return how many were not counted before."""
        body = await asyncio.to_thread(_delivery, posts)
        response = await self.call("POST", f"/v1/brands/{brand}/posts", content=body, headers=_JSON)
        return self.read(lambda: int(response.json()["folded"]), "without a count")

    async def remove(self, brand: str, removals: Sequence[KeyedRemoval], *, early: bool) -> RemovalAnswer:
        """Have up to 1000 posts or authors taken out, durably; `early` keeps out posts that are not known yet."""
        body = {
            "schema_version": REMOVALS_SCHEMA_VERSION,
            "removals": [removal.model_dump(mode="json", exclude_none=True) for removal in removals],
            "early": early,
        }
        response = await self.call("POST", f"/v1/brands/{brand}/removals", json=body)
        return self.read(lambda: RemovalAnswer.model_validate_json(response.content), _WITHOUT_COUNTS)

    async def erase(self, author_key: str) -> ErasureReport:
        """Have an author removed from every brand, for good."""
        response = await self.call("POST", "/v1/erasures", json={"author_key": author_key})
        return self.read(lambda: ErasureReport.model_validate_json(response.content), _WITHOUT_COUNTS)

    async def features(
        self,
        brand: str,
        limit: int,
        cursor: str | None,
        *,
        embeddings: bool = False,
        changed_after: int | None = None,
    ) -> tuple[bytes, str | None]:
        """Return a page of up to `limit` authors as numbers, an Arrow IPC stream, and the cursor of the next page.

        With `embeddings` come their mean embeddings, and pages of 20,000 at the most. After a number only authors who
        changed since come, in the order of changes; `last_change` in the stream's metadata is what to ask with next.
        """
        query: dict[str, Any] = {"limit": limit, "cursor": cursor, "changed_after": changed_after}
        query |= {"embeddings": "true"} if embeddings else {}
        given = {name: value for name, value in query.items() if value is not None}
        response = await self.call("GET", f"/v1/brands/{brand}/features", params=given)
        return response.content, response.headers.get("x-next-cursor")

    async def named_features(self, brand: str, author_keys: Sequence[str], *, embeddings: bool = False) -> bytes:
        """Return those of up to 1000 authors who have a profile as numbers, an Arrow IPC stream, by author."""
        body = {"author_keys": list(author_keys), "embeddings": embeddings}
        response = await self.call("POST", f"/v1/brands/{brand}/features/named", json=body)
        return response.content

    async def texts(
        self,
        brand: str,
        limit: int,
        cursor: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        embeddings: bool = False,
    ) -> tuple[bytes, str | None]:
        """Return a page of up to `limit` posts by key, an Arrow IPC stream, and the cursor of the next page.

        Posts of hours from `start` up to before `end`, whose texts have not expired; `embeddings` of one version.
        """
        bounds = {"from": start, "to": end}
        query: dict[str, Any] = {"limit": limit, "embeddings": embeddings}
        query |= {name: moment.isoformat() for name, moment in bounds.items() if moment is not None}
        if cursor is not None:
            query["cursor"] = cursor
        response = await self.call("GET", f"/v1/brands/{brand}/texts", params=query)
        return response.content, response.headers.get("x-next-cursor")

    async def windows(self, brand: str, length: str, until: datetime | None) -> CountedWindows:
        """Return a window of `length`, such as `24h` or `7d`, and the one before it, with people's posts in each.

        Without `until` it ends with the hour of the brand's newest post.
        """
        query = {"window": length, "voice": "external"} | ({} if until is None else {"until": until.isoformat()})
        response = await self.call("GET", f"/v1/brands/{brand}/summary", params=query)
        return self.read(lambda: _windows(response.json()), "without windows")

    async def named_texts(self, brand: str, post_keys: Sequence[str]) -> tuple[bytes, bool]:
        """Return those of up to 1000 posts that have a text, by key, an Arrow IPC stream; tell whether it has all.

        Where it has not, the keys after the last one told may be asked for again.
        """
        response = await self.call("POST", f"/v1/brands/{brand}/texts/named", json={"post_keys": list(post_keys)})
        return response.content, "x-next-cursor" not in response.headers

    async def changes(self, after: int) -> BrandChanges:
        """Return which brands changed since the call that gave `after` as its `next`; nought at first."""
        response = await self.call("GET", "/v1/changes", params={"after": after})
        return self.read(lambda: BrandChanges.model_validate_json(response.content), "that tells no changes")

    async def assigned(
        self, brand: str, basis: str, limit: int, cursor: str | None
    ) -> tuple[dict[str, int], str | None]:
        """Return the published clusters of a page of up to `limit` authors, by author key, and the next page's cursor.

        An author key is a keyed hash, so the first ones are a fair sample of all authors.
        """
        query: dict[str, Any] = {"sort": "author_key", "order": "asc", "limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        response = await self.call("GET", f"/v1/brands/{brand}/profiles", params=query)
        return self.read(lambda: _assigned(response.json(), basis), "that is no page of profiles")

    async def members(
        self, brand: str, basis: str, cluster: int, limit: int, cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of the profiles of a published cluster's authors, by author, and the next page's cursor."""
        query: dict[str, Any] = {"basis": basis, "cluster": cluster, "sort": "author_key", "limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        response = await self.call("GET", f"/v1/brands/{brand}/profiles", params=query)
        return self.read(lambda: _page(response.json()), "that is no page of profiles")

    async def stage(self, brand: str, run_id: str, basis: str, clusters: Mapping[str, int]) -> int:
        """Keep the clusters of up to 10,000 authors under a run, not shown yet; return how many are kept."""
        items = [{"author_key": author_key, "cluster": cluster} for author_key, cluster in clusters.items()]
        path = f"/v1/brands/{brand}/assignments/{run_id}"
        response = await self.call("PUT", path, json={"basis": basis, "items": items})
        return self.read(lambda: int(response.json()["stored"]), "without a count")

    async def publish(self, brand: str, run_id: str, basis: str, expected: int) -> bool:
        """Show the staged clusters in place of the earlier ones, all at once.

        False where profiles holds another number of them than `expected`: then it shows what it showed before.
        """
        path = f"/v1/brands/{brand}/assignments/{run_id}/publish"
        try:
            await self.call("POST", path, json={"basis": basis, "expected": expected})
        except PeerRefusedError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True

    async def assignments(self, brand: str, run_id: str, limit: int, cursor: str | None) -> tuple[bytes, str | None]:
        """Return a page of a run's kept assignments, an Arrow IPC stream of `author_key`, `cluster`, and the cursor."""
        query = {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
        response = await self.call("GET", f"/v1/brands/{brand}/assignments/{run_id}", params=query)
        return response.content, response.headers.get("x-next-cursor")

    async def forget_assignments(self, brand: str, run_id: str) -> None:
        """Have the assignments of a run removed; nothing where there are none, or no such brand."""
        try:
            await self.call("DELETE", f"/v1/brands/{brand}/assignments/{run_id}")
        except PeerRefusedError as error:
            if error.status != _ABSENT:
                raise


def _delivery(posts: Sequence[AnalyzedPost]) -> bytes:
    """Return the body that profiles folds: milliseconds of CPU for a large batch."""
    bodies = [post.model_dump(mode="json", exclude_none=True) for post in posts]
    return json.dumps({"schema_version": SCHEMA_VERSION, "posts": bodies}).encode()


def _windows(summary: Any) -> CountedWindows:
    window, before = summary["window"], summary["before"]
    begins, middle, ends = (datetime.fromisoformat(one) for one in (before["from"], window["from"], window["to"]))
    return CountedWindows(begins, middle, ends, int(before["posts"]), int(window["posts"]))


def _assigned(page: Any, basis: str) -> tuple[dict[str, int], str | None]:
    shown = [(profile["author_key"], profile.get("clusters", {})) for profile in page["items"]]
    return {author_key: clusters[basis] for author_key, clusters in shown if basis in clusters}, page["next_cursor"]


def _page(page: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    return [dict(item) for item in page["items"]], page["next_cursor"]
