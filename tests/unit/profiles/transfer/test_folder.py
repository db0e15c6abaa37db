"""The folder of a backup."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from services.profiles.kept import KeptPost
from services.profiles.transfer import parquet
from services.profiles.transfer.folder import files_of, part_by_date
from services.profiles.transfer.table import VERSION_KEY, TableKind
from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.posts import key
from tests.unit.profiles.transfer.files import parquet_of, rows_in


@pytest.fixture
def kept() -> list[KeptPost]:
    """Return posts of three days, and two of which the key alone is left."""
    posts = sorted(crowd(), key=lambda item: (item.hour, item.post_key))
    dated = [KeptPost(item.post_key, item.author_key, 1, 10**9, item) for item in posts]
    return [*dated, KeptPost(key(1000), key(1), 1), KeptPost(key(1001), None, 0)]


@pytest.fixture
def file(kept: list[KeptPost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of them, with several row groups a day."""
    monkeypatch.setattr(parquet, "GROUP_ROWS", 5)
    path = tmp_path / "posts.parquet"
    path.write_bytes(parquet_of(TableKind.POSTS, kept, 5))
    assert pq.read_metadata(path).num_row_groups > 8
    return path


def test_posts_are_parted_by_date_and_none_is_lost(file: Path, kept: list[KeptPost], tmp_path: Path) -> None:
    """Each part is a file of a backup itself, in the order of the whole."""
    seen: list[int] = []
    part_by_date(file, tmp_path, seen.append)
    parts = files_of(tmp_path)
    days = [f"posts/date=2015-02-{day}/part-0.parquet" for day in (24, 25, 26)]
    assert [str(part.relative_to(tmp_path)) for part in parts] == [*days, "post_keys.parquet"]
    assert seen[-1] == len(kept)
    found = []
    for part in parts:
        assert pq.read_metadata(part).metadata[VERSION_KEY.encode()] == b"1"
        found += rows_in(part.read_bytes())
    assert found == kept


def test_pandas_reads_the_parts_as_one_table(file: Path, tmp_path: Path) -> None:
    """With the date out of the folders' names."""
    part_by_date(file, tmp_path)
    frame = pd.read_parquet(tmp_path / "posts")
    assert (len(frame), frame.likes.sum()) == (60, sum(range(60)))
    assert set(frame.date) == {"2015-02-24", "2015-02-25", "2015-02-26"}


def test_parts_that_were_left_half_written_are_written_anew(file: Path, tmp_path: Path) -> None:
    """And the folder appears only when all of it is there."""
    (tmp_path / "posts.partial" / "date=1999-01-01").mkdir(parents=True)
    part_by_date(file, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["post_keys.parquet", "posts", "posts.parquet"]
    assert not list((tmp_path / "posts").glob("date=1999*"))


def test_files_come_in_the_order_in_which_they_are_restored(tmp_path: Path) -> None:
    """Removals first, posts last; what is no part of a backup is passed over."""
    (tmp_path / "posts" / "date=2015-02-24").mkdir(parents=True)
    names = ["buckets.parquet", "profiles.parquet", "removals.parquet", "posts/date=2015-02-24/part-0.parquet", "x.txt"]
    for name in names:
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in files_of(tmp_path)]
    assert found == [names[2], names[1], names[0], names[3]]
    assert files_of(tmp_path / "profiles.parquet") == [tmp_path / "profiles.parquet"]
    with pytest.raises(FileNotFoundError):
        files_of(tmp_path / "posts" / "date=2015-02-24" / "nowhere")
