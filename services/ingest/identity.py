"""Pseudonyms: keyed HMACs in place of platform ids. CONTRACT: an owner of the key can recompute them, no one else."""

import hashlib
import hmac

KEY_DIGITS = 32


class Pseudonymizer:
    """Makes author and post keys with one secret; the two domains never give the same key."""

    def __init__(self, secret: bytes, version: int = 1) -> None:
        """Hold the secret; `version` names it in what is stored."""
        self._secret = secret
        self.version = version

    def author_key(self, platform: str, author_id: str) -> str:
        """Return the first 32 hex digits of HMAC-SHA256(secret, "platform:author_id")."""
        return self._digest(f"{platform}:{author_id}")

    def post_key(self, platform: str, post_id: str) -> str:
        """Return the first 32 hex digits of HMAC-SHA256(secret, "post:platform:post_id")."""
        return self._digest(f"post:{platform}:{post_id}")

    def own_key(self, domain: str, platform: str, raw_id: str) -> str:
        """Return a key for ingest alone: the first 32 hex digits of HMAC-SHA256(secret, "own:domain:platform:id").

        It links with no author or post key without the secret, so what goes by it cannot be laid beside a profile.
        """
        return self._digest(f"own:{domain}:{platform}:{raw_id}")

    def _digest(self, message: str) -> str:
        return hmac.digest(self._secret, message.encode(), hashlib.sha256).hex()[:KEY_DIGITS]
