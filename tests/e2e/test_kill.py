"""An import whose server is killed, and run again."""

import io
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from services.cli.client import NoServerError
from services.cli.upload import Tally, upload
from services.ingest.sample import BRAND, sample_path
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import Row
from services.profiles.profile import BrandSummary
from services.profiles.rollup import BucketKey, Rollup
from services.profiles.stores.database import open_store
from shared.store_url import SqliteUrl
from tests.e2e.conftest import Server, every_profile

POSTS = 1100
"""Three batches, two of which are in flight at once."""
SCORE_SHIFT = 1e-6
"""A text's answer ignores its batch but for the last digits of fp32 sums; scores are rounded to six digits."""


async def import_into(server: Server, rows: list[Row], progress: Callable[[Tally], None] = lambda _: None) -> Tally:
    """Import the rows through the server's port."""
    async with httpx.AsyncClient(base_url=f"{server.url}/ingest", timeout=60) as http:
        return await upload(rows, BRAND, http, progress)


async def profiles_of(server: Server) -> dict[str, dict[str, Any]]:
    """Return the server's profiles."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        return await every_profile(http, BRAND)


async def totals_of(folder: Path) -> tuple[BrandSummary | None, dict[BucketKey, Rollup]]:
    """Return what the database of a server has of the brand altogether, and in each hour and day."""
    async with open_store(SqliteUrl(folder / "profiles.db")) as store:
        buckets = {bucket.key: bucket.rollup for bucket in await store.kept_buckets(BRAND)}
        return await store.summary(BRAND), buckets


def assert_alike(found: Any, expected: Any) -> None:
    """Assert that two records are the same, but for scores by a millionth a post."""
    assert found is not None
    for name in expected.__slots__:
        if name == "score_sum":
            assert abs(found.score_sum - expected.score_sum) <= expected.posts
        elif name == "categories":
            assert found.categories.keys() == expected.categories.keys()
            for category, scored in expected.categories.items():
                assert_alike(found.categories[category], scored)
        else:
            assert getattr(found, name) == getattr(expected, name), name


async def test_a_killed_import_that_is_run_again_equals_a_clean_one(
    start: Callable[[str], Server], tmp_path: Path
) -> None:
    """SIGKILL after the first acknowledged batch: the second try ends as one clean import, in whatever is counted."""
    with open_file(str(sample_path()), {}, None, io.BytesIO()) as source:
        rows = list(islice(source.rows, POSTS))
    clean = start("clean")
    await import_into(clean, rows)

    victim = start("killed")
    with stamina.set_testing(testing=True, attempts=2), pytest.raises(NoServerError):
        await import_into(victim, rows, lambda _: victim.kill())
    second = start("killed")
    tally = await import_into(second, rows)
    assert tally.accepted + tally.duplicates == len(rows)
    assert tally.duplicates >= 1

    expected, found = await profiles_of(clean), await profiles_of(second)
    assert found.keys() == expected.keys()
    for key, profile in expected.items():
        for field, value in profile.items():
            if isinstance(value, float):
                assert found[key][field] == pytest.approx(value, abs=SCORE_SHIFT), field
            else:
                assert found[key][field] == value, field

    summary, buckets = await totals_of(tmp_path / "clean")
    found_summary, found_buckets = await totals_of(tmp_path / "killed")
    assert_alike(found_summary, summary)
    assert found_buckets.keys() == buckets.keys()
    for where, rollup in buckets.items():
        assert_alike(found_buckets[where], rollup)
