"""voxpop's version stands in `pyproject.toml`; everything else that names it names the same."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from tests.unit.shared.example_service import example_app

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
IMAGE = re.compile(r"(?:voxpop/[a-z]+:|newTag: )([\w.-]+)")


def test_what_is_installed_and_what_the_services_say_is_this_version() -> None:
    """`/docs` shows what is installed."""
    assert version("voxpop") == VERSION
    assert example_app().openapi()["info"]["version"] == VERSION


def test_images_are_tagged_with_this_version() -> None:
    """In Compose, in Kubernetes' manifests and in what the pages tell people to type."""
    places = [ROOT / "docker-compose.yml", *(ROOT / "deploy").rglob("*"), *(ROOT / "docs").rglob("*.md")]
    tags = {
        (str(path.relative_to(ROOT)), tag)
        for path in places
        if path.is_file() and path.suffix in {".yml", ".yaml", ".md", ""}
        for tag in IMAGE.findall(path.read_text("utf-8"))
    }
    assert len(tags) > 1
    assert {tag for _, tag in tags} == {VERSION}, sorted(tags)


def test_the_changelog_begins_with_this_version() -> None:
    """What is being made is described first."""
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == VERSION
