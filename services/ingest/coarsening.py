"""Coarsening of what could single a person out by search: figures, ages and times lose their last digits."""

from datetime import UTC, datetime

SIGNIFICANT_DIGITS = 2


def coarse_count(count: int | None) -> int | None:
    """Return `count` rounded to two significant digits (half to even), None as it is."""
    if count is None:
        return None
    excess = len(str(count)) - SIGNIFICANT_DIGITS
    return round(count, -excess) if excess > 0 else count


def full_hour(moment: datetime) -> datetime:
    """Return `moment` in UTC, cut to the full hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def age_in_months(created_at: datetime | None, as_of: datetime) -> int | None:
    """Return the whole months from an account's creation to a post, at least 0; None where creation is unknown."""
    if created_at is None:
        return None
    born, now = created_at.astimezone(UTC), as_of.astimezone(UTC)
    months = (now.year - born.year) * 12 + now.month - born.month - (now.day < born.day)
    return max(0, months)
