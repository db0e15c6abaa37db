"""Who takes part in an evaluation, as the command line names them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.sentiment.model_folder import open_encoder
from training.baselines.lexicons import TextBlobLexicon, Vader
from training.baselines.linear import TfidfRegression
from training.evaluation.course import Contest
from training.evaluation.served import ServedModel
from training.question import Contestant

BASELINES: Final = ("vader", "textblob", "tfidf", "lstm=FOLDER", "encoder=FOLDER")


def gather(folders: Sequence[str], full: Path | None, baselines: str, data: Path | None) -> Contest:
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
        return Contest(models, others)
    before = ServedModel.open(folders[0], f"{models[0].name} fp32", full)
    return Contest(models, others, (models[0].name, before))


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
