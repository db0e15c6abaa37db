"""An evaluation: every contestant on every benchmark, then the checks of each model."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.sentiment.model_card import EMBEDDING, ENTITIES
from training.corpora import Examples, read_examples
from training.evaluation.benchmark import AUTHORS, CLASS_BENCHMARKS, LANGUAGES, MEASURES, NAMES, SEQUENCE_BENCHMARKS
from training.evaluation.checks import check_company, check_encoder, check_full
from training.evaluation.clustering import cluster_authors, read_author_posts
from training.evaluation.labelled_file import LabelledFile
from training.evaluation.results import EvaluationResults, Result
from training.evaluation.served import ServedModel
from training.evaluation.spans import entity_report, spans_of
from training.evaluation.transfer import measure_languages, read_tweets
from training.measures import report
from training.predictions import Contestant, HeldOutTexts
from training.sequences import read_sequences

CHECKED: Final = "tweeteval-sentiment"
"""The corpus whose validation texts the checks are made with."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """The contestants; `full` is a model before quantisation beside the name of the model that it became."""

    models: Sequence[ServedModel]
    baselines: Sequence[Contestant] = ()
    full: tuple[str, ServedModel] | None = None

    def contestants(self) -> list[Contestant]:
        """Return all contestants, in the order of the table."""
        return [*self.models, *([self.full[1]] if self.full else []), *self.baselines]

    def served(self) -> list[ServedModel]:
        """Return those that are model folders."""
        return [contestant for contestant in self.contestants() if isinstance(contestant, ServedModel)]

    def encoders(self) -> list[ServedModel]:
        """Return those that have embeddings alone: what a model's own are compared with."""
        return [model for model in self.served() if not model.card.heads]


def evaluate(folder: Path, data: Path, full: Path | None = None, only: Collection[str] = ()) -> dict[str, float | str]:
    """Return a folder's figures on the benchmarks, in percent, and its checks: what `config.json` holds.

    `full` is the graph before quantisation; `only` names benchmarks, empty for all.

    Raises ValueError or SettingsError for files that do not fit.
    """
    model = ServedModel.open(str(folder))
    other = None if full is None else (model.name, ServedModel.open(str(folder), f"{model.name} fp32", full))
    return evaluate_data(Comparison([model], full=other), data, only).summary(model.name)


def evaluate_data(
    comparison: Comparison, data: Path, only: Collection[str] = (), tell: Tell = lambda _: None
) -> EvaluationResults:
    """Return every contestant's figures on the validation parts of the corpora under `data`.

    `only` names benchmarks, empty for all; `tell` hears what is being measured. Raises ValueError for
    an unknown benchmark, and where a corpus cannot be read.
    """
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise ValueError(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    chosen = frozenset(only or NAMES)
    results = [
        *_class_results(comparison, data, chosen, tell),
        *_entity_results(comparison, data, chosen, tell),
        *_author_results(comparison, data, chosen, tell),
        *_language_results(comparison, data, chosen, tell),
    ]
    return EvaluationResults(results, _checks(comparison, data, results, chosen, tell))


def evaluate_file(
    comparison: Comparison, labelled: LabelledFile, head: str, tell: Tell = lambda _: None
) -> EvaluationResults:
    """Return every contestant's figures on a labelled file, asked of `head`."""
    examples = labelled.examples
    inputs = HeldOutTexts(labelled.name, head, examples.labels, examples.texts, examples.targets)
    return EvaluationResults([*_answers(comparison, inputs, examples, "macro F1", tell)])


def _class_results(comparison: Comparison, data: Path, chosen: Collection[str], tell: Tell) -> list[Result]:
    heads = {head for model in comparison.served() for head in model.card.heads}
    results = []
    for benchmark in CLASS_BENCHMARKS:
        asked = comparison.baselines or heads & {benchmark.head, benchmark.stand_in}
        if asked and benchmark.corpus in chosen:
            inputs, examples = benchmark.read(data)
            results += _answers(comparison, inputs, examples, benchmark.measure, tell)
    return results


def _answers(
    comparison: Comparison, inputs: HeldOutTexts, examples: Examples, measure: str, tell: Tell
) -> list[Result]:
    results = []
    for contestant in comparison.contestants():
        tell(f"{contestant.name}: {inputs.corpus}")
        predictions = contestant.predict(inputs)
        if predictions is None:
            continue
        figures = report(examples.classes, predictions.classes, examples.labels, predictions.probabilities)
        value = MEASURES[measure](figures)
        results.append(Result(contestant.name, inputs.corpus, inputs.head, measure, value, figures, predictions.note))
    return results


def _entity_results(comparison: Comparison, data: Path, chosen: Collection[str], tell: Tell) -> list[Result]:
    models = [model for model in comparison.served() if ENTITIES in model.card.heads]
    results = []
    for corpus in SEQUENCE_BENCHMARKS:
        if corpus not in chosen or not models:
            continue
        sequences = read_sequences(corpus, data, "val")
        expected = [spans_of(tags) for tags in sequences.tags]
        for model in models:
            tell(f"{model.name}: {corpus}")
            figures = entity_report(expected, model.entities(sequences.words), sequences.types)
            results.append(Result(model.name, corpus, ENTITIES, "entity F1", figures.overall.f1, figures))
    return results


def _author_results(comparison: Comparison, data: Path, chosen: Collection[str], tell: Tell) -> list[Result]:
    models = [model for model in comparison.served() if model.card.embedding is not None]
    if AUTHORS not in chosen or not models:
        return []
    posts = read_author_posts(data)
    results = []
    for model in models:
        tell(f"{model.name}: {AUTHORS}")
        figures = cluster_authors(posts, model.embed)
        note = f"{figures.low:.3f} to {figures.high:.3f} over seeds"
        results.append(Result(model.name, AUTHORS, EMBEDDING, "NMI", figures.mean, figures, note))
    return results


def _language_results(comparison: Comparison, data: Path, chosen: Collection[str], tell: Tell) -> list[Result]:
    if LANGUAGES not in chosen:
        return []
    tweets = read_tweets(data)
    results = []
    for contestant in comparison.contestants():
        tell(f"{contestant.name}: {LANGUAGES}")
        trained_on = contestant.card.languages if isinstance(contestant, ServedModel) else ()
        figures = measure_languages(contestant, tweets, trained_on)
        if figures is not None:
            results.append(Result(contestant.name, LANGUAGES, "sentiment", "macro recall", figures.mean, figures))
    return results


def _checks(
    comparison: Comparison, data: Path, results: Sequence[Result], chosen: Collection[str], tell: Tell
) -> dict[str, dict[str, float]]:
    if CHECKED not in chosen:
        return {}
    texts = read_examples(CHECKED, data, "val").texts
    checks: dict[str, dict[str, float]] = {}
    for model in comparison.models:
        tell(f"{model.name}: alone and in company")
        checks[model.name] = check_company(model, texts)
        for encoder in comparison.encoders() if model.card.embedding is not None else ():
            checks[model.name] |= check_encoder(model, encoder, texts)
        if comparison.full is not None and comparison.full[0] == model.name:
            full = comparison.full[1]
            checks[model.name] |= check_full(model, full, texts) | losses(results, model.name, full.name)
    return checks


def losses(results: Sequence[Result], quantised: str, full: str) -> dict[str, float]:
    """Return what quantisation costs on each benchmark, in points; below 0 it gained."""
    before = {result.benchmark: result.value for result in results if result.contestant == full}
    return {
        f"full, {result.benchmark}, {result.measure} lost (points)": round(
            100 * (before[result.benchmark] - result.value), 2
        )
        for result in results
        if result.contestant == quantised and result.benchmark in before
    }
