"""Brands in SQLite."""

import sqlite3
from datetime import datetime

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.stores.base import missing
from shared.errors import NotFoundError
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS brand (
    brand TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    settings TEXT NOT NULL
) STRICT
"""


class SqliteBrandStore:
    """`BrandStore` on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def put(self, brand: str, settings: BrandSettings, now: datetime) -> StoredBrand:
        """See `BrandStore.put`."""

        def work(connection: sqlite3.Connection) -> StoredBrand:
            row = connection.execute(
                "INSERT INTO brand (brand, version, updated_at, settings) VALUES (?, 1, ?, ?) ON CONFLICT (brand) "
                "DO UPDATE SET version = version + 1, updated_at = excluded.updated_at, settings = excluded.settings "
                "RETURNING *",
                (brand, now.isoformat(), settings.model_dump_json()),
            ).fetchone()
            return _brand(row)

        return await self._database.write(work)

    async def find(self, brand: str) -> StoredBrand:
        """See `BrandStore.find`."""

        def work(connection: sqlite3.Connection) -> StoredBrand:
            row = connection.execute("SELECT * FROM brand WHERE brand = ?", (brand,)).fetchone()
            if row is None:
                raise NotFoundError(missing(brand))
            return _brand(row)

        return await self._database.read(work)

    async def versions(self, brands: list[str]) -> dict[str, int]:
        """See `BrandStore.versions`."""

        def work(connection: sqlite3.Connection) -> dict[str, int]:
            statement = "SELECT version FROM brand WHERE brand = ?"
            rows = {brand: connection.execute(statement, (brand,)).fetchone() for brand in brands}
            return {brand: row["version"] for brand, row in rows.items() if row is not None}

        return await self._database.read(work)

    async def page(self, *, after: str, limit: int) -> list[StoredBrand]:
        """See `BrandStore.page`."""

        def work(connection: sqlite3.Connection) -> list[StoredBrand]:
            statement = "SELECT * FROM brand WHERE brand > ? ORDER BY brand LIMIT ?"
            return [_brand(row) for row in connection.execute(statement, (after, limit))]

        return await self._database.read(work)


def _brand(row: sqlite3.Row) -> StoredBrand:
    return StoredBrand(
        brand=row["brand"],
        version=row["version"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
        settings=BrandSettings.model_validate_json(row["settings"]),
    )
