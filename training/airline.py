"""The airline example of a category set: eight kinds of query, from the Twitter US Airline Sentiment corpus.

Six categories come from `negativereason`, what a human gave as the reason of a complaint. Extra Charges and
Seating Preferences have no human label. The corpus' machine labels (the top topic of an LDA model) do not help:
of 213 rows that the machine calls Extra Charges 12 speak of paying at all, of 122 Seating Preferences 7 of a
seat. So these two are the complaints whose own words name a charge or the choice of a seat, whatever the machine
called them; the patterns were written by reading every complaint that speaks of charges or seats.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

AIRLINE_CATEGORIES: Final = (
    "Baggage Issue",
    "Customer Experience",
    "Delay and Customer Service",
    "Extra Charges",
    "Online Booking",
    "Reschedule and Refund",
    "Reservation Issue",
    "Seating Preferences",
)

_OF_REASON: Final = {
    "Lost Luggage": "Baggage Issue",
    "Damaged Luggage": "Baggage Issue",
    "Late Flight": "Delay and Customer Service",
    "Customer Service Issue": "Delay and Customer Service",
    "Cancelled Flight": "Reschedule and Refund",
    "Bad Flight": "Customer Experience",
    "Flight Attendant Complaints": "Customer Experience",
    "longlines": "Customer Experience",
}
"""`Can't Tell` is left out; `Flight Booking Problems` falls apart by what the text says."""

_BOOKING: Final = "Flight Booking Problems"
_COLUMNS: Final = ("tweet_id", "name", "text", "negativereason", "negativereason_confidence")
_MAJORITY: Final = 0.5

_ONLINE: Final = re.compile(
    r"\b(?:on-?line|web ?(?:site|page|app)?s?|sites?|apps?|ios|android|i?phones?|mobile|click\w*|"
    r"log(?:ged|ging)? ?-?in|password\w*|error\w*|glitch\w*|browser|chrome|computer)\b|\.com\b",
    re.IGNORECASE,
)
_CHARGE: Final = re.compile(
    r"\bfees?\b|\b(?:over |over|up|re)?charg(?:e|es|ed|ing)\b|\bsurcharges?\b|\bextra (?:\$|charges?\b|cost)|"
    r"\bpay(?:ing)? (?:an )?(?:extra|addi?tl?)\b|\bpaid extra\b|\bnickel",
    re.IGNORECASE,
)
_OTHER_CHARGE: Final = re.compile(
    r"\bin charge\b|\bcharging (?:station|port|outlet|you)s?\b|\bcharge (?:\w+ ){0,2}(?:phone|device|laptop|batter)|"
    r"\b(?:parking|entertainment) fee|\bhotel charged\b|\bstart charging|\bcar rental\b|\bwi-?fi\b|"
    r"\bovercharg(?:ing|ed)(?:,| ?&)|\bcover the charge|\breceipts?\b|\bdispute|\bpaypal\b|\btransaction\b|"
    r"\bstatement\b|\bcard (?:was|hasn't been) charged|\bcharged my (?:credit )?card|\bget charged\b|"
    r"\bstill charge me\.|\bworth the extra\b|\bmind the fee|"
    r"\bextra just to\b|\bcharge (?:people to|travel|full am)|\bone would assume\b|"
    r"\bthey charged me for a flight\b",
    re.IGNORECASE,
)
_SEAT: Final = re.compile(
    r"\b(?:window|middle|aisle|preferred|choice|priority|assigned|reserved|confirmed|exit[- ]row|1st class|"
    r"first[- ]class|premium|plus|better|regular) seats?\b|"
    r"\bseat(?:s|ing)? (?:assign\w*|selections?|preferences?|maps?|upgrades?|together|requests?|reservations?)\b|"
    r"\b(?:pre-?)?(?:select|choos|chose|pick|assign|chang|switch|mov|request|reserv)\w* (?:\w+ ){0,2}seat(?:s|ing)?\b|"
    r"\b(?:gave|give|giving|sold|stole|lost|lose|messed up|take) (?:away )?(?:my|our|the) (?:\w+ )?seat(?:s|ing)?\b|"
    r"\b(?:my|our|confirmed|kids) seats? (?:was |been |got )?(?:given|switched|moved|changed|taken)\b|"
    r"\b(?:paid|pay|paying) (?:\$? ?extra )?(?:\$ )?(?:for|4) (?:\w+ ){0,3}seats?\b|"
    r"\bsit (?:together|next to|with (?:my|our|all)\b)|\b(?:seated|sitting|seats) (?:all )?together\b|"
    r"\bleg ?room\b|\bexit row\b|"
    r"\bupgrad(?:e|es|ed|ing) (?:lists?|cert|seats?|to (?:first|1st|mint|business|economy)|my seats?|me\b)|"
    r"\b(?:seat|paid|space|free|class) upgrades?\b|\bmy upgrade\b",
    re.IGNORECASE,
)
_OTHER_SEAT: Final = re.compile(
    r"\bcar ?seat|\bdirty\b|\bbroken\b|\brefurbish|\bjump seat|\bseat belt|\bverbal\b|\bpilots\b|"
    r"\bover(?:head|heard)\b",
    re.IGNORECASE,
)

_REPLACED: Final = (
    (re.compile(r"Cancelled Flightl?(?=ed|ing|ation)"), "cancell"),
    (re.compile(r"Cancelled Flight"), "cancel"),
    (re.compile(r"Late Flight"), "late"),
    (re.compile(r"Flight Booking Problems"), "booking"),
)
"""In the published texts `late`, `cancel` and `booking` were replaced by the names of the reasons."""


@dataclass(frozen=True)
class LabelledPost:
    """A complaint, the one category that it belongs to, and its author's account name: to part authors, not to keep."""

    text: str
    label: str
    author: str


def read_airline_categories(folder: Path) -> list[LabelledPost]:
    """Return the complaints with one of `AIRLINE_CATEGORIES` each, in the order of the file, a post once.

    `folder` holds `airline/tweets.parquet`. Left out are complaints whose reason was no majority's among the
    labellers, reasons that could not be told, and texts that name a charge and a seat both. Raises ValueError
    where the file or a column is missing, or no row is left.
    """
    path = folder / "airline" / "tweets.parquet"
    if not path.is_file():
        raise ValueError(f"there is no {path}; give the folder that holds airline/tweets.parquet")
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid:
        raise ValueError(f"{path.name} is no Parquet file, or damaged; copy it again") from None
    for column in _COLUMNS:
        if column not in table.column_names:
            raise ValueError(f"{path.name} has no column '{column}'; it has {', '.join(table.column_names)}")
    posts = list(_posts(table.select(list(_COLUMNS)).to_pylist()))
    if not posts:
        raise ValueError(f"{path.name} has no complaint with a reason; negativereason is empty or unknown throughout")
    return posts


def category_of(text: str, reason: str, confidence: float) -> str | None:
    """Return the category of a complaint; None where it has none or two.

    Words that name a charge or a seat go before the human's reason, for that list had neither, except
    that a lost or damaged bag stays a matter of baggage. `confidence` in [0, 1] is the reason's.
    """
    baggage = _OF_REASON.get(reason) == "Baggage Issue"
    charge = _CHARGE.search(text) is not None and _OTHER_CHARGE.search(text) is None
    seat = _SEAT.search(text) is not None and _OTHER_SEAT.search(text) is None
    if (charge or seat) and not baggage:
        return None if charge and seat else "Extra Charges" if charge else "Seating Preferences"
    if confidence < _MAJORITY or (charge and baggage):
        return None
    if reason == _BOOKING:
        return "Online Booking" if _ONLINE.search(text) else "Reservation Issue"
    return _OF_REASON.get(reason)


def restore(text: str) -> str:
    """Return the text with the words that were replaced by reasons' names put back."""
    for pattern, word in _REPLACED:
        text = pattern.sub(word, text)
    return text


def _posts(rows: list[dict[str, Any]]) -> Iterator[LabelledPost]:
    seen: set[str] = set()
    for row in rows:
        if not row["negativereason"] or not row["text"] or row["tweet_id"] in seen:
            continue
        seen.add(row["tweet_id"])
        text = restore(row["text"])
        label = category_of(text, row["negativereason"], row["negativereason_confidence"] or 0.0)
        if label is not None:
            yield LabelledPost(text, label, row["name"])
