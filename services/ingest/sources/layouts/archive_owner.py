"""Whose an X archive is: `account.js` tells it, beside the posts."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from services.ingest.sources.fields import inside
from services.ingest.sources.layouts.json_values import JsonValue, is_assigned, json_documents
from services.ingest.sources.layouts.layout import Record, present

ACCOUNT: Final = "account.js"


def owner_beside(name: str, sample: bytes) -> Record | None:
    """Return whose posts a file of an archive holds, empty where no account lies beside it; None of any other file."""
    if not is_assigned(sample):
        return None
    if name != "-":
        with suppress(OSError), (Path(name).parent / ACCOUNT).open("rb") as content:
            return owner_in(json_documents(content))
    return {}


def owner_in(values: Iterable[JsonValue]) -> Record:
    """Return what an account file tells of the author of a whole archive, empty where it tells nothing."""
    for told in values:
        account: Any = inside(told.value, "account")
        if isinstance(account, dict) and account.get("accountId"):
            return present(
                author_id=account["accountId"],
                handle=account.get("username"),
                account_created_at=account.get("createdAt"),
            )
    return {}
