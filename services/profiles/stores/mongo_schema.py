"""Which kind of store a MongoDB database holds: this one, none yet, or one that this version does not open."""

from typing import Final

from shared.errors import SettingsError
from shared.mongo import MongoDatabase

VERSION: Final = 4
"""Versions 1 and 2 counted without transactions; version 3 kept no records of features and no numbers of changes."""
_OLDEST: Final = 3
_SCHEMA: Final = "schema"


async def check_schema(database: MongoDatabase) -> bool:
    """Tell whether the database holds a store of an earlier kind that can be brought up; raises SettingsError."""
    found = await database["meta"].find_one({"_id": _SCHEMA})
    version = int(found["version"]) if found else await _guessed(database)
    if version < _OLDEST:
        raise SettingsError(
            f"the profiles in the MongoDB database {database.name!r} were written by an earlier version of voxpop, "
            "which counted without transactions: export each brand with that version (`voxpop export BRAND -o "
            "folder/`), name an empty database, and import the folders with this one (`voxpop import BRAND folder/`)"
        )
    if version > VERSION:
        raise SettingsError(
            f"the profiles in the MongoDB database {database.name!r} were written by a later version of voxpop "
            f"(schema {version}, known are up to {VERSION}): install that version, or name another database"
        )
    return version < VERSION


async def keep_schema(database: MongoDatabase) -> None:
    """Note that the database holds a store of this kind."""
    await database["meta"].update_one({"_id": _SCHEMA}, {"$set": {"version": VERSION}}, upsert=True)


async def _guessed(database: MongoDatabase) -> int:
    """Return the version of a database that does not say it: the first, unless there is nothing in it."""
    for collection in ("posts", "profiles"):
        if await database[collection].find_one({}, {"_id": 1}) is not None:
            return 1
    return VERSION
