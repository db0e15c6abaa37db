"""The settings of the vault."""

from pydantic import Field, SecretStr

from services.ingest.keyfile import required_key
from services.ingest.vault.cipher import Cipher
from shared.settings import ServiceSettings, require_key


class VaultSettings(ServiceSettings):
    """The common settings and the keys of the vault."""

    vault_key: SecretStr | None = Field(
        None,
        alias="VOXPOP_VAULT_KEY",
        description="encrypts the raw ids and cursors that ingest must keep, at least 32 bytes",
    )
    vault_key_before: SecretStr | None = Field(
        None,
        alias="VOXPOP_VAULT_KEY_BEFORE",
        description="the key before this one: opens what it sealed, seals nothing more",
    )

    def vault_cipher(self) -> Cipher:
        """Return the cipher of the vault's keys.

        On loopback a missing key is made once as `vault.key` in the data folder, mode 0600. Raises
        SettingsError where it is missing off loopback, short or a default.
        """
        key = required_key("VOXPOP_VAULT_KEY", self.vault_key, self.host, self.data_dir / "vault.key")
        if self.vault_key_before is None:
            return Cipher(key.encode())
        before = require_key("VOXPOP_VAULT_KEY_BEFORE", self.vault_key_before.get_secret_value())
        return Cipher(key.encode(), before.encode())
