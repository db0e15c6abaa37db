"""`voxpop model`: training and measuring, with the extra `train`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from services.console import WRONG_USAGE, out, stop
from shared.logs import configure_logs

model_app = typer.Typer(no_args_is_help=True, help="The model: training and measuring (needs the extra `train`).")


@model_app.command("train")
def train_model(
    data: Annotated[Path, typer.Option(help="folder with tweeteval/ and subj/")],
    output: Annotated[Path, typer.Option(help="model folder to write")],
    work: Annotated[Path, typer.Option(help="folder for the checkpoint")] = Path("var/training"),
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    from_checkpoint: Annotated[bool, typer.Option("--from-checkpoint", help="export what was trained before")] = False,
) -> None:
    """Fine-tune the encoder, export it to ONNX, quantise it and write a model folder."""
    from services.sentiment.training.recipe import make_model

    configure_logs("INFO")
    _train(lambda: make_model(data, work, output, epochs, retrain=not from_checkpoint))


@model_app.command("evaluate")
def evaluate_model(
    folder: Annotated[Path, typer.Argument(help="model folder")],
    data: Annotated[Path, typer.Option(help="folder with tweeteval/ and subj/")],
    full: Annotated[Path | None, typer.Option(help="the graph before quantisation, to compare with")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure a model folder on the validation splits, as the service runs it."""
    from services.sentiment.training.evaluation import evaluate

    figures = _train(lambda: evaluate(folder, data, full))
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        for name, value in figures.items():
            out.print(f"{name:45} {value}", highlight=False)


def _train(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (ValueError, OSError) as error:
        stop(str(error), WRONG_USAGE)
