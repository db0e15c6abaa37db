"""What people see in the terminal."""

from typing import Any

import pytest
from rich.console import Console

from services.cli import analyses
from services.cli.analyses import show_analyses


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyses, "out", Console(width=200))


def test_analyses_are_shown_by_the_features_that_were_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """A column a feature; entities with their types, an embedding by its length, what the model lacks as a dash."""
    results: list[dict[str, Any]] = [
        {
            "sentiment": {"label": "negative", "score": 0.04},
            "entities": [{"text": "Ann [x]", "type": "person"}, {"text": "York", "type": "location"}],
            "emotion": {"label": "anger"},
            "category": None,
            "irony": 0.251,
            "embedding": [0.1, 0.2],
            "truncated": False,
        },
        {"sentiment": None, "entities": None, "emotion": None, "category": None, "irony": None, "embedding": None},
    ]
    show_analyses(["late [again]", "x"], results)
    heading, first, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["text", "sentiment", "score", "entities", "emotion", "category", "irony", "embedding"]
    said = "late [again] negative 0.04 Ann [x] (person), York (location) anger - 0.25 2 numbers"
    assert first == said.split()
    assert second == ["x", *["-"] * 7]


def test_a_language_that_the_model_does_not_know_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """The line says that the sentiment is not to be trusted."""
    show_analyses(["schlecht"], [{"language": {"code": "de"}, "supported_language": False}])
    assert "de (not supported)" in capsys.readouterr().out
