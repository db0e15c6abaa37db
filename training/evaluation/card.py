"""The evaluation as a page of Markdown with pictures beside it."""

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from services.sentiment.model_card import ModelCard
from training.evaluation.clustering import ClusterReport
from training.evaluation.plots import draw
from training.evaluation.results import EvaluationResults, Result, markdown_table
from training.evaluation.spans import EntityReport
from training.evaluation.transfer import LanguageReport
from training.measures import ClassReport

_NO_FILE_NAME: Final = re.compile(r"[^a-z0-9.]+")
_MEANING: Final = (
    "Figures are in percent. A calibration error (ECE, 15 bins of equal width; Guo et al., ICML 2017) is the mean "
    "distance between how sure the model is and how often it is right. Macro figures are means over the classes. "
    "Entities count where first word, last word and type are right."
)


def write_card(evaluation: EvaluationResults, cards: Mapping[str, ModelCard], command: str, path: Path) -> None:
    """Write the page to `path` and its pictures into a folder beside it, `NAME-plots`.

    `cards` are the models whose results are told in detail, by contestant; `command` is what gave the
    figures. Everything is written beside first and renamed when whole. Raises OSError where it cannot be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    plots = path.with_name(f"{path.stem}-plots")
    beside, page = plots.with_name(f"{plots.name}.part"), path.with_name(f"{path.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        drawn = _draw(evaluation, cards, beside)
        lines = _page(evaluation, cards, command, {key: f"{plots.name}/{name}" for key, name in drawn.items()})
        page.write_text("\n".join(lines) + "\n", "utf-8")
        shutil.rmtree(plots, ignore_errors=True)
        beside.rename(plots)
        page.replace(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        page.unlink(missing_ok=True)


def _draw(evaluation: EvaluationResults, contestants: Iterable[str], folder: Path) -> dict[tuple[str, str], str]:
    """Draw every class report of the contestants; return the pictures' file names by contestant and benchmark."""
    names: dict[tuple[str, str], str] = {}
    for number, contestant in enumerate(contestants, 1):
        for result in evaluation.of(contestant):
            if isinstance(result.report, ClassReport):
                name = f"{number}-{_NO_FILE_NAME.sub('-', result.benchmark.lower())}.svg"
                draw(result.report, f"{contestant}: {result.benchmark}", folder / name)
                names[contestant, result.benchmark] = name
    return names


def _page(
    evaluation: EvaluationResults, cards: Mapping[str, ModelCard], command: str, pictures: Mapping[tuple[str, str], str]
) -> list[str]:
    lines = ["# Evaluation", "", "Measured by", "", f"    {command}", "", _MEANING, ""]
    lines += markdown_table(evaluation)
    for contestant, card in cards.items():
        lines += ["", f"## {contestant}", "", *_facts(card)]
        for result in evaluation.of(contestant):
            lines += ["", f"### {result.benchmark} ({result.head})", "", *_details(result)]
            picture = pictures.get((contestant, result.benchmark))
            if picture is not None:
                lines += ["", f"![confusion matrix and reliability: {result.benchmark}]({picture})"]
        lines += _checks(evaluation.checks.get(contestant, {}))
    return lines


def _facts(card: ModelCard) -> list[str]:
    return [
        f"- precision: {card.precision}",
        f"- languages: {', '.join(card.languages) or 'not stated'}",
        f"- longest text: {card.max_length} tokens",
        f"- licence: {card.licence or 'not stated'}",
    ]


def _details(result: Result) -> list[str]:
    report = result.report
    note = [f"Note: {result.note}.", ""] if result.note else []
    if isinstance(report, ClassReport):
        return [*note, *_classes(report)]
    if isinstance(report, EntityReport):
        rows = {"all": report.overall, **report.types}
        return _table(
            ("type", "precision", "recall", "F1", "entities"),
            [(kind, _share(e.precision), _share(e.recall), _share(e.f1), str(e.support)) for kind, e in rows.items()],
        )
    if isinstance(report, ClusterReport):
        authors = f"{report.authors} authors in {report.categories} categories"
        return [f"{authors}: NMI {report.mean:.3f} ({report.low:.3f} to {report.high:.3f} over seeds)."]
    return _languages(report)


def _classes(report: ClassReport) -> list[str]:
    facts = {"accuracy": report.accuracy, "macro recall": report.macro_recall, "macro F1": report.macro_f1}
    if report.calibration is not None:
        facts["calibration error"] = report.calibration.error
    return [
        ", ".join(f"{name} {_share(share)}" for name, share in facts.items()) + f" on {report.texts} texts.",
        "",
        *_table(
            ("class", "precision", "recall", "F1", "texts"),
            [(c.label, _share(c.precision), _share(c.recall), _share(c.f1), str(c.support)) for c in report.classes],
        ),
    ]


def _languages(report: LanguageReport) -> list[str]:
    return _table(
        ("language", "macro recall", "called unsupported", "texts"),
        [
            (
                code,
                _share(each.macro_recall),
                "-" if each.unsupported is None else _share(each.unsupported),
                str(each.texts),
            )
            for code, each in report.languages.items()
        ],
    )


def _checks(checks: Mapping[str, float]) -> list[str]:
    if not checks:
        return []
    return [
        "",
        "### Checks",
        "",
        *_table(("check", "figure"), [(name, f"{value:.4g}") for name, value in checks.items()]),
    ]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(headings)} |",
        "|---|" + "---:|" * (len(headings) - 1),
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _share(share: float) -> str:
    return f"{100 * share:.1f}"
