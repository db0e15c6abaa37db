"""What `voxpop topics` shows."""

from typing import Any

import pytest
from rich.console import Console

from services.cli import topics
from services.cli.topics import print_topics, show_topics


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "out", Console(width=160))


def topic(number: int, share: float, trend: float | None, score: float | None) -> dict[str, Any]:
    """Return a topic as the service tells it."""
    terms = [{"term": f"term{number}{place}", "weight": 0.1} for place in range(3)]
    figures = {"posts": round(share * 100), "share": share, "mean_score": score, "trend": trend, "npmi": 0.2}
    return {"id": number, "terms": terms, **figures}


def test_topics_are_a_table_with_bars(capsys: pytest.CaptureFixture[str]) -> None:
    """A bar is as long as the share is large, an arrow tells the trend, an unknown score is empty."""
    print_topics(
        "acme",
        {
            "cluster": 2,
            "basis": "behaviour",
            "reason": "2 hold together best",
            "diversity": 0.9,
            "items": [topic(4, 0.8, 0.051, 0.25), topic(1, 0.2, -0.05, None)],
            "outliers": {"posts": 7, "share": 0.07, "without_topic": None},
        },
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "What posts about acme, cluster 2 by behaviour are about"
    assert lines[1] == "2 hold together best; diversity 0.90"
    bar = "█"
    assert lines[3].split() == ["4", "80", "(80%)", bar * 20, "0.25", "↑", "5", "0.20", "term40,", "term41,", "term42"]
    assert lines[4].split() == ["1", "20", "(20%)", bar * 5, "↓", "5", "0.20", "term10,", "term11,", "term12"]
    assert lines[5] == "7 posts (7%) are near to no topic"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "magic"}, "the methods are embedding, lda"),
        ({"basis": "taste", "cluster": 1}, "the bases are"),
        ({"basis": "behaviour"}, "give --cluster too"),
    ],
)
def test_wrong_options_are_said_before_anything_is_asked(
    options: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2."""
    with pytest.raises(SystemExit) as ended:
        show_topics("acme", **options)
    assert ended.value.code == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
