"""The table of cluster cards."""

import io
from typing import Any

import pytest
from rich.console import Console

from services.cli import clusters


def card(number: int, size: int | None, **more: Any) -> dict[str, Any]:
    """Return a card as the service tells it."""
    share = size / 100 if size is not None else None
    told = {"name": f"Kind {number}", "mean_score": 0.25, "stability": 0.9, "languages": {"en": 0.9, "de": 0.1}}
    distinctive = [{"words": f"posts more often {number}"}]
    return {"id": number, "size": size, "share": share, "distinctive": distinctive, "top_terms": [], **told, **more}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Return a console that remembers what is printed."""
    console = Console(width=120, record=True, file=io.StringIO())
    monkeypatch.setattr(clusters, "out", console)
    return console


def test_cards_are_rows_the_largest_first_with_bars(console: Console) -> None:
    """Name, size, share and mood with a bar each, what sets the people apart, what they write about, languages."""
    cards = [card(0, 20, top_terms=[{"term": "#delay", "weight": 0.3}]), card(1, 80), card(2, None)]
    clusters.show_cards("acme", cards, "k = 3 was asked for")
    text = console.export_text()
    assert text.index("Kind 1") < text.index("Kind 0") < text.index("fewer than 5 people")
    for words in ("80 (80%)", "0.25", "posts more often 1", "writes about: #delay", "en 90%", "k = 3"):
        assert words in text
    assert "█" * 9 in text


def test_what_is_not_known_is_a_dash(console: Console) -> None:
    """A cluster without scored posts has no mood, and no bar."""
    clusters.show_cards("acme", [card(0, 50, mean_score=None, stability=None, distinctive=[])])
    assert " - " in console.export_text()
