"""What opens the Graph API: an address, a token, and for apps that ask for it a proof of the app's secret."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from services.ingest.sources.base import CredentialError

GRAPH_URL = "https://graph.facebook.com/v23.0"
"""The version is part of the address, as Meta has it; each lives two years at least."""


def read_secret(variable: str, secret: SecretStr | None, file: Path | None) -> SecretStr | None:
    """Return the value of `variable`, or the content of the file that `<variable>_FILE` names, None where neither is.

    Raises CredentialError where the file cannot be read, or the value is blank or no single line of ASCII.
    """
    if secret is None and file is None:
        return None
    if secret is not None:
        value = secret.get_secret_value().strip()
    else:
        try:
            value = file.read_text().strip() if file else ""
        except (OSError, UnicodeDecodeError):
            raise CredentialError(f"the file that {variable}_FILE names cannot be read; give one that can") from None
    if not value or not value.isascii() or not value.isprintable():
        raise CredentialError(f"{variable} is blank or holds characters that no token has; copy it again")
    return SecretStr(value)


@dataclass(frozen=True)
class GraphAccess:
    """Where the API answers and what shows that we may ask; `variable` names the token's setting in sentences."""

    url: str
    token: SecretStr
    variable: str
    app_secret: SecretStr | None = None

    def headers(self) -> dict[str, str]:
        """Return the header that carries the token: in the address it would stand in logs of proxies."""
        return {"authorization": f"Bearer {self.token.get_secret_value()}"}

    def proof(self) -> dict[str, str]:
        """Return the parameter `appsecret_proof` where a secret is set: HMAC-SHA256 of the token with it."""
        if self.app_secret is None:
            return {}
        key, message = self.app_secret.get_secret_value().encode(), self.token.get_secret_value().encode()
        return {"appsecret_proof": hmac.digest(key, message, hashlib.sha256).hex()}
