"""Model folders are put in place whole, and nothing else is ever lost."""

from contextlib import suppress
from pathlib import Path

import pytest

from training.target_folder import folder_beside


def _model(folder: Path, text: str = "old") -> Path:
    folder.mkdir()
    for name in ("config.json", "model.onnx", "README.md", "LICENSE"):
        (folder / name).write_text(text)
    return folder


def test_a_whole_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """The new files are there, the card and licence that people wrote stay, and nothing lies beside."""
    target = _model(tmp_path / "model")
    with folder_beside(target) as folder:
        (folder / "config.json").write_text("new")
    assert (target / "config.json").read_text() == "new"
    assert sorted(path.name for path in target.iterdir()) == ["LICENSE", "README.md", "config.json"]
    assert (target / "README.md").read_text() == (target / "LICENSE").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    """Whatever ends the writing, what was served is still served."""
    target = _model(tmp_path / "model")
    with suppress(KeyboardInterrupt), folder_beside(target) as folder:
        (folder / "config.json").write_text("half")
        raise KeyboardInterrupt
    assert (target / "config.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The folder that a link names is replaced, the link stays."""
    target = _model(tmp_path / "v1")
    link = tmp_path / "current"
    link.symlink_to(target)
    with folder_beside(link) as folder:
        (folder / "config.json").write_text("new")
    assert link.is_symlink()
    assert (link / "config.json").read_text() == "new"


def test_a_swap_that_fails_loses_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new folder cannot be put in place, the old one comes back and the new one is named."""
    target = _model(tmp_path / "model")
    rename = Path.rename

    def refuse(self: Path, to: Path) -> Path:
        if self.name == "model.part":
            raise OSError(16, "Device or resource busy")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ValueError, match=r"could not be replaced .* the new folder is .*model\.part"):
        _replace(target)
    assert (target / "config.json").read_text() == "old"
    assert (tmp_path / "model.part/config.json").read_text() == "new"


@pytest.mark.parametrize("names", [["notes.txt"], ["config.json", "notes.db"]])
def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path, names: list[str]) -> None:
    """A config.json alone makes no model: a folder of other things is left alone."""
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match="is there and no model folder"):
        _replace(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def _replace(target: Path) -> None:
    with folder_beside(target) as folder:
        (folder / "config.json").write_text("new")
