"""Opening MongoDB: what the driver cannot use is refused before anything is asked of a server."""

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from shared.errors import PeerUnavailableError, SettingsError, VoxpopError
from shared.mongo import answering, open_mongo
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
