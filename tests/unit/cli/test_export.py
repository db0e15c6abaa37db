"""`voxpop export`, `import` and `migrate` against a service in a thread."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

from services.cli import command
from shared.logs import configure_logs
from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.service import delivery, profiles_app, served


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """Return the printed JSON."""
        return json.loads(self.out)


Command = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _quiet_service() -> None:
    """Keep the log of the service beside the command, which shares its process here, out of what the command prints."""
    configure_logs("ERROR")


@pytest.fixture
def voxpop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a call that runs a command to its end."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["voxpop", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a service with 60 posts of acme and a post that was removed."""
    with served(profiles_app(tmp_path / "full")) as address:
        with httpx.Client(base_url=f"{address}/profiles", trust_env=False) as client:
            client.post("/v1/brands/acme/posts", json=delivery(crowd())).raise_for_status()
            removals = {"schema_version": 1, "removals": [{"post_key": "f" * 32, "reason": "deleted"}]}
            client.post("/v1/brands/acme/removals", json=removals).raise_for_status()
        yield address


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a service without a post."""
    with served(profiles_app(tmp_path / "empty")) as address:
        yield address


def test_the_suffix_of_the_file_says_its_form(voxpop: Command, url: str, tmp_path: Path) -> None:
    """Each is written under its name, and nothing else is left beside it."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("a.csv", "b.jsonl", "c.parquet"):
        ended = voxpop("export", "acme", "-o", folder / name, "--of", "posts", "--url", url, "--json")
        size = (folder / name).stat().st_size
        assert ended.answer == [{"of": "posts", "file": str(folder / name), "bytes": size}]
        with duckdb.connect() as database:
            found = database.execute(f"SELECT count(*) FROM '{folder / name}'").fetchone()  # noqa: S608 - our own
        assert found == (61 if name.endswith("parquet") else 60,)
    assert len(list(folder.iterdir())) == 3


def test_a_time_chooses_posts(voxpop: Command, url: str) -> None:
    """`--from` and `--to` go to the service, which refuses what is no time."""
    days = ("--from", "2015-02-25T00:00:00Z", "--to", "2015-02-26T00:00:00Z")
    assert voxpop("export", "acme", "-o", "day.parquet", "--of", "posts", "--url", url, *days).code == 0
    assert {str(date) for date in pq.read_table("day.parquet")["date"].to_pylist()} == {"2015-02-25"}
    wrong = voxpop("export", "acme", "-o", "day.csv", "--of", "posts", "--url", url, "--from", "yesterday")
    assert (wrong.code, "from" in wrong.err, Path("day.csv").exists()) == (1, True, False)


def test_a_folder_is_a_backup_that_makes_an_equal_brand(voxpop: Command, url: str, empty: str, tmp_path: Path) -> None:
    """Posts are parted by date, DuckDB reads them as a table, and the import restores all of it, once."""
    folder = tmp_path / "backup"
    written = voxpop("export", "acme", "-o", f"{folder}/", "--url", url, "--json")
    assert written.code == 0
    assert [one["of"] for one in written.answer] == ["removals", "profiles", "buckets", "posts"]
    assert {path.name for path in folder.iterdir()} == {
        "profiles.parquet",
        "buckets.parquet",
        "removals.parquet",
        "post_keys.parquet",
        "posts",
    }
    parts = sorted(str(path.relative_to(folder / "posts")) for path in folder.glob("posts/*/*"))
    assert parts == [f"date=2015-02-{day}/part-0.parquet" for day in (24, 25, 26)]
    with duckdb.connect() as database:
        by_date = database.execute(
            f"SELECT date, count(*) FROM read_parquet('{folder}/posts/*/*.parquet', hive_partitioning = true) "  # noqa: S608 - our own
            "GROUP BY date ORDER BY date"
        ).fetchall()
    assert [(str(date), count) for date, count in by_date] == [
        (f"2015-02-{day}", sum(int(item.hour.day) == day for item in crowd())) for day in (24, 25, 26)
    ]

    restored = voxpop("import", "acme", folder, "--url", empty, "--json")
    assert restored.code == 0
    assert restored.answer["posts"] == {"restored": 61, "duplicates": 0}
    assert restored.answer["profiles"] == {"restored": 10, "duplicates": 0}
    again = voxpop("import", "acme", folder, "--url", empty)
    assert "posts     restored 0  duplicates 61" in again.out
    other = tmp_path / "other"
    assert voxpop("export", "acme", "-o", f"{other}/", "--url", empty).code == 0
    for path in folder.rglob("*.parquet"):
        assert pq.read_table(other / path.relative_to(folder)).equals(pq.read_table(path))


def test_a_folder_with_something_in_it_is_left_alone(voxpop: Command, url: str, tmp_path: Path) -> None:
    """Two backups are never mixed."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "profiles.parquet").write_text("old")
    ended = voxpop("export", "acme", "-o", tmp_path / "old", "--url", url)
    assert (ended.code, "not empty" in ended.err) == (2, True)
    assert (tmp_path / "old" / "profiles.parquet").read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "Acme!", "-o", "x.csv"), 2, "a brand is"),
        (("export", "acme", "-o", "x.xlsx"), 2, ".csv, .jsonl, .parquet"),
        (("export", "acme", "-o", "x.csv", "--of", "people"), 2, "profiles, posts, buckets, removals"),
        (("export", "acme", "-o", "x/", "--of", "posts"), 2, "--of"),
        (("export", "acme", "-o", "nowhere/x.csv"), 2, "No such file"),
        (("export", "acne", "-o", "x.csv"), 1, "no post"),
        (("import", "acme", "nowhere"), 2, "no backup"),
        (("import", "acme", "broken.parquet"), 1, "broken.parquet"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    voxpop: Command, url: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """With the exit code of its kind, and no file is left."""
    Path("broken.parquet").write_bytes(b"PAR1 and no more")
    ended = voxpop(*arguments, "--url", url)
    assert (ended.code, words in ended.err) == (code, True)
    assert [path.name for path in Path().iterdir() if path.is_file()] == ["broken.parquet"]


@pytest.mark.parametrize("command", [("export", "acme", "-o", "x.csv"), ("export", "acme", "-o", "x/")])
def test_a_server_that_is_away_is_exit_code_3(voxpop: Command, command: tuple[str, ...]) -> None:
    """As for every command."""
    ended = voxpop(*command, "--url", "http://127.0.0.1:9")
    assert (ended.code, "is `voxpop up` running there?" in ended.err) == (3, True)


def test_a_migration_says_what_both_stores_hold(voxpop: Command, url: str, tmp_path: Path) -> None:
    """From file to file; made again it goes on where it was, and a store of other content is refused."""
    assert url
    held = {"brands": 1, "profiles": 10, "posts": 60, "alert_rules": 0, "webhooks": 0, "alerts": 0}
    source, target = f"sqlite:///{tmp_path}/full/profiles.db", f"sqlite:///{tmp_path}/new.db"
    for _ in range(2):
        assert voxpop("migrate", source, target, "--json").answer == held
    told = voxpop("migrate", source, target)
    assert (told.code, told.out) == (
        0,
        "both stores hold: brands 1, profiles 10, posts 60, alert rules 0, webhooks 0, alerts 0\n",
    )
    with sqlite3.connect(tmp_path / "new.db") as database:
        database.execute("UPDATE post SET author_key = ? WHERE author_key > ?", ("a" * 32, ""))
    database.close()
    refused = voxpop("migrate", source, target)
    assert (refused.code, "acme" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("sqlite:///nowhere.db", "sqlite:///x.db", "no database"),
        ("redis://x", "sqlite:///x.db", "FROM must be"),
        ("mongodb://127.0.0.1:1/x", "", "TO must be"),
        ("sqlite:///x.db", "sqlite:///x.db", "the same"),
    ],
)
def test_stores_that_are_none_are_refused(voxpop: Command, source: str, target: str, words: str) -> None:
    """Before a file is made."""
    ended = voxpop("migrate", source, target)
    assert (ended.code, words in ended.err) == (2, True)
    assert not list(Path().iterdir())


PASSWORD = "hunter2-of-the-database"


@pytest.mark.parametrize(
    "address",
    [
        f"mongodb://voxpop:{PASSWORD}@127.0.0.1:9/voxpop",
        f"mongodb+srv://:{PASSWORD}@db.example/voxpop?tls=true",
        f"mongodb://127.0.0.1:9/voxpop?tlsCertificateKeyFilePassword={PASSWORD}",
    ],
)
def test_a_password_among_the_arguments_is_refused_with_the_remedy(
    voxpop: Command, tmp_path: Path, address: str
) -> None:
    """Every user of the machine reads arguments: it is to stand in a variable or a file; and it is not repeated."""
    clean = f"sqlite:///{tmp_path}/any.db"
    for arguments in ((clean, address), (address, clean)):
        ended = voxpop("migrate", *arguments)
        assert ended.code == 2
        assert "env:VARIABLE or file:PATH" in ended.err
        assert PASSWORD not in ended.err + ended.out


def test_a_migration_reads_addresses_from_a_variable_and_a_file(
    voxpop: Command, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `env:VARIABLE` and `file:PATH`; one that is not there ends with a sentence that names it."""
    assert url
    monkeypatch.setenv("OLD_STORE", f"sqlite:///{tmp_path}/full/profiles.db")
    (tmp_path / "new.url").write_text(f"sqlite:///{tmp_path}/new.db\n")
    assert voxpop("migrate", "env:OLD_STORE", f"file:{tmp_path}/new.url", "--json").answer["posts"] == 60
    for place, words in (("env:MISSING", "MISSING is not set"), ("file:missing.url", "missing.url cannot be read")):
        ended = voxpop("migrate", place, f"sqlite:///{tmp_path}/other.db")
        assert (ended.code, words in ended.err) == (2, True)


@pytest.mark.parametrize("address", [f"http://ann:{PASSWORD}@127.0.0.1:9", f"https://{PASSWORD}@127.0.0.1:9/x"])
def test_an_address_of_voxpop_holds_no_password(voxpop: Command, address: str) -> None:
    """The key stands in VOXPOP_API_KEY; what was given is not repeated."""
    ended = voxpop("export", "acme", "-o", "x.csv", "--url", address)
    assert (ended.code, "VOXPOP_API_KEY" in ended.err) == (2, True)
    assert PASSWORD not in ended.err + ended.out
