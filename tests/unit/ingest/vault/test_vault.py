"""The vault: plain outside, sealed inside, with an expiry; and its keys."""

import asyncio
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.ingest.vault.cipher import Cipher, UnopenableError
from services.ingest.vault.settings import VaultSettings
from services.ingest.vault.store import VAULT, VaultStore
from services.ingest.vault.vault import SWEEP_SECONDS, Vault, keep_swept
from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.errors import SettingsError
from shared.store_url import SqliteUrl
from tests.unit.ingest.virtual_clock import VirtualClock

KEY = "0123456789abcdef-a-key-of-tests-0123456789"
OTHER = "fedcba9876543210-a-key-of-tests-0123456789"
DAY = timedelta(days=1)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Documents]:
    """Yield an empty database."""
    async with open_documents(SqliteUrl(tmp_path / "ingest.db"), (VAULT,)) as opened:
        yield opened


@pytest.fixture
def vault(database: Documents, clock: VirtualClock) -> Vault:
    """Return an empty vault."""
    return Vault(Cipher(KEY.encode()), VaultStore(database), clock)


async def test_nothing_plain_reaches_the_file(vault: Vault, tmp_path: Path) -> None:
    """What is kept can be read back, and no byte of it stands in any file of the store."""
    await vault.keep("draft", {"row": "raw-id-1234567890"}, DAY)
    assert await vault.read("draft", "row") == "raw-id-1234567890"
    written = await asyncio.to_thread(lambda: b"".join(file.read_bytes() for file in tmp_path.iterdir()))
    assert b"document_vault_by_expires_ms" in written
    assert b"raw-id-1234567890" not in written


async def test_a_text_expires(vault: Vault, clock: VirtualClock) -> None:
    """After its time a text is gone for reading and paging, and a sweep says how many it removed."""
    await vault.keep("draft", {f"row-{number}": "id" for number in range(1500)}, DAY)
    await vault.keep("draft", {"long": "id"}, 2 * DAY)
    await clock.advance(DAY.total_seconds())
    assert await vault.read("draft", "row-0") is None
    assert await vault.page("draft") == [("long", "id")]
    assert await vault.sweep() == 1500


async def test_what_is_forgotten_is_gone(vault: Vault) -> None:
    """Rows and authors are forgotten for good; others stay."""
    await vault.keep("draft", {"a": "1", "b": "2", "c": "3"}, DAY, {"a": "me"})
    assert await vault.forget_author("me") == 1
    assert await vault.forget("draft", ["b", "none"]) == 1
    assert await vault.page("draft") == [("c", "3")]


async def test_rows_of_another_key_are_left_out(vault: Vault, database: Documents, clock: VirtualClock) -> None:
    """Reading many passes over those that today's keys do not open, instead of failing for all."""
    other = Vault(Cipher(OTHER.encode()), VaultStore(database), clock)
    await vault.keep("draft", {"old": "1"}, DAY)
    await other.keep("draft", {"new": "2"}, DAY)
    assert await other.read_all("draft", ["old", "new", "none"]) == {"new": "2"}


def test_local_mode_makes_a_key_that_stays(tmp_path: Path) -> None:
    """On loopback a missing key is made once, in a file that its owner alone can read."""
    settings = VaultSettings(_env_file=None, data_dir=tmp_path)
    sealed = settings.vault_cipher().seal("draft", "row", "id")
    assert settings.vault_cipher().open_("draft", "row", sealed) == "id"
    assert stat.S_IMODE((tmp_path / "vault.key").stat().st_mode) == 0o600


def test_off_loopback_a_key_is_required(tmp_path: Path) -> None:
    """Without a key, with a short one or a default one, the service does not start, and says which setting it is."""
    with pytest.raises(SettingsError, match="VOXPOP_VAULT_KEY"):
        VaultSettings(_env_file=None, data_dir=tmp_path, host="0.0.0.0").vault_cipher()  # noqa: S104 - the case in point
    for weak in ("tiny", "changeme" * 5):
        with pytest.raises(SettingsError, match="VOXPOP_VAULT_KEY is too short or a default") as caught:
            VaultSettings(_env_file=None, data_dir=tmp_path, vault_key=SecretStr(weak)).vault_cipher()
        assert weak not in str(caught.value)
    before = VaultSettings(_env_file=None, vault_key=SecretStr(KEY), vault_key_before=SecretStr("short"))
    with pytest.raises(SettingsError, match="VOXPOP_VAULT_KEY_BEFORE"):
        before.vault_cipher()


def test_the_key_before_is_read(tmp_path: Path) -> None:
    """Both settings together open what the older key sealed."""
    old = VaultSettings(_env_file=None, data_dir=tmp_path, vault_key=SecretStr(KEY))
    new = VaultSettings(_env_file=None, vault_key=SecretStr(OTHER), vault_key_before=SecretStr(KEY))
    assert new.vault_cipher().open_("draft", "row", old.vault_cipher().seal("draft", "row", "id")) == "id"


async def test_sweeping_goes_on(vault: Vault, clock: VirtualClock) -> None:
    """Every ten minutes what has expired leaves the file."""
    await vault.keep("draft", {"row": "id"}, timedelta(seconds=1))
    async with asyncio.TaskGroup() as tasks:
        sweeping = tasks.create_task(keep_swept(vault, clock))
        await clock.until(lambda: clock.sleepers == 1)
        await clock.advance(SWEEP_SECONDS)
        await clock.until(lambda: clock.sleepers == 1)
        sweeping.cancel()
    assert await vault.sweep() == 0


async def test_a_row_that_no_key_opens_hides_no_other(database: Documents, vault: Vault, clock: VirtualClock) -> None:
    """In a page it stands without a text; among texts that are read at once it is left out; alone it is an error."""
    await vault.keep("draft", {"a": "first", "c": "third"}, DAY)
    await Vault(Cipher(OTHER.encode()), VaultStore(database), clock).keep("draft", {"b": "second"}, DAY)
    assert await vault.page("draft") == [("a", "first"), ("b", None), ("c", "third")]
    assert await vault.page("draft", "a", 1) == [("b", None)]
    assert await vault.read_all("draft", ["a", "b", "c"]) == {"a": "first", "c": "third"}
    with pytest.raises(UnopenableError):
        await vault.read("draft", "b")


async def test_a_text_that_a_wrong_clock_kept_expires_in_its_time(vault: Vault, clock: VirtualClock) -> None:
    """What was kept a year ahead is kept for 30 days at the most once the clock is right, and not lost before."""
    await vault.keep("draft", {"right": "id"}, DAY)
    clock.set_ahead(365 * DAY)
    await vault.keep("draft", {"ahead": "id"}, DAY)
    clock.set_ahead(-365 * DAY)
    assert await vault.sweep() == 0
    assert [row for row, _ in await vault.page("draft")] == ["ahead", "right"]
    await clock.advance((30 * DAY).total_seconds())
    assert await vault.sweep() == 2
