"""Hours of the day in which nothing is sent, and the days that the daily cap counts."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from shared.errors import SettingsError

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class QuietHours:
    """From `begin` up to, not including, `end`, in `zone`; over midnight where begin is the later. None is never."""

    zone: ZoneInfo
    hours: tuple[time, time] | None = None

    @classmethod
    def parse(cls, hours: str, zone: str) -> Self:
        """Read `22:00-07:00` (or "") and a time zone's name such as Europe/Vienna; raises SettingsError."""
        try:
            place = ZoneInfo(zone)
        except (ValueError, OSError, KeyError):
            raise SettingsError(
                "REPLIES_TIME_ZONE must be a time zone that this machine knows, such as UTC or Europe/Vienna"
            ) from None
        if not hours.strip():
            return cls(place)
        form = _FORM.fullmatch(hours.strip())
        if form is None:
            raise SettingsError("REPLIES_QUIET_HOURS must be such as 22:00-07:00, or empty for none")
        first, second, third, fourth = (int(part) for part in form.groups())
        begin, end = time(first, second), time(third, fourth)
        if begin == end:
            raise SettingsError("REPLIES_QUIET_HOURS must not begin and end at the same time; empty means none")
        return cls(place, (begin, end))

    def are_on(self, now: datetime) -> bool:
        """Tell whether nothing is to be sent at `now`."""
        if self.hours is None:
            return False
        begin, end = self.hours
        clock = now.astimezone(self.zone).time()
        return begin <= clock < end if begin < end else clock >= begin or clock < end

    def day(self, now: datetime) -> str:
        """Return the date at `now` in the zone, as `2026-03-01`."""
        return now.astimezone(self.zone).date().isoformat()

    def next_day(self, now: datetime) -> datetime:
        """Return when the next day begins in the zone."""
        tomorrow = now.astimezone(self.zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), self.zone)
