"""Instagram's website on this machine, reached as a proxy: unmodified instaloader asks it through `HTTPS_PROXY`.

It speaks as much HTTP and GraphQL as instaloader 4.16 asks for a hashtag (logged in) and a profile (as a visitor).
"""

import asyncio
import contextlib
import datetime as dt
import json
import pickle
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = ("www.instagram.com", "i.instagram.com")
COOKIES = {"sessionid": "1234%3Asecret", "csrftoken": "a-token", "ds_user_id": "1234"}


@dataclass(frozen=True)
class Reply:
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes


def reply_of(value: Any, status: int = 200) -> Reply:
    """Return a value as JSON."""
    return Reply(status, {"content-type": "application/json"}, json.dumps(value).encode())


def write_certificate(folder: Path) -> Path:
    """Write a key and a certificate of Instagram's names to one file, and return it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "instagram.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def write_session(folder: Path) -> Path:
    """Write a session file as instaloader does, and return it."""
    path = folder / "session"
    path.write_bytes(pickle.dumps(COOKIES))
    return path


@dataclass
class InstagramServer:
    """Posts by hashtag (`#name`) or profile (`name`), the newest first, and faults."""

    certificate: Path
    posts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Host and path of each request."""
    fault: Reply | None = None
    garbage: list[bytes] = field(default_factory=list)
    listener: Callable[[str], None] = lambda _: None
    private: bool = False
    open_connections: int = 0

    async def __aenter__(self) -> Self:
        self.stalled = asyncio.Event()
        self.stalled.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Future[None]] = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.proxy = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stalled.set()
        self._server.close()
        self.abort()
        await asyncio.gather(*self._serving)
        await self._server.wait_closed()

    def abort(self) -> None:
        """End every open connection at once."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self._writers.add(writer)
        ended = asyncio.get_running_loop().create_future()
        self._serving.add(ended)
        try:
            with contextlib.suppress(OSError, EOFError, ssl.SSLError, asyncio.IncompleteReadError):
                words = (await reader.readuntil(b"\r\n\r\n")).decode().split()
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await writer.start_tls(self._tls)
                while await self._exchange(words[1].partition(":")[0], reader, writer):
                    pass
        finally:
            self.open_connections -= 1
            self._writers.discard(writer)
            writer.transport.abort()
            self._serving.discard(ended)
            ended.set_result(None)

    async def _exchange(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        _, target, _ = head.split(" ", 2)
        lengths = [line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        body = (await reader.readexactly(int(lengths[-1]))).decode() if lengths else ""
        address = urlsplit(target)
        params = {name: values[0] for name, values in parse_qs(address.query or body).items()}
        self.asked.append(host + address.path)
        self.listener(host + address.path)
        if not await self._wait_with(reader):
            return False
        answer = (
            Reply(200, {}, self.garbage.pop(0)) if self.garbage else self.fault or self._decide(address.path, params)
        )
        headers = {**answer.headers, "content-length": str(len(answer.body)), "set-cookie": "csrftoken=c; Path=/"}
        lines = [f"HTTP/1.1 {answer.status} Answer", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body)
        await writer.drain()
        return True

    async def _wait_with(self, reader: asyncio.StreamReader) -> bool:
        """Wait while stalled; tells whether the client is still there."""
        if self.stalled.is_set():
            return True
        waits = [asyncio.ensure_future(self.stalled.wait()), asyncio.ensure_future(reader.read(1))]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
        return self.stalled.is_set()

    def _decide(self, path: str, params: dict[str, str]) -> Reply:
        if path == "/api/v1/tags/web_info/":
            return reply_of({"data": {"name": params["tag_name"], "id": "1"}, "status": "ok"})
        if path == "/graphql/query":
            return self._hashtag_page(json.loads(params["variables"]))
        if path == "/api/graphql":
            return self._post(json.loads(params["variables"])["shortcode"])
        if path == "/":
            tokens = '["LSD",[],{"token":"l"}] "IG_USER_EIMU":"0"'
            return Reply(200, {"content-type": "text/html"}, f"<script>{tokens}</script>".encode())
        return self._profile(path.strip("/"))

    def _hashtag_page(self, variables: dict[str, Any]) -> Reply:
        start = int(variables.get("after") or 0)
        posts = self.posts[f"#{variables['tag_name']}"]
        until = start + variables["first"]
        connection = {
            "count": len(posts),
            "edges": [{"node": post} for post in posts[start:until]],
            "page_info": {"has_next_page": until < len(posts), "end_cursor": str(until)},
        }
        return reply_of({"data": {"hashtag": {"edge_hashtag_to_media": connection}}, "status": "ok"})

    def _profile(self, name: str) -> Reply:
        if name not in self.posts:
            return Reply(404, {}, b"not found")
        edges = [{"node": {"code": post["shortcode"]}} for post in self.posts[name]]
        user = {
            "pk": "4321",
            "id": "9",
            "username": name,
            "is_private": self.private,
            "polaris_ordered_timeline_connection": {"edges": edges, "page_info": {"has_next_page": False}},
        }
        value = {"__bbox": {"result": {"data": {"xig_user_by_username": user}}}}
        page = f'<html><script type="application/json">{json.dumps(value)}</script></html>'
        return Reply(200, {"content-type": "text/html"}, page.encode())

    def _post(self, shortcode: str) -> Reply:
        (post,) = [post for posts in self.posts.values() for post in posts if post["shortcode"] == shortcode]
        item = {
            "code": shortcode,
            "pk": post["id"],
            "media_type": 1,
            "taken_at": post["taken_at_timestamp"],
            "user": {"pk": post["owner"]["id"], "username": "somebody"},
            "caption": {"text": post["edge_media_to_caption"]["edges"][0]["node"]["text"]},
            "like_count": 5,
        }
        return reply_of({"data": {"xdt_api__v1__media__shortcode__web_info": {"items": [item]}}})


def post(post_id: str, text: str, taken_at: float) -> dict[str, Any]:
    """Return a post as the lists of hashtags hold it."""
    return {
        "id": post_id,
        "shortcode": f"S{post_id}",
        "__typename": "GraphImage",
        "taken_at_timestamp": int(taken_at),
        "owner": {"id": f"7{post_id}"},
        "edge_media_to_caption": {"edges": [{"node": {"text": text}}]},
        "edge_media_preview_like": {"count": 5},
        "edge_media_to_comment": {"count": 2},
    }
