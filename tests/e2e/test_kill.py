"""An import whose server is killed, and run again."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stamina

from services.ingest.sample import BRAND, sample_path
from services.ingest.sources.file import Row, open_file
from services.ingest.upload import Tally, UnreachableError, upload
from tests.e2e.conftest import Server, every_profile

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


async def test_a_killed_import_that_is_run_again_equals_a_clean_one(start: Callable[[str], Server]) -> None:
    """SIGKILL after the first acknowledged batch: the second try ends with the profiles of one clean import."""
    with open_file(str(sample_path()), {}, None, io.BytesIO()) as source:
        rows = list(source.rows)
    clean = start("clean")
    await import_into(clean, rows)

    victim = start("killed")
    with stamina.set_testing(testing=True, attempts=2), pytest.raises(UnreachableError):
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
