"""What `voxpop model evaluate` does with its arguments, apart from the terminal."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.sentiment.model_folder import open_encoder
from training.baselines.lexical import TextBlobLexicon, TfidfRegression, Vader
from training.evaluation.card import write_card
from training.evaluation.comparison import Comparison, Tell, evaluate_data, evaluate_file
from training.evaluation.labelled_file import Columns, LabelledFile, Labels, parse_names, read_file
from training.evaluation.results import EvaluationResults
from training.evaluation.served import ServedModel
from training.predictions import Contestant
from training.target_folder import write_whole

BASELINES: Final = ("vader", "textblob", "tfidf", "lstm=FOLDER", "encoder=FOLDER")


@dataclass(frozen=True)
class FileRequest:
    """A labelled file to measure on; `names` is the argument of --labels, `VALUE=LABEL,...`."""

    path: Path
    columns: Columns
    head: str = "sentiment"
    names: str = ""


@dataclass(frozen=True)
class EvaluationRequest:
    """What is asked for: model folders, what to measure on, what to compare with, what to write."""

    folders: tuple[str, ...]
    data: Path | None = None
    file: FileRequest | None = None
    only: tuple[str, ...] = ()
    full: Path | None = None
    baselines: str = ""
    json: Path | None = None
    card: Path | None = None
    command: str = ""


@dataclass(frozen=True)
class EvaluationOutcome:
    """The evaluation, and sentences that should be read with it."""

    evaluation: EvaluationResults
    remarks: tuple[str, ...] = ()


def carry_out(request: EvaluationRequest, tell: Tell = lambda _: None) -> EvaluationOutcome:
    """Measure and write; `tell` hears what is being measured.

    Raises ValueError, SettingsError or OSError in one sentence; nothing is half-written then.
    """
    if request.file is None and request.data is None:
        raise ValueError("give --data FOLDER for the benchmarks, or --file FILE for a labelled file of yours")
    if request.file is not None and request.data is not None:
        raise ValueError("give --data FOLDER or --file FILE, not both: what is asked of a file is asked of it alone")
    for option, target in (("--json", request.json), ("--card", request.card)):
        if target is not None and target.is_dir():
            raise ValueError(f"{option}: {target} is a folder; name a file in it")
    comparison = gather(request.folders, request.full, request.baselines, request.data)
    if request.file is None:
        assert request.data is not None  # noqa: S101 - checked above
        outcome = EvaluationOutcome(evaluate_data(comparison, request.data, request.only, tell))
    else:
        outcome = _on_file(comparison, request.file, tell)
    if not outcome.evaluation.results:
        raise ValueError("none of these models has a head that the chosen benchmarks measure")
    if request.json is not None:
        write_json(outcome.evaluation, request.json)
    if request.card is not None:
        cards = {model.name: model.card for model in comparison.models}
        write_card(outcome.evaluation, cards, request.command, request.card)
    return outcome


def write_json(evaluation: EvaluationResults, path: Path) -> None:
    """Write everything that was measured, beside first and renamed when whole; shares are in [0, 1]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(evaluation.plain(), indent=2) + "\n")


def gather(folders: Sequence[str], full: Path | None, baselines: str, data: Path | None) -> Comparison:
    """Open the models and baselines; `baselines` is a list with commas of the names in `BASELINES`.

    An LSTM is a folder that was trained, and is measured as one; of an encoder only the embedding is.
    Raises ValueError in one sentence for an unknown baseline, one that lacks its folder or data, and a
    graph before quantisation with more than one folder; SettingsError for a folder that cannot be served.
    """
    if full is not None and len(folders) != 1:
        raise ValueError("--full is the graph before quantisation of one model; give one folder with it")
    names = [name.strip() for name in baselines.split(",") if name.strip()]
    lstms = [name.partition("=")[2] for name in names if name.startswith("lstm=")]
    others = [_baseline(name, data) for name in names if not name.startswith("lstm=")]
    models = _open([*folders, *lstms])
    if full is None:
        return Comparison(models, others)
    before = ServedModel.open(folders[0], f"{models[0].name} fp32", full)
    return Comparison(models, others, (models[0].name, before))


def _open(folders: Sequence[str]) -> list[ServedModel]:
    models = [ServedModel.open(folder) for folder in folders]
    counts = Counter(model.name for model in models)
    for model, folder in zip(models, folders, strict=True):
        if counts[model.name] > 1:
            model.name = f"{model.name} ({folder})"
    return models


def _baseline(name: str, data: Path | None) -> Contestant:
    if name == "vader":
        return Vader()
    if name == "textblob":
        return TextBlobLexicon()
    if name == "tfidf":
        if data is None:
            raise ValueError("--baselines tfidf learns from a corpus's train part: measure with --data, not --file")
        return TfidfRegression(data)
    if name.startswith("encoder="):
        return ServedModel(open_encoder(name.partition("=")[2]))
    if name == "lstm":
        raise ValueError(
            "--baselines lstm needs the folder of a trained one: lstm=FOLDER (voxpop model train makes it)"
        )
    raise ValueError(f"there is no baseline '{name}'; there are {', '.join(BASELINES)}")


def _on_file(comparison: Comparison, asked: FileRequest, tell: Tell) -> EvaluationOutcome:
    head = asked.head
    if head == "entities":
        raise ValueError("entities are tags of words, which no column of labels holds; --data measures them")
    if head == "target_sentiment" and asked.columns.target is None:
        raise ValueError("the head 'target_sentiment' needs what each text is about: give --target-column")
    if head == "sentiment" and asked.columns.target is not None:
        head = "target_sentiment"
    numberings = [_labels(comparison, model_number, head) for model_number in range(len(comparison.models))]
    known = max(numberings, key=lambda labels: len(set(labels)))
    labels = Labels(known, parse_names(asked.names, tuple(dict.fromkeys(known))), len(set(numberings)) == 1)
    labelled = read_file(asked.path, asked.columns, labels)
    return EvaluationOutcome(evaluate_file(comparison, labelled, head, tell), _remarks(labelled))


def _labels(comparison: Comparison, number: int, head: str) -> tuple[str, ...]:
    """Return a model's labels by class number; where it has no head for targets, those of its sentiment."""
    model = comparison.models[number]
    return model.labels("sentiment" if head == "target_sentiment" and head not in model.card.heads else head)


def _remarks(labelled: LabelledFile) -> tuple[str, ...]:
    return (f"{labelled.blank} rows of {labelled.name} without text were left out",) if labelled.blank else ()
