"""A small profiles service, for real over ASGI: features in pages, assignments staged and published."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.unit.clusters.authors import table_of
from tests.unit.clusters.interests import with_embeddings
from tests.unit.clusters.posts.rows import stream_of

Row = Mapping[str, Any]


class Gate:
    """Holds a call until it is opened; `reached` tells that the call has come."""

    def __init__(self) -> None:
        """Closed at first."""
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def pass_through(self) -> None:
        """Wait for the opening."""
        self.reached.set()
        await self.opened.wait()


class ProfilesStandIn:
    """One brand's authors and `posts`; `refuse` maps an operation to the status it answers, `gates` hold operations.

    `expired` counts posts without a text in the window that begins at a time.
    """

    def __init__(self, brand: str, rows: Sequence[Row]) -> None:
        """Know these authors of one brand; no rows means that the brand is unknown."""
        self.brand = brand
        self.rows = sorted(rows, key=lambda row: str(row["author_key"]))
        self.posts: list[Row] = []
        self.expired: dict[datetime, int] = {}
        self.named_at_once = 1000
        self.staged: dict[str, dict[str, int]] = {}
        self.published: tuple[str, dict[str, int]] | None = None
        self.refuse: dict[str, int] = {}
        self.gates: dict[str, Gate] = {}
        self.calls: list[str] = []
        self.changed: dict[str, int] = {}
        self.erased: set[str] = set()
        self.erased_later: set[str] = set()
        self.app = FastAPI()
        base = "/v1/brands/{brand}"
        self.app.add_api_route(f"{base}/features", self._features, methods=["GET"])
        self.app.add_api_route(f"{base}/features/named", self._named_features, methods=["POST"])
        self.app.add_api_route("/v1/changes", self._changes, methods=["GET"])
        self.app.add_api_route(f"{base}/texts", self._texts, methods=["GET"])
        self.app.add_api_route(f"{base}/summary", self._summary, methods=["GET"])
        self.app.add_api_route(f"{base}/texts/named", self._named_texts, methods=["POST"])
        self.app.add_api_route(f"{base}/profiles", self._profiles, methods=["GET"])
        self.app.add_api_route(f"{base}/assignments/{{run_id}}", self._stage, methods=["PUT"])
        self.app.add_api_route(f"{base}/assignments/{{run_id}}/publish", self._publish, methods=["POST"])
        self.app.add_api_route(f"{base}/assignments/{{run_id}}", self._assignments, methods=["GET"])
        self.app.add_api_route(f"{base}/assignments/{{run_id}}", self._forget, methods=["DELETE"])
        self.app.add_api_route("/readyz", self._ready, methods=["GET"])

    @property
    def clusters(self) -> dict[str, int]:
        """The published cluster of each author."""
        return self.published[1] if self.published is not None else {}

    async def _met(self, operation: str) -> Response | None:
        self.calls.append(operation)
        if operation in self.gates:
            await self.gates[operation].pass_through()
        status = self.refuse.get(operation)
        return JSONResponse({"status": status}, status) if status is not None else None

    async def _ready(self) -> Response:
        return await self._met("ready") or JSONResponse({})

    @property
    def last_change(self) -> int:
        """The number of the last change."""
        return max(self.changed.values(), default=0)

    def change(self, *rows: Row) -> None:
        """Add or replace authors, as one change."""
        number = self.last_change + 1
        kept = {row["author_key"]: row for row in [*self.rows, *rows]}
        self.rows = sorted(kept.values(), key=lambda row: str(row["author_key"]))
        self.changed |= {row["author_key"]: number for row in rows}

    async def _changes(self, after: int) -> Response:
        if refusal := await self._met("changes"):
            return refusal
        brands = {self.brand: self.last_change} if self.last_change > after else {}
        return JSONResponse({"brands": brands, "next": self.last_change})

    async def _named_features(self, request: Request) -> Response:
        named = await request.json()
        rows = [row for row in self.rows if row["author_key"] in named["author_keys"]]
        return self._stream(rows, None, embeddings=named["embeddings"])

    async def _features(
        self, brand: str, limit: int, cursor: str = "", *, embeddings: bool = False, changed_after: int = -1
    ) -> Response:
        if refusal := await self._met("features"):
            return refusal
        if brand != self.brand or not self.rows:
            return JSONResponse({"status": 404}, 404)
        rest = [row for row in self.rows if self.changed.get(row["author_key"], 0) > changed_after]
        page, following = self._after(cursor, limit, rest)
        return self._stream(page, following, embeddings=embeddings)

    def _stream(self, page: list[Row], following: str | None, *, embeddings: bool) -> Response:
        sink = io.BytesIO()
        table = table_of(page)
        if any("is_unknown" in row for row in self.rows):
            unknown = [bool(row.get("is_unknown")) for row in page]
            table = table.append_column("is_unknown", pa.array(unknown, pa.bool_()))
        if embeddings:
            vectors, versions = ([row.get(name) for row in page] for name in ("embedding", "embedding_version"))
            table = with_embeddings(table, vectors, versions)
        table = table.replace_schema_metadata({"last_change": str(self.last_change)})
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return Response(sink.getvalue(), headers={"x-next-cursor": following} if following else {})

    async def _texts(self, request: Request, brand: str, limit: int, cursor: str = "") -> Response:
        if refusal := await self._met("texts"):
            return refusal
        if brand != self.brand:
            return JSONResponse({"status": 404}, 404)
        start, end = (request.query_params.get(bound) for bound in ("from", "to"))
        posts = [
            post
            for post in self.posts
            if post["post_key"] > cursor
            and (start is None or post["hour"] >= datetime.fromisoformat(start))
            and (end is None or post["hour"] < datetime.fromisoformat(end))
        ]
        return self._some_texts(posts, limit)

    async def _summary(self, brand: str, window: str) -> Response:
        if refusal := await self._met("summary"):
            return refusal
        if brand != self.brand or not self.posts:
            return JSONResponse({"status": 404}, 404)
        hours = int(window[:-1]) * (24 if window.endswith("d") else 1)
        ends = max(post["hour"] for post in self.posts) + timedelta(hours=1)
        begins = ends - timedelta(hours=hours)
        return JSONResponse(
            {
                "window": self._counted(begins, ends),
                "before": self._counted(begins - timedelta(hours=hours), begins),
            }
        )

    def _counted(self, begins: datetime, ends: datetime) -> dict[str, Any]:
        posts = sum(begins <= post["hour"] < ends for post in self.posts) + self.expired.get(begins, 0)
        return {"from": begins.isoformat(), "to": ends.isoformat(), "posts": posts}

    async def _named_texts(self, request: Request) -> Response:
        if refusal := await self._met("named_texts"):
            return refusal
        named = set((await request.json())["post_keys"])
        return self._some_texts([post for post in self.posts if post["post_key"] in named], self.named_at_once)

    def _some_texts(self, posts: Sequence[Row], most: int) -> Response:
        rest = sorted(posts, key=lambda post: str(post["post_key"]))
        headers = {"x-next-cursor": rest[most - 1]["post_key"]} if len(rest) > most else {}
        return Response(stream_of(rest[:most]), headers=headers)

    async def _profiles(self, limit: int, cursor: str = "") -> Response:
        if refusal := await self._met("profiles"):
            return refusal
        page, following = self._after(cursor, limit)
        items = [{"author_key": row["author_key"], "clusters": self._shown(row["author_key"])} for row in page]
        return JSONResponse({"items": items, "next_cursor": following})

    async def _stage(self, run_id: str, request: Request) -> Response:
        if refusal := await self._met("stage"):
            return refusal
        items = (await request.json())["items"]
        pairs = {item["author_key"]: item["cluster"] for item in items if item["author_key"] not in self.erased}
        self.staged.setdefault(run_id, {}).update(pairs)
        return JSONResponse({"stored": len(pairs)})

    async def _publish(self, run_id: str, request: Request) -> Response:
        if refusal := await self._met("publish"):
            return refusal
        staged = self.staged[run_id]
        for author_key in self.erased_later & staged.keys():
            self.erased.add(author_key)
            del staged[author_key]
        if len(staged) != (await request.json())["expected"]:
            return JSONResponse({"status": 409}, 409)
        self.published = (run_id, staged)
        return JSONResponse({"published": len(staged)})

    async def _assignments(self, run_id: str, limit: int, cursor: str = "") -> Response:
        if refusal := await self._met("assignments"):
            return refusal
        if run_id not in self.staged:
            return JSONResponse({"status": 404}, 404)
        rest = sorted((key, cluster) for key, cluster in self.staged[run_id].items() if key > cursor)
        page = rest[:limit]
        table = pa.table({"author_key": [key for key, _ in page], "cluster": [cluster for _, cluster in page]})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return Response(sink.getvalue(), headers={"x-next-cursor": page[-1][0]} if len(rest) > limit else {})

    async def _forget(self, run_id: str) -> Response:
        if refusal := await self._met("forget"):
            return refusal
        self.staged.pop(run_id, None)
        return Response(status_code=204)

    def _after(self, cursor: str, limit: int, rows: Sequence[Row] | None = None) -> tuple[list[Row], str | None]:
        rest = [row for row in (self.rows if rows is None else rows) if row["author_key"] > cursor]
        page = rest[:limit]
        return page, page[-1]["author_key"] if len(rest) > limit else None

    def _shown(self, author_key: str) -> dict[str, int]:
        return {"behaviour": self.clusters[author_key]} if author_key in self.clusters else {}
