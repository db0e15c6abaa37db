"""What ingest asks of profiles when an author is to be erased, and what it is told."""

from typing import Annotated

from pydantic import Field

from shared.analysis import Frozen
from shared.analyzed_post import Key
from shared.brand import Brand
from shared.strict_body import PersonalBody

Count = Annotated[int, Field(ge=0)]


class ErasureOrder(PersonalBody):
    """Whom to erase, by pseudonym."""

    author_key: Key


class ErasedOfBrand(Frozen):
    """What was removed of one brand: counted posts, texts with their analysis, clusters assigned in any run."""

    brand: Brand
    posts: Count
    texts: Count
    assignments: Count


class ErasureReport(Frozen):
    """What this erasure removed, by brand; one made again finds nothing."""

    items: list[ErasedOfBrand]
