"""What the Mastodon sources promise beyond the contract of a source."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError, Source, SourceRefusedError
from services.ingest.sources.mastodon.source import MastodonHashtags, MastodonStream
from services.ingest.sources.settings import MastodonSettings
from tests.contract.source_network import listening
from tests.servers.mastodon import TOKEN, Mastodon
from tests.servers.served import ServedNetwork, served
from tests.unit.ingest.sources.queries import query


class MastodonNetwork(ServedNetwork):
    """A server, and a brand with two hashtags."""

    server: Mastodon
    kind: type[MastodonStream] | type[MastodonHashtags] = MastodonStream
    token: str = TOKEN

    def source(self) -> Source:
        """See `Network.source`."""
        settings = MastodonSettings(mastodon_url=self.server.url, mastodon_access_token=SecretStr(self.token))
        ours = query("mastodon", hashtags=["aerolume", "bags"], handles={"mastodon": ["aerolume@awoo.space"]})
        return self.kind(settings, ours, self.report, self.clock)


@pytest.fixture
async def network() -> AsyncIterator[MastodonNetwork]:
    """Yield a Mastodon server."""
    async with served(MastodonNetwork(), Mastodon) as network:
        yield network


def tagged(*names: str) -> list[dict[str, str]]:
    """Return hashtags as a status has them."""
    return [{"name": name} for name in names]


async def test_only_what_names_the_brand_comes(network: MastodonNetwork) -> None:
    """The public stream brings everything; hashtags and mentions of the brand are kept."""
    async with listening(network) as listener:
        network.server.post("something else", tags=[])
        network.server.post("see #aerolume", tags=tagged("aerolume"))
        network.server.post("@aerolume where is it", tags=[], mentions=[{"acct": "aerolume@awoo.space"}])
        await listener.until(lambda: len(listener.posts) == 2)
    assert {post.text for post in listener.posts} == {"see #aerolume", "@aerolume where is it"}


async def test_an_edit_is_a_removal(network: MastodonNetwork) -> None:
    """A status.update says that what was read is not there any more."""
    async with listening(network) as listener:
        status = network.server.status("<p>another text</p>")
        network.server.send("status.update", json.dumps(status))
        await listener.until(lambda: bool(listener.removals))
    host = network.server.url.removeprefix("http://")
    assert (listener.removals[0].reason, listener.removals[0].post_id) == ("edited", f"{status['id']}@{host}")


async def test_a_wrong_token_is_named(network: MastodonNetwork) -> None:
    """The stream ends with a sentence that names the variable."""
    network.token = "another-token"
    with pytest.raises(CredentialError, match="MASTODON_ACCESS_TOKEN") as raised:
        async with listening(network) as listener:
            await listener.until(lambda: False)
    assert "another-token" not in str(raised.value)


async def test_posts_that_reached_the_server_late_are_found_after_a_drop(network: MastodonNetwork) -> None:
    """An id some minutes older than the newest read is still read when a gap is filled."""
    async with listening(network) as listener:
        late = network.server.status("<p>late</p>", tags=tagged("bags"))
        await network.clock.advance(60)
        network.server.post("newer", tags=tagged("bags"))
        await listener.until(lambda: bool(listener.posts))
        await network.drop()
        network.server.statuses.insert(0, late)
        await listener.until(lambda: any(post.text == "late" for post in listener.posts))


@pytest.mark.parametrize("cursor", ["", "{", "[]", "7", '{"public": 7}', '{"public": ""}', "[" * 60_000])
async def test_a_cursor_of_somebody_else_is_none(network: MastodonNetwork, cursor: str) -> None:
    """What is no place begins with now."""
    network.server.post("old", tags=tagged("bags"))
    async with listening(network, cursor) as listener:
        network.server.post("new", tags=tagged("bags"))
        await listener.until(lambda: bool(listener.posts))
    assert [post.text for post in listener.posts] == ["new"]


async def test_each_hashtag_is_asked_and_kept_apart(network: MastodonNetwork) -> None:
    """Every timeline has its own place in the cursor, and one that is new begins with now."""
    network.kind = MastodonHashtags
    async with listening(network) as listener:
        network.server.post("one", tags=tagged("aerolume"))
        network.server.post("two", tags=tagged("bags"))
        await listener.until(lambda: len(listener.posts) == 2)
        await listener.until(lambda: set(json.loads(listener.cursor or "{}")) == {"#aerolume", "#bags"})
    assert {request.partition("?")[0] for request in network.server.requests} == {
        "/api/v1/timelines/tag/aerolume",
        "/api/v1/timelines/tag/bags",
    }


async def test_no_hashtag_is_refused() -> None:
    """A brand without any hashtag has nothing to ask for, and is told so."""
    network = MastodonNetwork()
    source = MastodonHashtags(MastodonSettings(), query("mastodon"), network.report, network.clock)
    with pytest.raises(SourceRefusedError, match="hashtag"):
        await anext(source.batches(None))


def test_a_token_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's content counts without its line end; one that is not there is named by its variable alone."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN_FILE", str(tmp_path / "token"))
    assert MastodonSettings().mastodon_token() == TOKEN
    assert TOKEN not in repr(MastodonSettings())
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN_FILE", str(tmp_path / "nobody"))
    with pytest.raises(CredentialError, match="MASTODON_ACCESS_TOKEN_FILE") as raised:
        MastodonSettings().mastodon_token()
    assert "nobody" not in str(raised.value)
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", "  ")
    assert MastodonSettings().mastodon_token() is None


@pytest.mark.parametrize("url", ["mastodon.social", "ftp://x", "https://user@x", "https://x/path", "https://x?y"])
def test_a_server_is_an_address_without_a_path(url: str) -> None:
    """Anything else is refused when the settings are read."""
    with pytest.raises(ValueError, match="MASTODON_URL"):
        MastodonSettings(MASTODON_URL=url)


async def test_a_megabyte_is_too_long(network: MastodonNetwork) -> None:
    """A status that no person wrote is counted, not parsed, and the next one comes."""
    async with listening(network) as listener:
        network.server.send("update", json.dumps(network.server.status("x" * 2**20, tags=tagged("bags"))))
        network.server.post("after", tags=tagged("bags"))
        await listener.until(lambda: bool(listener.posts))
    assert network.report.unread == {"too long": 1}
    assert [post.text for post in listener.posts] == ["after"]
