"""Every table there is."""

from collections.abc import Mapping
from typing import Final

from services.profiles.exporting.buckets import BUCKETS
from services.profiles.exporting.export import Of
from services.profiles.exporting.posts import POSTS
from services.profiles.exporting.profiles import PROFILES
from services.profiles.exporting.removals import REMOVALS
from services.profiles.exporting.table import Table

TABLES: Final[Mapping[Of, Table]] = {table.of: table for table in (PROFILES, POSTS, BUCKETS, REMOVALS)}
