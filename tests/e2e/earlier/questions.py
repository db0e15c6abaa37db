"""What is asked of the running services: everything that they show of what they keep."""

import json
from typing import Any, Final

import httpx
import pyarrow as pa
from typing_extensions import override

from services.clusters.runs.run import RunStatus

BRANDS: Final = ("aerolume", "nimbo")
STATES: Final = ("draft", "approved", "sending", "sent", "refused", "unknown", "rejected", "expired", "dry_run")
OF_BRAND: Final = (
    "summary?window=7d",
    "summary?window=60d&voice=external",
    "timeline?bucket=hour&limit=1000",
    "timeline?bucket=day&limit=5",
    "timeline?bucket=week",
    "languages",
    "languages?window=7d",
    "categories",
    "categories?window=60d",
    "voices?window=60d",
    "entities?window=60d",
    "trending?window=7d",
    "share-of-voice?with={other}&window=60d",
    "profiles?limit=7",
    "profiles?sort=last_seen&limit=9",
    "profiles?sort=mean_score&order=asc&limit=9",
    "profiles?sort=author_key",
    "profiles?language=es&min_posts=2",
    "profiles?cluster=0",
    "profiles?cluster=1",
    "alert-rules?limit=1",
    "alerts?limit=2",
)


class Asker:
    """Collects answers by the question; an answer is a body, or all the items of a list's pages."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Ask by `http`."""
        self._http = http
        self.answers: dict[str, Any] = {}

    async def get(self, question: str) -> Any:
        """Ask, go through all pages, keep the answer and return it; the status where there is none."""
        url, cursor = httpx.URL(f"/{question}"), None
        items: list[Any] = []
        while True:
            found = await self._http.get(url.copy_merge_params({"cursor": cursor} if cursor else {}))
            body: dict[str, Any] = found.json() if found.is_success else {"status": found.status_code}
            items += body.get("items", [])
            cursor = body.get("next_cursor")
            if cursor is None:
                break
        answer = items if "next_cursor" in body and "examples" not in body else body
        self.answers[question] = answer
        return answer

    async def get_text(self, question: str) -> None:
        """Keep the lines of an export, each read as JSON."""
        found = await self._http.get(f"/{question}")
        assert found.is_success
        self.answers[question] = [json.loads(line) for line in found.text.splitlines()]

    async def get_rows(self, question: str) -> None:
        """Keep the rows of a page of Arrow."""
        found = await self._http.get(f"/{question}")
        assert found.is_success
        rows = pa.ipc.open_stream(found.content).read_all().to_pylist()
        self.answers[question] = json.loads(json.dumps(rows, default=str))


async def ask_all(http: httpx.AsyncClient, erasure_ids: list[str]) -> dict[str, Any]:
    """Return every answer by its question."""
    asker = Asker(http)
    for service in (_ask_profiles, _ask_ingest, _ask_clusters):
        await service(asker)
    for erasure_id in erasure_ids:
        await asker.get(f"ingest/v1/erasures/{erasure_id}")
    for question in ("categories", "categories/complaints", "categories/gone"):
        await asker.get(f"sentiment/v1/{question}")
    return asker.answers


async def _ask_profiles(asker: Asker) -> None:
    await asker.get("profiles/v1/brands?limit=1")
    await asker.get("profiles/v1/webhooks")
    for brand, other in (BRANDS, BRANDS[::-1]):
        base = f"profiles/v1/brands/{brand}"
        for question in OF_BRAND:
            await asker.get(f"{base}/{question.format(other=other)}")
        for profile in asker.answers[f"{base}/profiles?sort=author_key"][:3]:
            await asker.get(f"{base}/profiles/{profile['author_key']}")
        for of in ("profiles", "posts", "buckets"):
            await asker.get_text(f"{base}/export?of={of}&format=jsonl")
        await asker.get_rows(f"{base}/features")


async def _ask_ingest(asker: Asker) -> None:
    await asker.get("ingest/v1/brands?limit=1")
    for brand in BRANDS:
        await asker.get(f"ingest/v1/brands/{brand}")
        await asker.get(f"ingest/v1/brands/{brand}/queries")
    for kind in ("streams", "backfills"):
        for one in await asker.get(f"ingest/v1/{kind}?limit=2"):
            await asker.get(f"ingest/v1/{kind}/{one['id']}")
        await asker.get(f"ingest/v1/{kind}?brand=nimbo")
    await asker.get("ingest/v1/replies?limit=3")
    for state in STATES:
        await asker.get(f"ingest/v1/replies?state={state}")
    for question in ("reply-rules?limit=1", "tickets?limit=2", "tickets?brand=nimbo"):
        await asker.get(f"ingest/v1/{question}")


async def _ask_clusters(asker: Asker) -> None:
    for brand in BRANDS:
        for run in await asker.get(f"clusters/v1/brands/{brand}/runs?limit=2"):
            _forget_when_interrupted(run)
            _forget_when_interrupted(await asker.get(f"clusters/v1/runs/{run['run_id']}"))
        clusters = await asker.get(f"clusters/v1/brands/{brand}/clusters")
        for cluster in clusters.get("items", []):
            await asker.get(f"clusters/v1/brands/{brand}/clusters/{cluster['id']}")


def _forget_when_interrupted(run: dict[str, Any]) -> None:
    """Leave out when a run ended that was on when its process died: that is when the store was opened again."""
    if run["status"] == RunStatus.FAILED and "interrupted" in (run["error"] or ""):
        del run["ended_at"]


class _Missing:
    """Stands for a field that is not there."""

    @override
    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Return where two answers differ, field by field; floats may differ in the last digits, as sums do."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = [*expected, *(name for name in found if name not in expected)]
        return [
            line
            for name in names
            for line in differences(expected.get(name, MISSING), found.get(name, MISSING), f"{place}/{name}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for number, (one, other) in pairs for line in differences(one, other, f"{place}/{number}")]
    if isinstance(expected, float) and isinstance(found, int | float):
        return (
            [] if abs(expected - found) <= 1e-9 * max(1.0, abs(expected)) else [f"{place}: {expected} is now {found}"]
        )
    return [] if expected == found else [f"{place}: {expected!r} is now {found!r}"]
