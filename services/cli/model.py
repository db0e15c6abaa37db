"""`voxpop model`: measuring (extra `evaluate`), training and exporting (extra `train`)."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.cli.console import WRONG_USAGE, err, out, stop
from shared.logs import configure_logs

model_app = typer.Typer(
    no_args_is_help=True, help="The model: measuring (extra `evaluate`), training and exporting (extra `train`)."
)


@contextmanager
def _asking(extra: str) -> Iterator[None]:
    """Run a command's work; what a person can mend ends it with one sentence and exit code 2."""
    try:
        yield
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; this command needs the extras `sentiment` and `{extra}`", WRONG_USAGE)
    except (ValueError, OSError) as error:
        stop(str(error), WRONG_USAGE)


@model_app.command("train")
def train_model(
    data: Annotated[Path, typer.Option(help="folder with the corpora")],
    output: Annotated[Path, typer.Option(help="model folder to write")],
    recipe: Annotated[
        str, typer.Option(help="a .toml file, or voxpop-minilm, lstm-sentiment, lstm-targets")
    ] = "voxpop-minilm",
    work: Annotated[Path, typer.Option(help="folder for checkpoint, weights, and the fp32 and fp16 folders")] = Path(
        "var/training"
    ),
    unrestricted: Annotated[
        bool, typer.Option("--unrestricted", help="leave out corpora whose terms may forbid commercial use")
    ] = False,
    from_weights: Annotated[bool, typer.Option("--from-weights", help="export what was trained before")] = False,
) -> None:
    """Train after a recipe, going on from a checkpoint where there is one, and write a model folder."""
    configure_logs("INFO")
    with _asking("train"):
        from training.build import encoder_folder, make_lstm, make_model
        from training.recipe import LstmRecipe, load_recipe

        chosen = load_recipe(recipe)
        if not isinstance(chosen, LstmRecipe):
            made = chosen.unrestricted() if unrestricted else chosen
            make_model(made, data, work, output, encoder_folder(), retrain=not from_weights)
        elif unrestricted or from_weights:
            raise ValueError("--unrestricted and --from-weights are for the model, not for an LSTM; leave them out")
        else:
            make_lstm(chosen, data, output)


@model_app.command("export")
def export_model(
    source: Annotated[str, typer.Argument(help="hub id, or folder of transformers")],
    output: Annotated[Path, typer.Option(help="model folder to write")],
    purpose: Annotated[
        str, typer.Option(help="sentiment: a classifier for SENTIMENT_MODEL; embedding: an encoder for EMBEDDING_MODEL")
    ] = "sentiment",
    precision: Annotated[str, typer.Option(help="fp32, int8 for a CPU, fp16 for a GPU")] = "fp32",
    labels: Annotated[str, typer.Option(help="what labels mean: LABEL_0=negative,LABEL_1=positive")] = "",
) -> None:
    """Turn a Hugging Face classifier or encoder into a folder that the service accepts."""
    configure_logs("INFO")
    with _asking("train"):
        from training.hub import export_hub_model, parse_labels

        export_hub_model(source, output, purpose, precision, parse_labels(labels))
    out.print(f"wrote {output}", highlight=False)


@model_app.command("evaluate")
def evaluate_model(
    folders: Annotated[list[str], typer.Argument(help="model folders or hub ids", metavar="FOLDER...")],
    data: Annotated[Path | None, typer.Option(help="measure on the benchmarks in this folder")] = None,
    benchmarks: Annotated[str, typer.Option(help="only these benchmarks, with commas  [default: all]")] = "",
    file: Annotated[Path | None, typer.Option(help="measure on a labelled .parquet or .csv file")] = None,
    text_column: Annotated[str, typer.Option(help="column of texts in FILE")] = "text",
    label_column: Annotated[str, typer.Option(help="column of labels in FILE")] = "label",
    target_column: Annotated[str | None, typer.Option(help="column of what each text is about in FILE")] = None,
    head: Annotated[str, typer.Option(help="which head FILE asks")] = "sentiment",
    labels: Annotated[str, typer.Option(help="what values in FILE mean: 0=negative,1=neutral")] = "",
    full: Annotated[Path | None, typer.Option(help="the graph before quantisation, to compare with")] = None,
    baselines: Annotated[str, typer.Option(help="vader, textblob, tfidf, lstm=FOLDER, encoder=FOLDER")] = "",
    json_path: Annotated[Path | None, typer.Option("--json", help="write all figures as JSON")] = None,
    card: Annotated[Path | None, typer.Option(help="write a page of Markdown with plots beside it")] = None,
) -> None:
    """Measure model folders, as the service runs them, on the benchmarks or on a labelled file."""
    with _asking("evaluate"):
        from training.evaluation import invocation
        from training.evaluation.labelled_file import Columns
        from training.evaluation.results import terminal_table

        columns = Columns(text_column, label_column, target_column)
        request = invocation.EvaluationRequest(
            folders=tuple(folders),
            data=data,
            file=None if file is None else invocation.FileRequest(file, columns, head, labels),
            only=tuple(name.strip() for name in benchmarks.split(",") if name.strip()),
            full=full,
            baselines=baselines,
            json=json_path,
            card=card,
            command=shlex.join(["voxpop", *sys.argv[1:]]),
        )
        with err.status("reading") as status:
            outcome = invocation.carry_out(request, status.update)
    out.print(terminal_table(outcome.evaluation))
    for name, checks in outcome.evaluation.checks.items():
        out.print(f"\n{name}", style="bold", highlight=False)
        for check, value in checks.items():
            out.print(f"  {check:60} {value:.4g}", highlight=False)
    for remark in outcome.remarks:
        err.print(remark, highlight=False)


@model_app.command("calibrate")
def calibrate_model(
    folder: Annotated[Path, typer.Argument(help="model folder; its config.json is rewritten")],
    data: Annotated[Path, typer.Option(help="folder with the corpora")],
) -> None:
    """Fit each head's temperature on the validation splits and write it into config.json."""
    with _asking("evaluate"):
        from training.evaluation.calibration import calibrate

        calibrated = calibrate(folder, data)
    for head, found in calibrated.items():
        errors = f"calibration error {found.before:.3f} -> {found.after:.3f}"
        out.print(f"{head:20} temperature {found.temperature:6.3f}  {errors}", highlight=False)
