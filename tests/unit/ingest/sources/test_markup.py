"""What `services.ingest.sources.markup` promises."""

import html

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.post import MAX_TEXT
from services.ingest.sources.fields import sendable
from services.ingest.sources.markup import MAX_MARKUP, plain_text
from tests.unit.cpu_time import seconds_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Hello <b>big</b> world</p>", "Hello big world"),
        ("<p>one</p><p>two<br>three<br/>four</p>", "one\n\ntwo\nthree\nfour"),
        ("a &lt; b &amp;&amp; c &#128075; &eacute;", "a < b && c 👋 é"),
        ("<script>alert(1)</script><style>p {}</style>seen", "seen"),
        (
            '<a href="https://x.example"><span class="invisible">https://</span>x.example/<span>a</span></a>',
            "https://x.example/a",
        ),
        ("<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"),
        ("a\x00b", "ab"),
        ("   ", ""),
        ("<!-- hidden <b>too</b> --><?php y ?>z<!-- never closed", "z never closed"),
        ("1 < 2 <3 <b>bold</b>", "1 < 2 <3 bold"),
    ],
)
def test_markup_becomes_what_a_reader_sees(markup: str, text: str) -> None:
    """Tags go, entities are resolved, lines and blocks stay apart, scripts are silent."""
    assert plain_text(markup) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_escaped_text_comes_back(text: str) -> None:
    """Whatever was escaped is read again, but for blanks, line ends and NUL."""
    told = plain_text(f"<p>{html.escape(text)}</p>")
    assert told.split() == text.replace("\x00", "").split()


@example("<![;")
@given(st.text("<>/&;#!-[]?=\"' ab\n", max_size=300))
def test_no_markup_is_too_broken(markup: str) -> None:
    """Nonsense gives some text, and never raises."""
    assert isinstance(plain_text(markup), str)


def test_endless_markup_is_cut() -> None:
    """A megabyte is read up to its limit."""
    assert len(plain_text("x" * 2**20)) == MAX_MARKUP


@given(st.text(st.characters(), max_size=200))
def test_a_sendable_text_is_utf8(text: str) -> None:
    """Halves of surrogate pairs and NULs are gone, and what was fine stays."""
    told = sendable(text)
    assert "\x00" not in told
    assert len(told.encode()) >= len(told)
    if "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text):
        assert told == text


def test_a_sendable_text_has_a_longest_length() -> None:
    """What no post may hold is cut off."""
    assert len(sendable("é" * (MAX_TEXT + 1))) == MAX_TEXT


HOSTILE = [
    "<",
    "<!",
    "<!--",
    "<!-- x>",
    "<a ",
    "<a b='",
    "<a b='>",
    "</",
    "</a ",
    "&",
    "&#",
    "<script>",
    "<![CDATA[",
    "<?",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "<a " + "b='" * 600 + ">", "<p>x", "<p " + "a" * 1990 + ">"])
def test_no_markup_holds_up_the_loop(piece: str) -> None:
    """A hundred kilobytes of what never closes take well under a second of CPU (library and all: some 50 ms)."""
    assert seconds_of(lambda: plain_text(piece * (MAX_MARKUP // len(piece)))) < 2
