"""The table, the pictures and the page."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from services.sentiment.model_card import ModelCard
from services.sentiment.model_folder import open_model
from tests.unit.training.evaluation.word_model import sentiment_model
from training.evaluation import card as card_module
from training.evaluation.card import write_card
from training.evaluation.clustering import ClusterReport
from training.evaluation.plots import draw
from training.evaluation.results import EvaluationResults, Result, grid_of, markdown_table, terminal_table
from training.evaluation.spans import WordSpan, entity_report
from training.evaluation.transfer import LanguageFigures, LanguageReport
from training.measures import ClassReport, report

PNG, SVG = b"\x89PNG", b"<?xml"


def figures(labels: tuple[str, ...] = ("a", "b"), *, sure: bool = True) -> ClassReport:
    """Return the report of a classifier that is right in three of four cases."""
    targets = np.array([0, 0, 1, 1])
    predicted = np.array([0, 0, 1, 0])
    return report(targets, predicted, labels, np.full((4, len(labels)), 1 / len(labels)) if sure else None)


EVALUATION = EvaluationResults(
    [
        Result("m@1", "irony", "irony", "macro F1", 0.75, figures()),
        Result("VADER", "irony", "irony", "macro F1", 0.5, figures(sure=False), "targets ignored"),
        Result(
            "m@1", "wnut17", "entities", "entity F1", 0.4, entity_report([[WordSpan("person", 0, 0)]], [[]], ["person"])
        ),
        Result("m@1", "authors", "embedding", "NMI", 0.77, ClusterReport(77, 9, 0.77, 0.7, 0.8)),
        Result("m@1", "umsab", "sentiment", "macro recall", 0.5, LanguageReport({"en": LanguageFigures(3, 0.5, 0.01)})),
    ],
    {"m@1": {"company, irony, labels changed (%)": 0.0}},
)


def test_the_grid_has_a_row_a_benchmark_and_marks_the_best() -> None:
    """A contestant that has no answer has no cell; the note of one that has is a footnote."""
    grid = grid_of(EVALUATION)
    assert list(grid.contestants) == ["m@1", "VADER"]
    benchmark, measure, texts, (mine, theirs) = grid.rows[0]
    assert (benchmark, measure, texts) == ("irony", "macro F1", 4)
    assert mine is not None
    assert theirs is not None
    assert (mine.percent, mine.best, mine.mark) == (75.0, True, 0)
    assert (theirs.percent, theirs.best, theirs.mark) == (50.0, False, 1)
    assert grid.rows[1][3][1] is None
    assert list(grid.notes) == ["targets ignored"]


def test_both_tables_show_the_same_figures() -> None:
    """What the terminal prints and what the card holds come from one grid."""
    printed = io.StringIO()
    Console(width=120, file=printed).print(terminal_table(EVALUATION))
    shown = printed.getvalue()
    for line in markdown_table(EVALUATION)[2:6]:
        for cell in line.replace("*", "").split("|"):
            assert cell.strip() in shown


@pytest.mark.parametrize(("ending", "start", "sure"), [(".svg", SVG, True), (".png", PNG, False)])
def test_a_picture_is_written_and_the_same_each_time(tmp_path: Path, ending: str, start: bytes, *, sure: bool) -> None:
    """With and without a reliability diagram, in both formats, byte for byte."""
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    for path in (one, two):
        draw(figures(("a", "b", "c", "d", "a long label"), sure=sure), "m@1: irony", path)
    assert one.read_bytes().startswith(start)
    assert one.read_bytes() == two.read_bytes()


def test_the_page_tells_every_figure_and_shows_every_picture(tmp_path: Path) -> None:
    """Each benchmark of the model has its section, and each picture that the page names is there."""
    path = tmp_path / "out" / "card.md"
    write_card(EVALUATION, {"m@1": opened_card(tmp_path)}, "voxpop model evaluate m", path)
    page = path.read_text()
    for part in (
        "voxpop model evaluate m",
        "### irony",
        "### wnut17",
        "NMI 0.770",
        "| en | 50.0 | 1.0 | 3 |",
        "company, irony",
    ):
        assert part in page
    assert "- precision: fp32" in page
    assert "(card-plots/1-irony.svg)" in page
    assert sorted(file.name for file in path.parent.iterdir()) == ["card-plots", "card.md"]
    assert [file.name for file in (path.parent / "card-plots").iterdir()] == ["1-irony.svg"]


def test_a_page_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing breaks in the middle: page and pictures of before stand as they were."""
    path = tmp_path / "card.md"
    cards = {"m@1": opened_card(tmp_path)}
    write_card(EVALUATION, cards, "first", path)
    before = path.read_text()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(card_module, "draw", fail)
    with pytest.raises(OSError, match="no space left"):
        write_card(EVALUATION, cards, "second", path)
    assert path.read_text() == before
    assert (tmp_path / "card-plots" / "1-irony.svg").exists()
    assert not list(tmp_path.glob("*.part"))


def opened_card(folder: Path) -> ModelCard:
    """Return the card of a made-up model."""
    return open_model(str(sentiment_model().write(folder / "model"))).card
