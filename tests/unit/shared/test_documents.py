"""What a collection may declare."""

import pytest

from shared.documents.collection import Collection, Index


@pytest.mark.parametrize(
    ("name", "fields", "index"),
    [
        ("notes", {"due": int}, Index(("place",))),
        ("notes", {"due": int}, Index(())),
        ("notes", {"version": int}, Index(("version",))),
        ("notes", {"due-at": int}, Index(("due-at",))),
        ("my notes", {"due": int}, Index(("due",))),
    ],
)
def test_a_declaration_that_no_database_can_keep_is_an_error(
    name: str, fields: dict[str, type[int]], index: Index
) -> None:
    """An index over fields that are not declared, names that are taken or no names."""
    with pytest.raises(ValueError, match=name):
        Collection(name, fields, (index,))
