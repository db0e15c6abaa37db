"""Opening MongoDB: what the driver cannot use is refused before anything is asked of a server."""

from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from shared.errors import PeerUnavailableError, SettingsError, VoxpopError
from shared.mongo import answering, check_replica_set, open_mongo
from shared.store_url import MongoUrl


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://name:s3cr3t@host:port/voxpop",
        "mongodb://name:s3cr3t@host:70000/voxpop",
        "mongodb://na:me:s3cr3t@host/voxpop",
    ],
)
async def test_a_url_that_the_driver_cannot_read_is_a_wrong_setting(url: str) -> None:
    """The sentence shows the form that is wanted, and nothing of the password."""
    with pytest.raises(SettingsError, match="MongoDB URL cannot be used") as caught:
        async with open_mongo(MongoUrl(url, "voxpop")):
            pass
    assert "s3cr3t" not in caught.value.detail


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (AutoReconnect("gone"), PeerUnavailableError),
        (OperationFailure("no", 18), SettingsError),
        (OperationFailure("no", 13), SettingsError),
    ],
)
async def test_what_keeps_the_store_from_answering_is_told_by_its_kind(
    raised: PyMongoError, told: type[VoxpopError]
) -> None:
    """A server that is away may be asked again; one that refuses the user needs other settings."""

    @answering
    async def operation() -> None:
        raise raised

    with pytest.raises(told):
        await operation()


async def test_any_other_failure_of_the_store_stays_what_it_is() -> None:
    """A mistake of ours is not passed off as an absent server."""

    @answering
    async def operation() -> None:
        raise OperationFailure("unknown operator", 2)

    with pytest.raises(OperationFailure):
        await operation()


@pytest.mark.parametrize(
    "option",
    ["readPreference=secondaryPreferred", "readpreference=nearest", "w=1", "journal=false", "readConcernLevel=local"],
)
async def test_a_url_that_gives_up_what_stores_rely_on_is_refused(option: str) -> None:
    """The sentence names the option and the remedy, and nothing of the password."""
    with pytest.raises(SettingsError, match=f"says {option}.*write .*or leave it out") as caught:
        async with open_mongo(MongoUrl(f"mongodb://name:s3cr3t@host/voxpop?{option}", "voxpop")):
            pass
    assert "s3cr3t" not in caught.value.detail


async def test_a_url_that_says_no_less_is_taken() -> None:
    """Also one that says the same."""
    options = "readPreference=primary&w=majority&replicaSet=rs0&retryWrites=true"
    async with open_mongo(MongoUrl(f"mongodb://127.0.0.1:1/voxpop?{options}", "voxpop")) as database:
        assert database.name == "voxpop"


@pytest.mark.parametrize(
    ("hello", "is_taken"),
    [({"setName": "rs0"}, True), ({"msg": "isdbgrid"}, True), ({"isWritablePrimary": True}, False)],
)
async def test_a_server_that_stands_alone_is_refused_with_the_remedy(hello: dict[str, Any], *, is_taken: bool) -> None:
    """A replica set of one node is enough, and the sentence has the commands that make one."""

    async def command(name: str) -> dict[str, Any]:
        assert name == "hello"
        return hello

    database = SimpleNamespace(command=command)
    if is_taken:
        await check_replica_set(database)
    else:
        with pytest.raises(SettingsError, match=r"mongod --replSet.*rs\.initiate"):
            await check_replica_set(database)
