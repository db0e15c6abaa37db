"""Which brands' profiles changed, as profiles tells it to services that follow."""

from typing import Annotated

from pydantic import Field

from shared.analysis import Frozen

ChangeNumber = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of a brand's changes: it grows with each; nought is before all."""


class BrandChanges(Frozen):
    """The number of the last change of each brand that changed, and what to ask with the next time."""

    brands: dict[str, ChangeNumber]
    next: ChangeNumber
