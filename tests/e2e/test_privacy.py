"""Nothing that names a person is written or said anywhere: every byte is looked through."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from services.ingest.identity import Pseudonymizer
from tests.e2e.conftest import PSEUDONYM_KEY
from tests.e2e.crowd import AUTHORS, POSTS, Crowd

BRAND = "aerolume"
RULE = {"brand": BRAND, "sentiment_below": 0.6, "template": "We are sorry. Ticket {{ ticket }}."}
ENVIRONMENT = {
    "VOXPOP_PSEUDONYM_KEY": PSEUDONYM_KEY,
    "VOXPOP_LOG_LEVEL": "DEBUG",
    "PYTHONUNBUFFERED": "1",
    "REPLIES_ENABLED": "true",
    "REPLIES_DRY_RUN": "false",
    "X_BEARER_TOKEN": "a-bearer-token-of-the-tests",
    "X_SANDBOX": "127.0.0.1:1",
    "X_SANDBOX_CA": "ca.pem",
}
NOBODY = "http://127.0.0.1:9"
EXPORTS = [
    {"of": of, "format": form}
    for of in ("profiles", "posts", "buckets", "removals")
    for form in ("csv", "jsonl", "parquet")
]
SECONDS = 240.0


class Log:
    """What a process logs: in a file as it comes, and line by line to wait for."""

    def __init__(self, said: IO[bytes], path: Path) -> None:
        """Append `said` to the file at `path` until it ends."""
        self._lines: Queue[bytes] = Queue()
        self._thread = Thread(target=self._copy, args=(said, path))
        self._thread.start()

    def _copy(self, said: IO[bytes], path: Path) -> None:
        with said, path.open("ab", buffering=0) as file:
            for line in said:
                file.write(line)
                self._lines.put(line)

    def wait_for(self, *words: str) -> None:
        """Return once a line came, after those waited for before, that holds all the words."""
        line = b""
        while not all(word.encode() in line for word in words):
            line = self._lines.get(timeout=SECONDS)

    def ended(self) -> None:
        """Wait for the end."""
        self._thread.join(SECONDS)


@dataclass
class Running:
    """`voxpop up` in a process of its own, with its log, and a client of it."""

    folder: Path
    url: str
    client: httpx.Client
    log: Log


def our_environment(**more: str) -> dict[str, str]:
    """Return the environment of a process, without what the tests' own may hold."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VOXPOP", "PYTEST"))}
    return inherited | ENVIRONMENT | more


@contextmanager
def running(folder: Path, said: list[bytes], **environment: str) -> Iterator[Running]:
    """Start voxpop on the folder, its log in a file there, and stop it at the end; `said` gets all that it answers."""

    def note(response: httpx.Response) -> None:
        said.append(repr(response.headers.raw).encode() + b"\n" + response.read())

    command = [sys.executable, "-m", "services.cli", "up", "--port", "0", "--data-dir", str(folder / "data")]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=folder, env=our_environment(**environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    log = Log(process.stderr, folder / "log")
    try:
        url = process.stdout.readline().decode().split()[-1]
        hooks = {"response": [note]}
        with httpx.Client(base_url=url, timeout=SECONDS, event_hooks=hooks, trust_env=False) as client:
            yield Running(folder, url, client, log)
    finally:
        process.send_signal(signal.SIGTERM)
        said.append(process.stdout.read())
        process.stdout.close()
        process.wait(SECONDS)
        log.ended()


def taken_in(voxpop: Running, crowd: Crowd, said: list[bytes]) -> None:
    """Import all posts, half over HTTP and half from a file, bad ones and those of an erased author among both."""
    posts = [crowd.post(number) for number in range(POSTS)]
    half, bad = POSTS // 2, crowd.bad()
    assert voxpop.client.put("/ingest/v1/reply-rules/sorry", json=RULE).is_success
    answer = voxpop.client.post("/ingest/v1/posts", json={"brand": BRAND, "posts": [*posts[:half], *bad]})
    assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (half, len(bad))
    file = voxpop.folder / "posts.jsonl"
    file.write_text("".join(json.dumps(post) + "\n" for post in [*posts[half:], *bad]) + "{cut off")
    command = [sys.executable, "-m", "services.cli", "ingest", str(file), "--brand", BRAND, "--url", voxpop.url]
    told = subprocess.run(  # noqa: S603 - our own command
        command, cwd=voxpop.folder, env=our_environment(), capture_output=True, timeout=SECONDS, check=False
    )
    said += [told.stdout, told.stderr]
    brands = voxpop.client.get("/profiles/v1/brands").json()["items"]
    assert [brand["posts"] for brand in brands] == [POSTS - POSTS // AUTHORS], told.stderr.decode()[-500:]
    file.unlink()


def refused(client: httpx.Client, crowd: Crowd) -> None:
    """Send what is wrong in many ways, with ids and handles in the wrong places."""
    person, post = crowd.people[0], crowd.post_ids[0]
    for raw in (person["id"], person["handle"], person["name"], post):
        for path in ("/ingest/v1/posts", "/ingest/v1/erasures", "/profiles/v1/erasures", "/sentiment/v1/analyze"):
            for body in ([raw], {"brand": raw, "posts": raw}, {"platform": raw, "author_id": raw}):
                assert client.post(path, json=body).status_code == 422
            cut_off = f'{{"brand": "{raw}", "posts": ["{raw}'
            assert client.post(path, content=cut_off, headers={"content-type": "application/json"}).is_client_error
        keyed = {"schema_version": 1, "posts": [{"post_key": raw, "author_key": raw, "hour": raw, "platform": raw}]}
        for path in ("posts", "removals", "posts/counted", "import"):
            assert client.post(f"/profiles/v1/brands/{BRAND}/{path}", json=keyed).is_client_error
        assert client.put(f"/ingest/v1/reply-rules/{raw}", json={"template": raw}).is_client_error
        for path in (
            f"/profiles/v1/brands/{BRAND}/profiles/{raw}",
            f"/profiles/v1/brands/{raw}/summary",
            f"/profiles/v1/brands/{BRAND}/profiles?cursor={raw}",
            f"/profiles/v1/brands/{BRAND}/features?cursor={raw}",
            f"/ingest/v1/replies?state={raw}&cursor={raw}",
            f"/ingest/v1/erasures/{raw}",
            f"/clusters/v1/runs/{raw}",
            f"/nowhere/{raw}",
        ):
            assert client.get(path).is_client_error, path.replace(raw, "RAW")


def used(voxpop: Running, crowd: Crowd) -> dict[str, str]:
    """Train, decide on drafts, erase an author; return what the paths of routes may name."""
    client = voxpop.client
    run_id = str(client.post(f"/clusters/v1/brands/{BRAND}/runs", json={}).json()["run_id"])
    voxpop.log.wait_for("run.ended", run_id)
    drafts = client.get("/ingest/v1/replies", params={"limit": 500}).json()["items"]
    assert len(drafts) > 1, "replies were drafted, so raw ids are in the vault"
    assert client.post(f"/ingest/v1/replies/{drafts[0]['id']}/approve").is_success
    assert client.post(f"/ingest/v1/replies/{drafts[1]['id']}/reject").is_success
    erased = client.post("/ingest/v1/erasures", json={"platform": "x", "author_id": crowd.people[1]["id"]}).json()
    voxpop.log.wait_for("erasures.attempted", erased["erasure_id"], '"state": "done"')
    profiles = client.get(f"/profiles/v1/brands/{BRAND}/profiles").json()["items"]
    return {
        "brand": BRAND,
        "author_key": profiles[0]["author_key"],
        "run_id": run_id,
        "cluster_id": "0",
        "name": "sorry",
        "erasure_id": erased["erasure_id"],
    }


def everything_asked(client: httpx.Client, names: Mapping[str, str], said: list[bytes]) -> int:
    """Ask every GET route there is for what it has, exports in every form; return how many answered."""
    answered = 0
    for service in ("ingest", "sentiment", "profiles", "clusters"):
        paths = client.get(f"/{service}/openapi.json").json()["paths"]
        for path in (path for path, methods in paths.items() if "get" in methods):
            for query in EXPORTS if path.endswith("/export") else [{}]:
                answer = client.get(f"/{service}{path.format_map(_Named(names))}", params=query)
                assert answer.status_code < 500, path
                answered += answer.is_success
                said += decoded(answer.content)
        said.append(client.get(f"/{service}/metrics").content)
    return answered


class _Named(dict[str, str]):
    """Names for paths; what nobody here has is called "nothing"."""

    def __missing__(self, key: str) -> str:
        return "nothing"


def decoded(body: bytes) -> list[bytes]:
    """Return what is packed inside an answer, where it is Parquet or Arrow."""
    if body.startswith(b"PAR1"):
        return [repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()]
    if body.startswith(b"\xff\xff\xff\xff"):
        with pa.ipc.open_stream(body) as stream:
            return [repr(stream.read_all().to_pylist()).encode()]
    return []


def files(folder: Path) -> dict[str, bytes]:
    """Return what every file of a folder holds."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_nobody_is_named_anywhere(tmp_path: Path) -> None:
    """Neither in the files of the stores, nor in logs, answers, errors, metrics or exports, whatever goes wrong.

    What is looked for are ids, handles, names, places and addresses as they went in, ids as numbers too, and hashes of
    ids that anybody could make. A name that stands in a text without an @ is not recognised by cleaning, nor here.
    """
    crowd, said = Crowd(), list[bytes]()
    with running(tmp_path, said, PROFILES_URL=NOBODY, SENTIMENT_URL=NOBODY, VOXPOP_PEER_DEADLINE="1") as voxpop:
        body: dict[str, Any] = {"brand": BRAND, "posts": [crowd.post(0), crowd.post(1)]}
        assert voxpop.client.post("/ingest/v1/posts", json=body).status_code == 503
        erased = {"platform": "x", "author_id": crowd.people[2]["id"]}
        assert voxpop.client.post("/ingest/v1/erasures", json=erased).status_code == 202
    with running(tmp_path, said) as voxpop:
        taken_in(voxpop, crowd, said)
        refused(voxpop.client, crowd)
        assert everything_asked(voxpop.client, used(voxpop, crowd), said) > len(EXPORTS)
        written = {f"{name} while it runs": content for name, content in files(tmp_path).items()}
    written |= files(tmp_path)
    written["answers"] = b"\n".join(said)
    key = Pseudonymizer(PSEUDONYM_KEY.encode()).author_key("x", crowd.people[0]["id"]).encode()
    assert all(key in written[name] for name in ("data/profiles.db", "answers")), "there is something to look through"
    assert len(written["log"]) > 1000
    leaks = {(kind, name) for kind, trace in crowd.traces.needles() for name, said in written.items() if trace in said}
    assert leaks == set()
