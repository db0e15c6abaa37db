"""What `voxpop model evaluate` does with its arguments."""

import json
from pathlib import Path

import pytest

from shared.errors import SettingsError
from tests.unit.training.evaluation.corpora import write_corpora, write_parquet
from tests.unit.training.evaluation.word_model import SENTIMENT_POINTS, SENTIMENTS, WordModel, sentiment_model
from training.evaluation.invocation import EvaluationRequest, FileRequest, carry_out
from training.evaluation.labelled_file import Columns


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Write a model that calls texts by their words."""
    return str(sentiment_model().write(tmp_path / "model"))


def labelled(folder: Path, **columns: list[object]) -> Path:
    """Write a labelled file of three texts."""
    texts = {"text": ["bad x", "plain", "good"], "label": ["negative", "neutral", "negative"]}
    return write_parquet(folder / "mine.parquet", {**texts, **columns})


def test_a_file_of_ones_own_is_measured_and_written(tmp_path: Path, folder: str) -> None:
    """Two of three are right; JSON and card are there, the card with its pictures, and nothing beside."""
    out = tmp_path / "out"
    request = EvaluationRequest(
        (folder,),
        file=FileRequest(labelled(tmp_path), Columns()),
        json=out / "o.json",
        card=out / "o.md",
        command="voxpop",
    )
    (result,) = carry_out(request).evaluation.results
    assert result.report.accuracy == pytest.approx(2 / 3)  # type: ignore[union-attr]
    written = json.loads((out / "o.json").read_text())["results"][0]
    assert written["benchmark"] == "mine.parquet"
    assert written["report"]["confusion"] == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert sorted(path.name for path in out.iterdir()) == ["o-plots", "o.json", "o.md"]


def test_models_and_lexicons_stand_in_one_table(tmp_path: Path, folder: str) -> None:
    """Each folder and each baseline that answers has its figure; two models of one name are told apart."""
    other = str(WordModel({"sentiment": (SENTIMENTS, {})}).write(tmp_path / "other"))
    request = EvaluationRequest(
        (folder, other), baselines="vader, textblob", file=FileRequest(labelled(tmp_path), Columns())
    )
    names = [result.contestant for result in carry_out(request).evaluation.results]
    assert names == [f"words@1 ({folder})", f"words@1 ({other})", "VADER", "TextBlob"]


def test_a_target_column_asks_the_head_for_targets(tmp_path: Path) -> None:
    """As in the service, a text with a target is read with it where the model can."""
    about = {**SENTIMENT_POINTS, "other": [0.0, 9.0, 0.0]}
    model = str(sentiment_model(target_sentiment=(SENTIMENTS, about)).write(tmp_path / "m"))
    path = labelled(tmp_path, about=["it", "it", "other"], label=["negative", "neutral", "neutral"])
    request = EvaluationRequest((model,), file=FileRequest(path, Columns(target="about")))
    (result,) = carry_out(request).evaluation.results
    assert (result.head, result.value) == ("target_sentiment", 1)


def test_models_that_number_their_classes_differently_need_names(tmp_path: Path, folder: str) -> None:
    """Numbers are refused with the remedy; names, or a mapping, are fine."""
    labels = ("positive", "negative")
    reverse = WordModel({"sentiment": (labels, {"good": [3.0, 0.0], "bad": [0.0, 3.0]})}).write(tmp_path / "reverse")
    path = labelled(tmp_path, label=[0, 1, 2])
    with pytest.raises(ValueError, match=r"row 1 has the label '0'.*--labels"):
        carry_out(EvaluationRequest((folder, str(reverse)), file=FileRequest(path, Columns())))
    names = "0=negative,1=neutral,2=positive"
    results = carry_out(
        EvaluationRequest((folder, str(reverse)), file=FileRequest(path, Columns(), names=names))
    ).evaluation.results
    assert [result.report.accuracy for result in results] == pytest.approx([1, 2 / 3])  # type: ignore[union-attr]


def test_rows_without_text_are_remarked_on(tmp_path: Path, folder: str) -> None:
    """How many were left out is said."""
    path = labelled(tmp_path, text=["bad", "", "good"], label=["negative", "x", "positive"])
    assert carry_out(EvaluationRequest((folder,), file=FileRequest(path, Columns()))).remarks == (
        "1 rows of mine.parquet without text were left out",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "give --data FOLDER for the benchmarks, or --file FILE"),
        ({"baselines": "bert", "data": Path()}, "there is no baseline 'bert'; there are vader, textblob, tfidf"),
        ({"baselines": "lstm", "data": Path()}, "needs the folder of a trained one: lstm=FOLDER"),
        ({"baselines": "tfidf", "file": FileRequest(Path("x"), Columns())}, "measure with --data, not --file"),
        ({"file": FileRequest(Path("x"), Columns()), "data": Path()}, "not both"),
        ({"file": FileRequest(Path("x.csv"), Columns())}, r"there is no file x\.csv"),
        ({"file": FileRequest(Path("x.csv"), Columns(), head="irony")}, "has no head 'irony'; it has sentiment"),
        ({"file": FileRequest(Path("x.csv"), Columns(), head="entities")}, "--data measures them"),
        ({"file": FileRequest(Path("x.csv"), Columns(), head="target_sentiment")}, "give --target-column"),
        ({"data": Path(), "json": Path()}, "--json: . is a folder"),
        ({"data": Path(), "card": Path()}, "--card: . is a folder"),
        ({"data": Path(), "only": ("wnut17",)}, "none of these models has a head"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_one_sentence(
    folder: str, change: dict[str, object], message: str
) -> None:
    """What is missing or unknown is said with the option that mends it."""
    with pytest.raises(ValueError, match=message):
        carry_out(EvaluationRequest((folder,), **change))  # type: ignore[arg-type]


def test_a_graph_before_quantisation_goes_with_one_folder(folder: str) -> None:
    """Of which of two it would be is not known."""
    with pytest.raises(ValueError, match="--full is the graph before quantisation of one model"):
        carry_out(EvaluationRequest((folder, folder), data=Path(), full=Path("fp32.onnx")))


def test_a_truncated_graph_is_refused_and_nothing_is_written(tmp_path: Path, folder: str) -> None:
    """The folder is named as damaged, and what was written before stands."""
    graph = Path(folder) / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:100])
    out = tmp_path / "o.json"
    out.write_text("before")
    with pytest.raises(SettingsError, match="damaged, truncated or no ONNX graph"):
        carry_out(EvaluationRequest((folder,), data=write_corpora(tmp_path / "data"), json=out))
    assert out.read_text() == "before"


def test_an_lstm_and_an_encoder_are_folders_too(tmp_path: Path, folder: str) -> None:
    """The one answers as any model, the other has embeddings alone and stays out of the rest."""
    config = {"model_type": "bert", "max_position_embeddings": 64, "voxpop": {"embedding": {"output": "embedding"}}}
    encoder = WordModel({"sentiment": (SENTIMENTS, {})}, embedding={"good": [1.0, 0.0]}).write(tmp_path / "encoder")
    (encoder / "config.json").write_text(json.dumps(config))
    request = EvaluationRequest(
        (folder,), baselines=f"lstm={folder},encoder={encoder}", file=FileRequest(labelled(tmp_path), Columns())
    )
    assert len(carry_out(request).evaluation.results) == 2
