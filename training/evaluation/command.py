"""What `voxpop model evaluate` does with its arguments, apart from the terminal."""

import json
from dataclasses import dataclass
from pathlib import Path

from training.evaluation.card import write_card
from training.evaluation.contestants import gather
from training.evaluation.course import Contest, Tell, evaluate_data, evaluate_file
from training.evaluation.labelled_file import Columns, LabelledFile, Labels, parse_names, read_file
from training.evaluation.result import Evaluation


@dataclass(frozen=True)
class FileRequest:
    """A labelled file to measure on; `names` is the argument of --labels, `VALUE=LABEL,...`."""

    path: Path
    columns: Columns
    head: str = "sentiment"
    names: str = ""


@dataclass(frozen=True)
class Request:
    """What is asked for: model folders, what to measure on, with whom to compare, what to write."""

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
class Outcome:
    """The evaluation, and sentences that should be read with it."""

    evaluation: Evaluation
    remarks: tuple[str, ...] = ()


def carry_out(request: Request, tell: Tell = lambda _: None) -> Outcome:
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
    contest = gather(request.folders, request.full, request.baselines, request.data)
    if request.file is None:
        assert request.data is not None  # noqa: S101 - checked above
        outcome = Outcome(evaluate_data(contest, request.data, request.only, tell))
    else:
        outcome = _on_file(contest, request.file, tell)
    if not outcome.evaluation.results:
        raise ValueError("none of these models has a head that the chosen benchmarks measure")
    if request.json is not None:
        write_json(outcome.evaluation, request.json)
    if request.card is not None:
        cards = {model.name: model.card for model in contest.models}
        write_card(outcome.evaluation, cards, request.command, request.card)
    return outcome


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write everything that was measured, beside first and renamed when whole; shares are in [0, 1]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(json.dumps(evaluation.plain(), indent=2) + "\n", "utf-8")
    beside.replace(path)


def _on_file(contest: Contest, asked: FileRequest, tell: Tell) -> Outcome:
    head = asked.head
    if head == "entities":
        raise ValueError("entities are tags of words, which no column of labels holds; --data measures them")
    if head == "target_sentiment" and asked.columns.target is None:
        raise ValueError("the head 'target_sentiment' needs what each text is about: give --target-column")
    if head == "sentiment" and asked.columns.target is not None:
        head = "target_sentiment"
    numberings = [_labels(contest, model_number, head) for model_number in range(len(contest.models))]
    known = max(numberings, key=lambda labels: len(set(labels)))
    labels = Labels(known, parse_names(asked.names, tuple(dict.fromkeys(known))), len(set(numberings)) == 1)
    labelled = read_file(asked.path, asked.columns, labels)
    return Outcome(evaluate_file(contest, labelled, head, tell), _remarks(labelled))


def _labels(contest: Contest, number: int, head: str) -> tuple[str, ...]:
    """Return a model's labels by class number; where it has no head for targets, those of its sentiment."""
    model = contest.models[number]
    return model.labels("sentiment" if head == "target_sentiment" and head not in model.card.heads else head)


def _remarks(labelled: LabelledFile) -> tuple[str, ...]:
    return (f"{labelled.blank} rows of {labelled.name} without text were left out",) if labelled.blank else ()
