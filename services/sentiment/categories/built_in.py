"""Category sets that come with a model, in `categories/<name>.json` of its folder."""

from pathlib import Path
from typing import Final

import structlog

from services.sentiment.categories.category_set import CategorySet, UnreadableSetError
from shared.errors import SettingsError

log = structlog.get_logger(__name__)

FOLDER: Final = "categories"


def read_built_in(model_folder: Path, embedding_version: str | None) -> dict[str, CategorySet]:
    """Return a model's sets by name; those made with another embedding than it is served with are left out.

    Blocks. Raises SettingsError, naming the file, where one is damaged or bears another name than its set.
    """
    found: dict[str, CategorySet] = {}
    for path in sorted((model_folder / FOLDER).glob("*.json")):
        try:
            category_set = CategorySet.from_json(path.read_bytes())
        except UnreadableSetError as error:
            raise SettingsError(f"SENTIMENT_MODEL: {path}: {error}; make the file again, or remove it") from None
        if category_set.name != path.stem:
            raise SettingsError(
                f"SENTIMENT_MODEL: {path} holds the category set '{category_set.name}'; name the file after its set"
            )
        if category_set.embedding_version == embedding_version:
            found[category_set.name] = category_set
        else:
            log.warning(
                "built_in_category_set_left_out",
                name=category_set.name,
                made_with=category_set.embedding_version,
                served_with=embedding_version,
            )
    return found
