"""Exports as others open them: pandas and DuckDB find the same figures, with types."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.transfer.conftest import Exported

FORMS = ("csv", "jsonl", "parquet")


def pandas_of(path: Path) -> pd.DataFrame:
    """Return a file as pandas reads it, with no option but the one that names its kind."""
    match path.suffix:
        case ".csv":
            return pd.read_csv(path)
        case ".jsonl":
            return pd.read_json(path, lines=True)
    return pd.read_parquet(path)


def scalars(path: Path, select: str) -> tuple[object, ...]:
    """Return one row that DuckDB answers about a file."""
    with duckdb.connect() as database:
        row = database.execute(f"SELECT {select} FROM '{path}'").fetchone()  # noqa: S608 - our own
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize("form", FORMS)
async def test_profiles_add_up_for_pandas_and_duckdb(exported: Exported, form: str) -> None:
    """Ten authors, sixty posts, their scores and likes: the same in each form for both readers."""
    path = await exported("profiles", form)
    frame = pandas_of(path)
    assert (len(frame), frame.posts.sum(), frame.likes.sum()) == (10, 60, sum(range(60)))
    assert frame.negative.sum() + frame.neutral.sum() + frame.positive.sum() == 60
    assert pd.to_datetime(frame.first_seen, utc=True).min() == pd.Timestamp("2015-02-24T00:00:00Z")
    found = scalars(
        path, "count(*), sum(posts), sum(likes), sum(mean_score * scored_posts), typeof(any_value(verified))"
    )
    assert found == (10, 60, sum(range(60)), pytest.approx(30.0), "BOOLEAN")
    assert (frame.mean_score * frame.scored_posts).sum() == pytest.approx(30.0)
    assert set(frame.main_language) <= {"en", "de", "es"}


@pytest.mark.parametrize("form", FORMS)
async def test_posts_add_up_for_pandas_and_duckdb(exported: Exported, form: str) -> None:
    """A row a post, sorted by date; dates are dates and truths are truths to DuckDB."""
    path = await exported("posts", form)
    frame = pandas_of(path)
    assert (len(frame), frame.likes.sum(), frame.score.sum()) == (60, sum(range(60)), pytest.approx(30.0))
    assert list(frame.hour) == sorted(frame.hour)
    types = scalars(path, "count(*), sum(likes), sum(score), typeof(any_value(date)), typeof(any_value(is_repost))")
    assert types == (60, sum(range(60)), pytest.approx(30.0), "DATE", "BOOLEAN")


@pytest.mark.parametrize("form", FORMS)
async def test_buckets_add_up_for_pandas_and_duckdb(exported: Exported, form: str) -> None:
    """Days and hours each hold every post."""
    path = await exported("buckets", form)
    by_span = pandas_of(path).groupby("span").posts.sum()
    assert (by_span["day"], by_span["hour"]) == (60, 60)
    assert scalars(path, "sum(posts), sum(negative + neutral + positive)") == (120, 120)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_text_forms_say_their_schema_version_in_a_column(exported: Exported, form: str) -> None:
    """Every row carries it, so that both readers see it without being told how."""
    assert set(pandas_of(await exported("profiles", form)).schema_version) == {1}


async def test_nested_values_are_nested_in_json_lines_and_parquet(exported: Exported) -> None:
    """DuckDB reaches into entities and languages without parsing text."""
    for form in ("jsonl", "parquet"):
        assert scalars(await exported("posts", form), "min(entities[1].text)") == ("Denver",)
        assert scalars(await exported("profiles", form), "sum(list_sum([x.posts for x in languages]))") == (60,)
    assert scalars(await exported("posts", "csv"), "min(json_extract_string(entities, '$[0].text'))") == ("Denver",)


async def test_embeddings_of_posts_can_be_read_as_bytes(exported: Exported) -> None:
    """One signed byte a number, in 127ths, with the model's version beside it."""
    frame = pandas_of(await exported("posts", "parquet"))
    assert {len(embedding) for embedding in frame.embedding} == {4}
    assert set(frame.embedding_version) == {"mini-1"}


async def test_texts_come_through_as_they_are_but_for_formulas_in_csv(exported: Exported) -> None:
    """Commas, quotes and line breaks survive; in CSV an apostrophe stands before what would be a formula."""
    texts = {item.text for item in crowd()}
    assert set(pandas_of(await exported("posts", "jsonl")).text) == texts
    assert set(pandas_of(await exported("posts", "parquet")).text) == texts
    tamed = {f"'{text}" if text and text.startswith("=") else text for text in texts}
    assert set(pandas_of(await exported("posts", "csv")).text) == tamed
