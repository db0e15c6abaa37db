"""What the sandbox proves by a certificate of its own, and what it takes as proof of who is calling."""

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import re
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.private_files import make_folder

HOSTS: Final = ("api.twitter.com", "api.x.com", "localhost")
VALID: Final = dt.timedelta(days=30)


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Write `ca.pem` (public) and `server.key` (mode 0600) into `folder`.

    Returns the file to trust and the server's context. The certificate signs itself and names X's API hosts,
    so it is worth nothing to a client that does not choose to trust it.
    """
    make_folder(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voxpop x-sandbox")])
    now = dt.datetime.now(dt.UTC)
    names = [*map(x509.DNSName, HOSTS), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / "ca.pem", folder / "server.key"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.touch(mode=0o600)
    secret.chmod(0o600)
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return trusted, context


FRESH_SECONDS: Final = 300
"""How far a signature's time may lie from the server's, in seconds."""
_PAIR: Final = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')


@dataclass(frozen=True, repr=False)
class SandboxCredentials:
    """The one application and the one account that the sandbox knows; made up anew unless given."""

    bearer_token: str = field(default_factory=lambda: "sandbox-bearer-" + secrets.token_hex(16))
    api_key: str = field(default_factory=lambda: "sandbox-key-" + secrets.token_hex(8))
    api_secret: str = field(default_factory=lambda: "sandbox-secret-" + secrets.token_hex(16))
    access_token: str = field(default_factory=lambda: "1000000001-" + secrets.token_hex(12))
    access_token_secret: str = field(default_factory=lambda: "sandbox-token-secret-" + secrets.token_hex(16))

    @property
    def user_id(self) -> str:
        """The account's id: X puts it in front of an access token."""
        return self.access_token.partition("-")[0]

    def bears(self, request: web.Request) -> bool:
        """Tell whether a request carries the bearer token."""
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {self.bearer_token}".encode()
        )

    def signs(self, request: web.Request, now: float) -> bool:
        """Tell whether a request is signed by the application and the account (RFC 5849, HMAC-SHA1).

        `now` is in seconds since 1970. A JSON body is no part of the signature.
        """
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        pairs = [found.groups() for part in rest.split(",") if (found := _PAIR.fullmatch(part))]
        proof = {unquote(name): unquote(value) for name, value in pairs}
        if scheme != "OAuth" or proof.get("oauth_signature_method") != "HMAC-SHA1":
            return False
        if proof.get("oauth_consumer_key") != self.api_key or proof.get("oauth_token") != self.access_token:
            return False
        stamp = proof.get("oauth_timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - now) > FRESH_SECONDS or not proof.get("oauth_nonce"):
            return False
        given = proof.pop("oauth_signature", "")
        query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        url = f"https://{request.host.partition(':')[0]}{request.rel_url.raw_path}"
        wanted = signature(request.method, url, [*query, *proof.items()], self.api_secret, self.access_token_secret)
        return hmac.compare_digest(given.encode(), wanted.encode())


def signature(
    method: str, url: str, parameters: Sequence[tuple[str, str]], consumer_secret: str, token_secret: str
) -> str:
    """Return the signature of a request (RFC 5849, section 3.4); `parameters` are decoded, without the signature."""
    encoded = sorted((_encode(name), _encode(value)) for name, value in parameters)
    listed = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join((method.upper(), _encode(url), _encode(listed)))
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def _encode(text: str) -> str:
    return quote(text, safe="-._~")
