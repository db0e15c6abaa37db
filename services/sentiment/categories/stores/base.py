"""What a store of category sets must do, in prose; `tests/contract/test_category_store.py` holds every store to it."""

from typing import Protocol

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import PackedExamples


class CategoryStore(Protocol):
    """Category sets by name, each in its latest version, with the examples that it was made of.

    A name's versions only rise, by one with each `put`, also over a `delete`: no version ever means two
    things, and the number alone tells whether a version is still the latest. Only the latest is kept:
    nothing can ask for an older one, and what is never read should not hold people's words. Every
    operation is all or nothing, also between processes that share the store; of two puts at once each gets a
    version of its own, and the later one stays.

    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """Keep a set and its examples in place of what its name had; return it with the version that it got."""

    async def delete(self, name: str) -> int:
        """Remove a set and its examples for good, and return the version that went; raises NotFoundError."""

    async def versions(self) -> dict[str, int]:
        """Return the version of every set by its name; cheap enough to be asked every other second."""

    async def find(self, name: str) -> CategorySet:
        """Return a set; raises NotFoundError, UnreadableSetError where another version of voxpop wrote it."""

    async def find_with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """Return a set and the examples of that same version; raises as `find` does."""

    async def check_ready(self) -> None:
        """Return where the store answers; raises where it does not."""


def missing(name: str) -> str:
    """Return the sentence for a name that is not there."""
    return f"there is no category set '{name}'; GET /v1/categories lists those there are"
