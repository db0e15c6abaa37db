"""What pages of features tell, to be compared with what they should, whatever numbers changes have."""

from collections.abc import Mapping

import numpy as np

from services.profiles.feature_page import FeatureRows
from services.profiles.feature_record import RECORD, to_record
from services.profiles.folding import Increment
from services.profiles.profile import Profile


def told(rows: FeatureRows) -> dict[str, bytes]:
    """Return the record of each author, in the order of the rows, as of the change nought."""
    records = np.frombuffer(rows.records, RECORD).copy()
    records["changed"] = 0
    return dict(zip(rows.author_keys, (record.tobytes() for record in records), strict=True))


def to_tell(folded: Mapping[str, Increment], brand: str = "acme") -> dict[str, bytes]:
    """Return what is to be told of profiles, by author."""
    return {author: to_record(Profile(brand, author, folded[author]), 0) for author in sorted(folded)}
