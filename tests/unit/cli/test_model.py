"""The commands under `voxpop model`: what they print and how they end."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import model
from services.cli.model import model_app
from tests.unit.training.evaluation.corpora import write_corpora
from tests.unit.training.evaluation.word_model import sentiment_model


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Write a model."""
    return str(sentiment_model().write(tmp_path / "model"))


@pytest.fixture(autouse=True)
def _logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave logging alone: the runner closes the stream that a command would have it write to ever after."""
    monkeypatch.setattr(model, "configure_logs", lambda _level: None)


def run(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(model_app, arguments)


def test_evaluating_prints_a_table(tmp_path: Path, folder: str) -> None:
    """The benchmark with its figure in percent, and the checks below."""
    data = write_corpora(tmp_path / "data")
    done = run("evaluate", folder, "--data", str(data), "--benchmarks", "tweeteval-sentiment,sentiment140")
    assert done.exit_code == 0
    assert "90.0" in done.stdout
    assert "company, sentiment, labels changed" in done.stdout


def test_a_labelled_file_is_measured_by_its_columns(tmp_path: Path, folder: str) -> None:
    """Columns, head and mapping are taken from the options."""
    path = tmp_path / "mine.csv"
    path.write_text("post,mood\ngood,happy\nbad,sad\n")
    done = run(
        "evaluate", folder, "--file", str(path), "--text-column", "post", "--label-column", "mood",
        "--labels", "happy=positive,sad=negative", "--json", str(tmp_path / "o.json"),
    )  # fmt: skip
    assert done.exit_code == 0
    assert "100.0" in done.stdout
    assert (tmp_path / "o.json").is_file()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("words,label\na,0\n", "mine.csv has no column 'text'"),
        ("text,label\n", "mine.csv has no rows"),
        ("text,label\na,cheerful\n", "row 1 has the label 'cheerful'"),
        ("text,label\na,0\n", "every row has the label 'negative'"),
    ],
)
def test_a_file_that_does_not_fit_ends_with_two_and_one_sentence(
    tmp_path: Path, folder: str, content: str, message: str
) -> None:
    """Wrong usage, said on stderr, without a traceback."""
    path = tmp_path / "mine.csv"
    path.write_text(content)
    done = run("evaluate", folder, "--file", str(path))
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_calibrating_prints_each_heads_temperature(tmp_path: Path, folder: str) -> None:
    """The head, what it got, and the error before and after."""
    done = run("calibrate", folder, "--data", str(write_corpora(tmp_path / "data")))
    assert done.exit_code == 0
    assert "sentiment" in done.stdout
    assert "temperature" in done.stdout


class _Without:
    """An importer that knows nothing of a library, as where it is not installed."""

    def __init__(self, library: str) -> None:
        self._library = library

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse the library, leave all others to the next importer."""
        if name.partition(".")[0] == self._library:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("arguments", "library", "extra"),
    [
        (["train", "--data", "d", "--output", "o"], "torch", "train"),
        (["export", "owner/name", "--output", "o"], "torch", "train"),
        (["evaluate", "m", "--data", "d"], "matplotlib", "evaluate"),
    ],
)
def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], library: str, extra: str
) -> None:
    """Where a command's libraries are not installed one sentence names the extra, and the exit code is 2."""
    for name in [name for name in sys.modules if name.startswith("training")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without(library), *sys.meta_path])
    done = run(*arguments)
    assert done.exit_code == 2
    assert "is not installed; this command needs the extras" in done.stderr
    assert extra in done.stderr
