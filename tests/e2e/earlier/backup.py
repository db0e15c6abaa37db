"""A backup brought back over HTTP, and what is asked of the brand that it was of."""

from pathlib import Path
from typing import Any, Final

import httpx

from services.profiles.transfer.folder import files_of
from tests.e2e.earlier.questions import Asker

QUESTIONS: Final = (
    "summary?window=60d",
    "timeline?bucket=hour",
    "languages",
    "categories",
    "entities?window=60d",
    "profiles?sort=author_key",
    "profiles?language=es",
)


async def restore(http: httpx.AsyncClient, brand: str, folder: Path) -> list[Any]:
    """Import every file of a backup in its order and return the answers."""
    headers = {"content-type": "application/vnd.apache.parquet"}
    answers = []
    for path in files_of(folder):
        url = f"/profiles/v1/brands/{brand}/import"
        answer = await http.post(url, content=path.read_bytes(), headers=headers)
        assert answer.is_success, answer.text
        answers.append(answer.json())
    return answers


async def ask_restored(http: httpx.AsyncClient, brand: str) -> dict[str, Any]:
    """Return what the profiles service answers of a brand that was restored."""
    asker = Asker(http)
    base = f"profiles/v1/brands/{brand}"
    for question in QUESTIONS:
        await asker.get(f"{base}/{question}")
    for of in ("profiles", "posts", "buckets"):
        await asker.get_text(f"{base}/export?of={of}&format=jsonl")
    await asker.get_rows(f"{base}/features")
    return asker.answers
