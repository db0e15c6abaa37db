"""What the documents promise: the page of settings is what the settings are, the README stays short."""

from pathlib import Path

from deploy import settings_page

ROOT = Path(__file__).parents[2]


def test_the_page_of_settings_is_what_the_settings_are() -> None:
    """A setting that is added, renamed or described anew changes the page in the same commit (`make docs`)."""
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page()


def test_the_readme_is_read_in_one_sitting() -> None:
    """It holds what voxpop is, two commands, the first result and where to read on, in 200 lines at most."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_every_page_that_a_document_names_is_there() -> None:
    """Links between the repository's own pages lead somewhere."""
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        ROOT / "deploy" / "README.md",
    ):
        for link in page.read_text(encoding="utf-8").split("](")[1:]:
            target = link.partition(")")[0].partition("#")[0]
            assert not target or "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"
