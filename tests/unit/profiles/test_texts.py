"""Posts with their texts in Arrow."""

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from services.profiles.embedding import EmbeddingSpace
from services.profiles.encoding import to_body_text, to_embedding
from services.profiles.texts import StoredText, TextQuery, arrow_texts
from shared.analysis import Entity
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.posts import analysis, key, post

COLUMNS = {
    **dict.fromkeys(("post_key", "author_key"), "string"),
    "hour": "timestamp[s, tz=UTC]",
    **dict.fromkeys(("platform", "voice"), "string"),
    **dict.fromkeys(("is_repost", "is_unknown"), "bool"),
    "language": "string",
    "supported_language": "bool",
    **dict.fromkeys(("text", "label"), "string"),
    "score": "double",
    "category": "string",
    "entities": "list<item: struct<text: string, type: string>>",
}


def stored(item: AnalyzedPost, *, apart: bool = False) -> StoredText:
    """Return the post as a store has it, its text apart from the body or within."""
    body = to_body_text(item)
    text = None
    if apart:
        fields = json.loads(body)
        text, body = fields.pop("text", None), json.dumps(fields)
    return StoredText(item.post_key, item.author_key, int(item.hour.timestamp()), body, text, to_embedding(item))


def read(*posts: StoredText, space: EmbeddingSpace | None = None) -> pa.Table:
    """Return the table of a stream of these posts."""
    with pa.ipc.open_stream(arrow_texts(posts, space)) as stream:
        return stream.read_all()


def test_a_stream_has_the_settled_columns() -> None:
    """Names and types are the same whatever the posts have, also without any."""
    bare = post(1, analyzed=analysis(None, None))
    for posts in ([], [stored(bare)]):
        table = read(*posts)
        assert {field.name: str(field.type) for field in table.schema} == COLUMNS
        assert table.num_rows == len(posts)


@pytest.mark.parametrize("apart", [False, True])
def test_a_row_is_its_post(*, apart: bool) -> None:
    """What is known of a post stands in its column; what is unknown is null."""
    entities = [Entity(text="Heathrow", type="location", start=0, end=8)]
    whole = post(
        1,
        2,
        3,
        analysis(0.9, "de", "luggage", entities=entities, supported_language=False),
        voice="internal",
        is_repost=True,
        author_is_unknown=True,
        text="Heathrow!",
    )
    bare = post(2, analyzed=analysis(None, None), text="")
    told, silent = read(stored(whole, apart=apart), stored(bare, apart=apart)).to_pylist()
    assert told == {
        "post_key": key(1),
        "author_key": key(2),
        "hour": datetime(2015, 2, 24, 3, tzinfo=UTC),
        "platform": "x",
        "voice": "internal",
        "is_repost": True,
        "is_unknown": True,
        "language": "de",
        "supported_language": False,
        "text": "Heathrow!",
        "label": "positive",
        "score": 0.9,
        "category": "luggage",
        "entities": [{"text": "Heathrow", "type": "location"}],
    }
    assert {name for name, value in silent.items() if value is None} == {"language", "label", "score", "category"}
    assert (silent["text"], silent["entities"], silent["voice"]) == ("", [], "external")


def test_embeddings_are_of_one_version() -> None:
    """A post without an embedding of that version has none; without a space there is no such column."""
    first = post(1, analyzed=analysis(embedding=[3.0, 4.0]), embedding_version="e1")
    other = post(2, analyzed=analysis(embedding=[1.0, 0.0]), embedding_version="e2")
    longer = post(3, analyzed=analysis(embedding=[1.0, 0.0, 0.0]), embedding_version="e1")
    rows = [stored(item) for item in (first, other, longer, post(4))]
    table = read(*rows, space=EmbeddingSpace("e1", 2))
    assert str(table.schema.field("embedding").type) == "fixed_size_list<item: float>[2]"
    assert table["embedding"].to_pylist()[0] == pytest.approx([0.6, 0.8], abs=0.005)
    assert table["embedding"].to_pylist()[1:] == [None, None, None]
    assert table["embedding_version"].to_pylist() == ["e1", None, None, None]
    assert read(*rows, space=EmbeddingSpace())["embedding"].null_count == len(rows)
    assert "embedding" not in read(*rows).column_names


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "{}", '{"platform": 3, "analysis": {}}', '{"platform": "x", "analysis": {"sentiment": "good"}}'],
)
def test_a_damaged_post_takes_no_page_down(body: str) -> None:
    """Others are told without it."""
    damaged = StoredText(key(2), key(1), 0, body, None, None)
    table = read(stored(post(1)), damaged, stored(post(3)))
    assert table["post_key"].to_pylist() == [key(1), key(3)]


def test_a_page_asks_for_no_more_than_one_that_does_not_fit() -> None:
    """Posts past the page are not read."""
    taken: list[int] = []

    def found() -> Any:
        for number in range(9):
            taken.append(number)
            yield StoredText(key(number), key(1), 0, "x" * 10, None, None)

    page = TextQuery(0, 1, limit=9, most_bytes=25).page_of(found())
    assert (len(page.posts), page.more, taken) == (3, True, [0, 1, 2, 3])
