"""The name of a brand in paths and stores."""

from typing import Annotated

from pydantic import StringConstraints

BRAND_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"

Brand = Annotated[str, StringConstraints(pattern=BRAND_PATTERN)]
"""A slug: lower-case letters, digits and hyphens, 1 to 63 characters, no hyphen first."""
