"""Which of eight categories a complaint of the airline corpus gets."""

from pathlib import Path

import pytest

from tests.unit.training.complaints import complaint, write_complaints
from training.airline import (
    AIRLINE_CATEGORIES,
    LabelledPost,
    category_of,
    read_airline_categories,
    restore,
)

CASES = [
    ("where is my suitcase", "Lost Luggage", "Baggage Issue"),
    ("you broke my suitcase", "Damaged Luggage", "Baggage Issue"),
    ("two hours on the tarmac", "Late Flight", "Delay and Customer Service"),
    ("nobody answers", "Customer Service Issue", "Delay and Customer Service"),
    ("no plane today", "Cancelled Flight", "Reschedule and Refund"),
    ("cold food and no film", "Bad Flight", "Customer Experience"),
    ("the crew was rude", "Flight Attendant Complaints", "Customer Experience"),
    ("the queue is endless", "longlines", "Customer Experience"),
    ("your website shows an error when I book", "Flight Booking Problems", "Online Booking"),
    ("I cannot book with miles", "Flight Booking Problems", "Reservation Issue"),
    ("just bad", "Can't Tell", None),
    ("something else", "A New Reason", None),
    ("a $200 change fee for one letter", "Customer Service Issue", "Extra Charges"),
    ("why do you charge me twice for a bag", "Can't Tell", "Extra Charges"),
    ("you lost the bag that I paid a fee for", "Lost Luggage", None),
    ("no socket for charging my phone: how can I charge my phone", "Bad Flight", "Customer Experience"),
    ("who is in charge here", "Customer Service Issue", "Delay and Customer Service"),
    ("I booked an aisle seat and got a middle seat", "Bad Flight", "Seating Preferences"),
    ("we cannot sit together with the children", "Flight Booking Problems", "Seating Preferences"),
    ("no legroom at all", "Can't Tell", "Seating Preferences"),
    ("they gave my seat away", "Customer Service Issue", "Seating Preferences"),
    ("you lost our car seat", "Lost Luggage", "Baggage Issue"),
    ("my seat was dirty and broken", "Bad Flight", "Customer Experience"),
    ("a fee to choose a seat", "Bad Flight", None),
]


@pytest.mark.parametrize(("text", "reason", "label"), CASES)
def test_a_complaint_gets_one_category_or_none(text: str, reason: str, label: str | None) -> None:
    """The human's reason decides, but words that name a charge or a seat go before it, and both say nothing."""
    assert category_of(text, reason, 1.0) == label


def test_a_reason_of_a_minority_decides_nothing() -> None:
    """Below half of those who labelled a reason counts for nothing; the words still do."""
    assert category_of("two hours on the tarmac", "Late Flight", 0.4) is None
    assert category_of("a $200 change fee", "Late Flight", 0.4) == "Extra Charges"


@pytest.mark.parametrize(
    ("published", "meant"),
    [
        ("Cancelled Flightled", "cancelled"),
        ("Cancelled Flighted", "cancelled"),
        ("Cancelled Flighting", "cancelling"),
        ("two Cancelled Flightlations", "two cancellations"),
        ("please Cancelled Flight it", "please cancel it"),
        ("reLate Flightd, and Late Flightr", "related, and later"),
        ("overFlight Booking Problems", "overbooking"),
        ("a flight booking that is late", "a flight booking that is late"),
    ],
)
def test_replaced_words_are_put_back(published: str, meant: str) -> None:
    """Where the publisher put a reason's name for a word, the word is read again."""
    assert restore(published) == meant


def test_posts_are_read_once_in_order(tmp_path: Path) -> None:
    """A repeated id is left out, as are rows without a reason; the text is restored, the author is there."""
    rows = [
        complaint(1, "Cancelled Flighted again", "Cancelled Flight"),
        complaint(2, "thank you", None),
        complaint(1, "Cancelled Flighted again", "Cancelled Flight", name="somebody"),
        complaint(3, "no bag", "Lost Luggage"),
    ]
    assert read_airline_categories(write_complaints(tmp_path, rows)) == [
        LabelledPost("cancelled again", "Reschedule and Refund", "author1"),
        LabelledPost("no bag", "Baggage Issue", "author3"),
    ]


def test_categories_are_the_eight_of_the_example() -> None:
    """They stand in alphabetical order."""
    assert len(AIRLINE_CATEGORIES) == 8
    assert list(AIRLINE_CATEGORIES) == sorted(AIRLINE_CATEGORIES)
    assert {label for *_, label in CASES if label} == set(AIRLINE_CATEGORIES)


def test_a_missing_file_or_column_is_named(tmp_path: Path) -> None:
    """The error says what is missing, and what is there."""
    with pytest.raises(ValueError, match=r"give the folder that holds airline/tweets\.parquet"):
        read_airline_categories(tmp_path)
    write_complaints(tmp_path, [{"tweet_id": "1", "text": "a"}])
    with pytest.raises(ValueError, match=r"tweets\.parquet has no column 'name'; it has tweet_id, text"):
        read_airline_categories(tmp_path)
    (tmp_path / "airline" / "tweets.parquet").write_bytes(b"no parquet")
    with pytest.raises(ValueError, match=r"tweets\.parquet is no Parquet file"):
        read_airline_categories(tmp_path)


def test_a_file_without_complaints_is_refused(tmp_path: Path) -> None:
    """No row with a known reason is an error, not an empty corpus."""
    write_complaints(tmp_path, [complaint(1, "just bad", "Can't Tell")])
    with pytest.raises(ValueError, match="no complaint with a reason"):
        read_airline_categories(tmp_path)
