"""Profiles whose stored body is damaged."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx

from tests.unit.profiles.posts import key, post
from tests.unit.profiles.service import delivery, profiles_app


async def test_a_damaged_profile_takes_no_list_down(tmp_path: Path) -> None:
    """Lists and features go on without it, in full pages; asked for itself it is named, without the author's key."""
    app = profiles_app(tmp_path)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://profiles") as http,
    ):
        body = delivery([post(number, number) for number in range(6)])
        await http.post("/v1/brands/acme/posts", json=body)
        with closing(sqlite3.connect(tmp_path / "profiles.db")) as connection:
            connection.execute("UPDATE profile SET body = '{' || body WHERE author_key = ?", (key(2),))
            connection.commit()
        listed: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {"sort": "author_key", "limit": "2", **({"cursor": cursor} if cursor else {})}
            page = (await http.get("/v1/brands/acme/profiles", params=asked)).json()
            listed += [profile["author_key"] for profile in page["items"]]
            cursor = page["next_cursor"]
        assert listed == [key(number) for number in (0, 1, 3, 4, 5)]
        assert (await http.get("/v1/brands/acme/features")).status_code == 200
        damaged = await http.get(f"/v1/brands/acme/profiles/{key(2)}")
        assert damaged.status_code == 503
        assert hashlib.sha256(key(2).encode()).hexdigest()[:12] in damaged.json()["detail"]
        assert key(2) not in damaged.text
        assert (await http.get(f"/v1/brands/acme/profiles/{key(3)}")).status_code == 200
