"""The command line, in processes of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.ingest.sample import BRAND, sample_path
from tests.e2e.conftest import Server

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is refused

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def voxpop(tmp_path: Path) -> Run:
    """Return a function that runs `voxpop` with arguments to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOXPOP", "PYTEST"))}

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "services.cli", *arguments],
            cwd=tmp_path,
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run


def test_a_file_goes_in_and_clusters_come_out(voxpop: Run, start: Callable[[str], Server]) -> None:
    """Import, import again, train, analyze: what the commands print adds up."""
    url = start("server").url
    arguments = ("ingest", str(sample_path()), "--brand", BRAND, "--url", url, "--json")
    first = voxpop(*arguments)
    assert first.returncode == 0
    tally = json.loads(first.stdout)
    assert tally["accepted"] > 1900
    assert (tally["duplicates"], tally["rejected"], tally["reasons"]) == (0, 0, [])
    assert json.loads(voxpop(*arguments).stdout)["duplicates"] == tally["accepted"]

    trained = voxpop("clusters", BRAND, "--retrain", "--url", url)
    assert trained.returncode == 0
    assert "authors" in trained.stdout
    found = json.loads(voxpop("clusters", BRAND, "--url", url, "--json").stdout)
    assert sum(card["size"] for card in found["items"]) > 250

    said = voxpop("analyze", "what a wonderful crew", "they lost my bag again", "--url", url, "--json")
    labels = [result["sentiment"]["label"] for result in json.loads(said.stdout)["results"]]
    assert labels == ["positive", "negative"]
    assert "positive" in voxpop("analyze", "what a wonderful crew", "--url", url).stdout
    chosen = ("--features", "irony, language", "--target", "the crew")
    more = json.loads(voxpop("analyze", "what a wonderful crew", *chosen, "--url", url, "--json").stdout)["results"][0]
    assert {"irony", "language"} <= more.keys()
    assert "sentiment" not in more


def test_bad_rows_are_rejected_alone_with_their_numbers(voxpop: Run, start: Callable[[str], Server]) -> None:
    """A file with good and bad rows: the good ones are taken, the bad ones told by number, exit code 1."""
    url = start("server").url
    table = (
        b"id,name,text,when\n"
        b"1,a,a fine flight,2026-01-01 10:00:00\n"
        b"2,b, ,2026-01-01 10:00:00\n"
        b"3,c,late again,1601-01-01\n"
        b"4,d,late again,2999-01-01\n"
        b"5,e,thank you,Tue Jan 06 10:00:00 +0000 2026\n"
    )
    maps = ("--map", "post_id=id", "--map", "author_id=name", "--map", "created_at=when")
    done = voxpop("ingest", "-", "--brand", "air", "--platform", "x", *maps, "--url", url, stdin=table)
    assert done.returncode == 1
    assert "accepted 2  duplicates 0  rejected 3" in done.stdout
    for words in ("row 2: text", "row 3: created_at", "row 4: created_at"):
        assert words in done.stdout


HEADER = "id,user,text,date,likes,lang,reply_to\n"


def test_files_as_people_have_them_are_counted_right(voxpop: Run, start: Callable[[str], Server]) -> None:
    """Rounded ids are refused, words for nothing are nothing, no quote takes in a row, and options reach the reader."""
    url = start("server").url
    maps = [f"{field}={column}" for field, column in (("post_id", "id"), ("author_id", "user"), ("created_at", "date"))]
    maps += ["language=lang", "in_reply_to=reply_to"]

    def counts(brand: str, content: bytes, *more: str, pairs: list[str] = maps) -> list[int]:
        options = [word for pair in pairs for word in ("--map", pair)]
        done = voxpop(
            "ingest", "-", "--brand", brand, "--platform", "x", *options, *more, "--url", url, "--json", stdin=content
        )
        tally = json.loads(done.stdout)
        assert (done.returncode == 1) == bool(tally["rejected"])
        return [tally["accepted"], tally["duplicates"], tally["rejected"]]

    day = "the crew was very kind to all of us,2026-03-01T10:00:00Z"
    rounded = "".join(f"1.8E+18,9,8{n}E+17,{day},,,\n".replace("9,8", '"9,8').replace("17,", '17",') for n in range(4))
    assert counts("rounded", (HEADER + rounded).encode()) == [0, 0, 4]
    words = ["NA", "nan", "None", "NULL", "N/A", "\\N", "#N/A", "-", ""]
    absent = "".join(f"{n},u{n % 2},{day},{word},{word},{word}\n" for n, word in enumerate(words))
    assert counts("absent", (HEADER + absent).encode()) == [len(words), 0, 0]
    summary = httpx.get(f"{url}/profiles/v1/brands/absent/summary").json()
    assert (summary["languages"], summary["scored_posts"]) == ({"en": len(words)}, len(words))
    stray = f'1,a,{day},,,\n2,b,"{day},,,\n3,c,{day},,,\n4,d,"{day}",,,\n5,e,{day}'
    assert counts("stray", (HEADER + stray).encode()) == [2, 0, 3]
    bare = f"1|a|{day.replace(',', '|')}|x\n".replace("kind", "h\u00f6flich").encode("cp1252")
    by_number = ["post_id=1", "author_id=2", "text=3", "created_at=4"]
    assert counts("bare", bare, "--no-header", "--encoding", "latin-1", pairs=by_number) == [1, 0, 0]

    ways = ["481234000017", "481234000017.0", "'481234000017", '"481,234,000,017"']
    assert counts("ways", (HEADER + "".join(f"{n},{way},{day},,,\n" for n, way in enumerate(ways))).encode())[0] == 4
    assert httpx.get(f"{url}/profiles/v1/brands/ways/summary").json()["profiles"] == 1

    exported = httpx.get(f"{url}/profiles/v1/brands/absent/export?of=posts&format=csv").content
    assert exported.startswith(b"\xef\xbb\xbf")
    again = ["post_id=post_key", "author_id=author_key", "created_at=hour"]
    assert counts("again", exported, pairs=again) == [len(words), 0, 0]


def test_dates_without_a_zone_are_said_and_a_zone_can_be_named(voxpop: Run, start: Callable[[str], Server]) -> None:
    """Without --time-zone they count as UTC, which stderr says once; with it the hour is that of the zone's clocks."""
    url = start("server").url
    table = (
        b"post_id,author_id,text,created_at\n%d,a,a fine flight,02-Mar-2026 02:35 AM\n%d,b,late,2026-03-02 10:00 IST\n"
    )
    told = ("--platform", "x", "--url", url, "--json")
    plain = voxpop("ingest", "-", "--brand", "utc", *told, stdin=table % (1, 2))
    assert "1 dates name no time zone and were read as UTC; --time-zone" in plain.stderr
    assert "row 2: created_at: says IST" in json.loads(plain.stdout)["reasons"][0]
    zoned = voxpop("ingest", "-", "--brand", "ist", "--time-zone", "Asia/Kolkata", *told, stdin=table % (3, 4))
    assert json.loads(zoned.stdout)["accepted"] == 2
    assert "time zone" not in zoned.stderr
    hours = httpx.get(f"{url}/profiles/v1/brands/ist/timeline?bucket=hour&from=2026-03-01T00:00:00Z").json()["items"]
    assert [item["start"][:13] for item in hours] == ["2026-03-01T21", "2026-03-02T04"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("posts.csv", b"\x7fELF\x00\x00\x01", "binary"),
        ("posts.csv", b"id,text\n1,fine\n", "no column 'post_id'"),
        ("posts.parquet", b"PAR1 and nothing that follows", "damaged or cut off"),
        ("posts.csv", b"", "empty"),
    ],
)
def test_an_unreadable_file_is_one_sentence(voxpop: Run, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """Exit code 2 and a sentence that names the file and the remedy; no server is needed to say so."""
    (tmp_path / name).write_bytes(content)
    done = voxpop("ingest", name, "--brand", "air", "--platform", "x")
    assert done.returncode == 2
    assert name in done.stderr
    assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ingest", "nowhere.csv", "--brand", "air"), "No such file"),
        (("ingest", "-", "--brand", "air", "--map", "words=text"), "'words' is no field"),
        (("ingest", "-", "--brand", "air", "--time-zone", "CST"), "--time-zone is no time zone; give an IANA name"),
        (("ingest", "-", "--brand", "air", "--platform", "X"), "--platform is one of x, instagram, facebook"),
        (("up", "--host", EVERYWHERE), f"refusing to listen on {EVERYWHERE} without API keys"),
        (("serve", "profiles", "--host", EVERYWHERE), f"refusing to listen on {EVERYWHERE} without API keys"),
        (("up", "--port", "1", "--host", "127.0.0.300"), "refusing"),
        (("ingest", "-", "--brand", "Bad Brand"), "a brand is"),
        (("clusters", "../x"), "a brand is"),
        (("clusters", "air", "--basis", "mood"), "'mood' is no basis"),
        (("analyze", "words", "--url", "ftp://nowhere"), "must be such as http://"),
        (("analyze", "words", "--features", "sentiment,mood"), "'mood' is no feature; the features are sentiment"),
        (("analyze", "words", "--url", "http://[::bad"), "must be such as http://"),
        (("key", "new", "--name", "web", "--scope", "everything"), "'everything' is no scope"),
        (("key", "new", "--name", "a:b", "--scope", "read"), "--name"),
    ],
)
def test_wrong_usage_is_exit_code_two_and_a_sentence(voxpop: Run, arguments: tuple[str, ...], words: str) -> None:
    """Whoever errs reads why, and no traceback."""
    done = voxpop(*arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_a_start_that_fails_is_one_sentence(voxpop: Run, tmp_path: Path) -> None:
    """A store that is no database and a model that is not there: the sentence names the remedy, exit code 2.

    The log's line, with the name of SQLite's error, stands before it.
    """
    (tmp_path / "profiles.db").write_bytes(b"no database" * 100)
    broken = voxpop("serve", "profiles", "--port", "0", "--data-dir", str(tmp_path))
    assert broken.returncode == 2
    logged, said = broken.stderr.splitlines()
    assert json.loads(logged)["error"] == "SQLITE_NOTADB"
    assert said.startswith("voxpop: the database ")
    (tmp_path / ".env").write_text("VOXPOP_RATE_LIMIT=quickly")
    assert "VOXPOP_RATE_LIMIT must be" in voxpop("serve", "profiles", "--port", "0").stderr
    (tmp_path / ".env").write_text("SENTIMENT_MODEL=/nowhere")
    missing = voxpop("serve", "sentiment", "--port", "0")
    assert missing.returncode == 2
    assert missing.stderr.startswith("voxpop: SENTIMENT_MODEL: there is no folder /nowhere")


def test_nobody_listening_is_exit_code_three(voxpop: Run) -> None:
    """The address is named."""
    done = voxpop("analyze", "words", "--url", "http://127.0.0.1:9")
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr


def test_a_new_key_opens_what_it_says(voxpop: Run) -> None:
    """The secret is printed once; the entry for the settings holds its hash alone."""
    done = voxpop("key", "new", "--name", "web", "--scope", "analyze+read")
    secret, entry = done.stdout.split()
    assert entry.startswith("web:analyze+read:")
    assert secret not in entry
