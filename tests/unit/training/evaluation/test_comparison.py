"""Whole evaluations on a small data folder."""

import json
from pathlib import Path

import pytest

from services.sentiment.model_folder import open_encoder
from tests.unit.training.evaluation.corpora import (
    write_authors,
    write_corpora,
    write_entities,
    write_tweets,
)
from tests.unit.training.evaluation.word_model import SENTIMENT_POINTS, SENTIMENTS, WordModel, sentiment_model
from training.evaluation.clustering import ClusterReport, read_author_posts, scrub
from training.evaluation.comparison import Comparison, evaluate, evaluate_data
from training.evaluation.results import EvaluationResults, Result
from training.evaluation.served import ServedModel
from training.evaluation.spans import EntityReport
from training.evaluation.transfer import LanguageReport
from training.measures import ClassReport
from training.sequences import ENTITY_LABELS


def comparison(folder: Path, **heads: object) -> Comparison:
    """Return a comparison of one model."""
    return Comparison([ServedModel.open(str(sentiment_model(**heads).write(folder)))])  # type: ignore[arg-type]


def only(evaluation: EvaluationResults) -> Result:
    """Return the single result."""
    (result,) = evaluation.results
    return result


def test_the_share_that_the_model_gets_right_is_the_figure(tmp_path: Path) -> None:
    """Of the made-up texts nine in ten say what their class is: that is the macro recall."""
    data = write_corpora(tmp_path / "data")
    result = only(evaluate_data(comparison(tmp_path / "m"), data, ["tweeteval-sentiment"]))
    assert (result.measure, result.head) == ("macro recall", "sentiment")
    assert result.value == pytest.approx(0.9)
    assert isinstance(result.report, ClassReport)
    assert result.report.texts == 300
    assert sum(map(sum, result.report.confusion)) == 300


def test_sentiment140_is_measured_on_negative_and_positive_alone(tmp_path: Path) -> None:
    """Its two classes are the only ones to choose from, numbered as such."""
    data = write_corpora(tmp_path / "data")
    result = only(evaluate_data(comparison(tmp_path / "m"), data, ["sentiment140"]))
    assert isinstance(result.report, ClassReport)
    assert [each.label for each in result.report.classes] == ["negative", "positive"]
    assert all(each.support for each in result.report.classes)


def test_a_model_for_targets_beats_one_without_where_targets_decide(tmp_path: Path) -> None:
    """Half of the made-up targets are spoken of neutrally: only the head that reads them knows."""
    data = write_corpora(tmp_path / "data", rows=900)
    about = {**SENTIMENT_POINTS, "other": [0.0, 9.0, 0.0]}
    with_head = sentiment_model("with", target_sentiment=(SENTIMENTS, about)).write(tmp_path / "with")
    without = sentiment_model("without").write(tmp_path / "without")
    both = Comparison([ServedModel.open(str(with_head)), ServedModel.open(str(without))])
    better, worse = evaluate_data(both, data, ["entity-sentiment"]).results
    assert better.value > worse.value + 0.2
    assert (better.note, worse.note) == ("", "targets ignored")


def test_entities_are_scored_over_the_types_of_the_corpus(tmp_path: Path) -> None:
    """A model that knows the persons and locations finds three of the four entities."""
    write_entities(tmp_path / "data")
    points = {}
    for word, label in (("Anna", "B-person"), ("New", "B-location"), ("York", "I-location"), ("London", "B-location")):
        points[word] = [9.0 if each == label else 0.0 for each in ENTITY_LABELS]
    for word in ("flew", "to", "the", "Boeing", "737", "was", "late", "nothing", "here", "see"):
        points[word] = [9.0, *[0.0] * 10]
    entering = comparison(tmp_path / "m", entities=(ENTITY_LABELS, points))
    result = only(evaluate_data(entering, tmp_path / "data", ["wnut17"]))
    assert isinstance(result.report, EntityReport)
    assert result.report.overall.recall == pytest.approx(3 / 4)
    assert result.report.overall.precision == 1
    assert result.report.types["product"].recall == 0


def test_authors_of_one_category_are_found_together(tmp_path: Path) -> None:
    """Embeddings that tell the two kinds of posts apart give an NMI of 1, over the authors with enough posts."""
    write_authors(tmp_path / "data")
    vectors = {"goal": [1.0, 0.0, 0.1], "song": [0.0, 1.0, 0.1], "0": [0.0, 0.0, 0.2], "7": [0.1, 0.1, 0.0]}
    model = WordModel({"sentiment": (SENTIMENTS, {})}, embedding=vectors).write(tmp_path / "m")
    result = only(evaluate_data(Comparison([ServedModel.open(str(model))]), tmp_path / "data", ["authors"]))
    assert isinstance(result.report, ClusterReport)
    assert result.value == pytest.approx(1)
    assert (result.report.authors, result.report.categories) == (6, 2)


def test_links_and_mentions_are_scrubbed_before_authors_are_compared(tmp_path: Path) -> None:
    """Accounts name themselves in them; a post of nothing else is none."""
    assert scrub("RT @someone: a goal https://t.co/1 www.example.org @other!") == "RT : a goal !"
    write_authors(tmp_path)
    posts = read_author_posts(tmp_path)
    assert set(posts.texts) == {f"{word} {n}" for word in ("goal", "song") for n in range(20)}
    assert "seventh" not in posts.categories


def test_authors_need_two_categories(tmp_path: Path) -> None:
    """Too few posts an author leave nothing to compare."""
    write_authors(tmp_path, posts=3)
    with pytest.raises(ValueError, match="fewer than two categories of authors with 20 posts"):
        read_author_posts(tmp_path)


def test_languages_are_told_apart_and_the_unsupported_share_is_the_services(tmp_path: Path) -> None:
    """The model knows English: there it is right, of Spanish it knows nothing and the service says so."""
    write_tweets(tmp_path / "data")
    result = only(evaluate_data(comparison(tmp_path / "m"), tmp_path / "data", ["umsab"]))
    assert isinstance(result.report, LanguageReport)
    english, spanish = result.report.languages["en"], result.report.languages["es"]
    assert (english.macro_recall, english.unsupported) == (1, 0)
    assert spanish.macro_recall == pytest.approx(1 / 3)
    assert spanish.unsupported == 1
    assert result.value == pytest.approx((1 + 1 / 3) / 2)


def test_a_model_alone_and_in_company_says_the_same(tmp_path: Path) -> None:
    """The check is made for every head and the embedding, and finds nothing in a graph that masks its padding."""
    data = write_corpora(tmp_path / "data")
    heads = {"sentiment": (SENTIMENTS, SENTIMENT_POINTS), "irony": (("non-irony", "irony"), {"good": [0.0, 1.0]})}
    model = ServedModel.open(
        str(WordModel(heads, embedding={"good": [1.0, 0.0], "[SEP]": [0.0, 1.0]}).write(tmp_path / "m"))
    )
    checks = evaluate_data(Comparison([model]), data, ["tweeteval-sentiment"]).checks[model.name]
    for head in ("sentiment", "irony"):
        assert checks[f"company, {head}, labels changed (%)"] == 0
        assert checks[f"company, {head}, largest shift"] < 1e-6
    assert checks["company, embedding, largest distance"] < 1e-6


def test_a_model_that_finds_the_same_texts_alike_agrees_with_the_encoder(tmp_path: Path) -> None:
    """Turned vectors agree in full, whatever their space; vectors of another mind do not."""
    data = write_corpora(tmp_path / "data")
    config = {"model_type": "bert", "max_position_embeddings": 64, "voxpop": {"embedding": {"output": "embedding"}}}
    plain = {"bad": [1.0, 0.0], "plain": [0.8, 0.6], "good": [0.0, 1.0]}
    encoder = WordModel({"sentiment": (SENTIMENTS, {})}, embedding=plain).write(tmp_path / "encoder")
    (encoder / "config.json").write_text(json.dumps(config))
    original = ServedModel(open_encoder(str(encoder)))
    for turned, agreement in (
        ({word: [y, -x] for word, (x, y) in plain.items()}, pytest.approx(1)),
        ({"bad": [1.0, 0.0], "plain": [0.0, 1.0], "good": [0.8, 0.6]}, pytest.approx(0, abs=0.5)),
    ):
        model = ServedModel.open(
            str(WordModel({"sentiment": (SENTIMENTS, {})}, embedding=turned).write(tmp_path / "m"))
        )
        checks = evaluate_data(Comparison([model], [original]), data, ["tweeteval-sentiment"]).checks[model.name]
        assert checks["encoder encoder, correlation of similarities"] == agreement


def test_the_graph_before_quantisation_says_what_was_lost(tmp_path: Path) -> None:
    """A graph that calls plain texts good loses a third of the nine tenths that the full one gets right."""
    data = write_corpora(tmp_path / "data")
    write_tweets(data)
    full = sentiment_model().write(tmp_path / "full") / "model.onnx"
    worse = {**SENTIMENT_POINTS, "plain": [0.0, 0.0, 2.0]}
    quantised = WordModel({"sentiment": (SENTIMENTS, worse)}).write(tmp_path / "m")
    figures = evaluate(quantised, data, full)
    assert figures["model"] == "words@1"
    assert figures["tweeteval-sentiment, macro recall (%)"] == pytest.approx(100 * 0.6, abs=4)
    lost = figures["full, tweeteval-sentiment, macro recall lost (points)"]
    assert lost == pytest.approx(90 - float(figures["tweeteval-sentiment, macro recall (%)"]), abs=0.02)
    assert figures["full, sentiment, labels changed (%)"] == pytest.approx(100 / 3, abs=0.1)


def test_an_unknown_benchmark_is_named_with_those_there_are(tmp_path: Path) -> None:
    """A slip in a name measures nothing."""
    with pytest.raises(ValueError, match="there is no benchmark tweets; there are tweeteval-sentiment, "):
        evaluate_data(comparison(tmp_path / "m"), tmp_path, ["tweets"])


def test_a_corpus_that_is_missing_is_named(tmp_path: Path) -> None:
    """An empty data folder is one sentence."""
    with pytest.raises(ValueError, match=r"sentiment_val\.parquet"):
        evaluate_data(comparison(tmp_path / "m"), tmp_path, ["tweeteval-sentiment"])
