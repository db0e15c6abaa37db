"""CSV files as people have them."""

import gzip

import pytest

from services.ingest.sources.rows import ColumnError, FileError
from tests.unit.ingest.sources.tables.reading import BY_NUMBER, HEADER, MAP, notes_of, rows_of, texts_of

ROW = "1,a,the crew was kind,2026-03-01T10:00:00Z\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_cells_may_be_parted_in_four_ways(separator: str) -> None:
    """Texts that hold the other separators stay whole."""
    texts = [sign.join(["one", "two", "three"]) for sign in ",;|" if sign != separator]
    lines = [separator.join([str(n), "a", text, "2026-03-01"]) for n, text in enumerate(texts)]
    content = "\n".join([separator.join(["id", "user", "text", "date"]), *lines]) + "\n"
    assert texts_of(rows_of(content.encode())) == texts


def test_the_line_for_excel_says_the_separator() -> None:
    """`sep=;` is no row; lines are counted from it on."""
    rows = rows_of(("sep=;\n" + (HEADER + ROW).replace(",", ";") + '2;b;"x;2026-03-01\n').encode())
    assert texts_of(rows) == ["the crew was kind", None]
    assert rows[1].reason.startswith("line 4 opens a quote")


def test_blanks_before_a_quote_are_no_text() -> None:
    """As some programs write them after each comma."""
    rows = rows_of(b'id, user, text, date\n1, a, "well, fine", 2026-03-01T10:00:00Z\n')
    assert texts_of(rows) == ["well, fine"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_an_encoding_is_told_from_the_bytes(encoding: str) -> None:
    """With a mark or without."""
    text = "das Personal war überaus höflich, à bientôt"
    content = (HEADER + f'1,a,"{text}",2026-03-01T10:00:00Z\n' * 3).encode(encoding)
    assert texts_of(rows_of(content)) == [text] * 3


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", ""), ("utf-16", ""), ("utf-16-le", "UTF-16-LE"), ("cp1252", "Windows-1252")]
)
def test_an_encoding_that_was_guessed_is_said(encoding: str, told: str) -> None:
    """What the bytes say for sure needs no word."""
    notes = notes_of((HEADER + ROW.replace("kind", "höflich")).encode(encoding))
    assert [told in note for note in notes] == ([True] if told else [])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "\u0441\u0430\u043c\u043e\u043b\u0451\u0442 \u043e\u043f\u043e\u0437\u0434\u0430\u043b"),
        ("shift-jis", "\u98db\u884c\u6a5f\u304c\u9045\u308c\u307e\u3057\u305f"),
        ("gb18030", "\u98de\u673a\u665a\u70b9\u4e86"),
        ("cp1250", "by\u0142o bardzo mi\u0142o"),
        ("koi8-r", "\u0441\u0430\u043c\u043e\u043b\u0451\u0442 \u043e\u043f\u043e\u0437\u0434\u0430\u043b"),
        ("cp1250", "\u017ale si\u0119 lata bardzo"),
        ("cp1250", "\u0150r\u00fclt j\u00f3 \u0171rhaj\u00f3 volt a rep\u00fcl\u0151n"),
        ("cp1250", "v\u010dera bylo v\u0161echno v po\u0159\u00e1dku"),
        ("cp1254", "\u00e7ok g\u00fczel u\u00e7u\u015f i\u015fte"),
        ("cp1257", "labai pras\u0173 \u017emoni\u0161kai"),
        ("shift-jis", "\u30d5\u30e9\u30a4\u30c8\u304c\u9045\u308c\u305f"),
        ("cp850", "tr\u00e8s sympa bien \u00e9lev\u00e9"),
        ("mac-roman", "le caf\u00e9 fran\u00e7ais"),
    ],
)
def test_an_encoding_that_nothing_tells_must_be_named(encoding: str, text: str) -> None:
    """Guessing would count words that were never written."""
    content = (HEADER + ROW.replace("the crew was kind", text)).encode(encoding)
    with pytest.raises(FileError, match="--encoding"):
        rows_of(content)
    assert texts_of(rows_of(content, encoding=encoding)) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "\u00e0 bient\u00f4t, o\u00f9 \u00e9tait l\u2019\u0153uvre ? \u00ab No\u00ebl \u00bb \u2013 20 \u20ac",
        "as condi\u00e7\u00f5es e os avi\u00f5es n\u00e3o s\u00e3o bons",
        "\u00bfQu\u00e9 pas\u00f3, se\u00f1or? \u00a1Vuelo n\u00ba 3 cancelado!",
        "Gr\u00f6\u00dfe: 5 m\u00b2, \u201eschlecht\u201c \u2026 \u00dcbel",
        "r\u00f8dgr\u00f8d med fl\u00f8de p\u00e5 \u00c6r\u00f8",
        "perch\u00e9 \u00e8 cos\u00ec tardi, gi\u00e0 luned\u00ec",
        "h\u00e4n n\u00e4ki \u0161akin: Koivum\u00e4ki\u2122",
    ],
)
def test_western_texts_are_read_as_what_they_are(text: str) -> None:
    """Letters with accents and signs of French, Portuguese, Spanish, German, Danish, Italian and Finnish."""
    content = (HEADER + f'1,a,"{text}",2026-03-01T10:00:00Z\n').encode("cp1252")
    assert texts_of(rows_of(content)) == [text]


def test_an_encoding_that_there_is_not_is_refused() -> None:
    """With some that there are."""
    for name in ("klingon", "hex", "", "\x00"):
        with pytest.raises(FileError, match="utf-8"):
            rows_of((HEADER + ROW).encode(), encoding=name)


def test_old_line_ends_part_rows() -> None:
    """A file of an old Mac has carriage returns alone."""
    assert texts_of(rows_of((HEADER + ROW + ROW).replace("\n", "\r").encode())) == ["the crew was kind"] * 2


@pytest.mark.parametrize("first", [ROW, "481234000017,x,fine,yesterday\n", "a,b,https://example.com/1,d\n"])
def test_a_file_without_names_of_columns_is_told(first: str) -> None:
    """With the remedy, before a row is sent."""
    for mapping in (MAP, BY_NUMBER):
        with pytest.raises(FileError, match=r"--no-header .*--map text=3"):
            rows_of((first + ROW).encode(), mapping)


def test_columns_go_by_number_where_they_have_no_names() -> None:
    """The first row is a post like the others."""
    rows = rows_of((ROW + ROW).encode(), BY_NUMBER, has_header=False)
    assert [(row.number, row.post and row.post["author"]["id"]) for row in rows] == [(1, "a"), (2, "a")]
    with pytest.raises(ColumnError, match="no column '9' for text"):
        rows_of(ROW.encode(), BY_NUMBER | {"text": "9"}, has_header=False)


@pytest.mark.parametrize("content", [b'{"id": "1"}\n', b"[]", b"PAR1"])
def test_other_kinds_have_no_header_to_leave_out(content: bytes) -> None:
    """The option is refused rather than passed over."""
    with pytest.raises(FileError, match="--no-header"):
        rows_of(content, has_header=False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,a,one,two,2026-03-01\n", "line 2 has 5 cells, the first row 4: quote texts that hold commas"),
        ("1,a,one\n", "line 2 has 3 cells, the first row 4: quote texts that hold line ends"),
        ("1,a,one", "line 2 has 3 cells, the first row 4: the file is cut off in it"),
        ('1,a,"one', "line 2 opens a quote that is not closed: double the quotes that stand in a text"),
    ],
)
def test_a_row_of_another_length_is_refused_by_its_line(line: str, reason: str) -> None:
    """It is no post, and the file is read on."""
    assert [row.reason for row in rows_of((HEADER + line).encode())] == [reason]


def test_cells_that_lack_at_the_end_are_absent() -> None:
    """Excel leaves them out; in a last row without a line end they tell that the file is cut off."""
    content = HEADER.replace("\n", ",likes,lang\n") + ROW + ROW.replace("\n", ",,,,\n") + ROW.replace("\n", ",7")
    rows = rows_of(content.encode())
    assert [row.reason for row in rows] == ["", "", "line 4 has 5 cells, the first row 6: the file is cut off in it"]


def test_a_column_that_stands_twice_is_refused_where_it_is_needed() -> None:
    """Else the last one would win without a word."""
    content = b"id,user,text,date,text\n1,a,b,2026-03-01,c\n"
    with pytest.raises(ColumnError, match="two columns are named 'text'"):
        rows_of(content)
    assert texts_of(rows_of(content.replace(b"date,text", b"date,user"), MAP | {"author_id": "date"})) == ["b"]


def test_names_of_columns_are_shown_without_what_a_terminal_acts_on() -> None:
    """Escaped and cut."""
    name = "\x1b[31mred\x07" + "y" * 500
    with pytest.raises(ColumnError) as raised:
        rows_of(f"id,user,{name},date\n1,a,b,c\n".encode())
    assert "\\x1b[31mred\\x07yy" in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_bytes_that_are_no_text_cost_their_row() -> None:
    """In a file that is UTF-8 otherwise, and with a word about it."""
    lines = (HEADER + ROW.replace("kind", "höflich") * 3).encode().splitlines(keepends=True)
    content = b"".join([*lines[:2], lines[2].replace("ö".encode(), b"\xff"), lines[3]])
    assert texts_of(rows_of(content)) == ["the crew was höflich", None, "the crew was höflich"]
    assert "no UTF-8" in notes_of(content)[0]


def test_an_apostrophe_that_guards_a_text_is_none_of_it() -> None:
    """As voxpop's own export writes it before what a spreadsheet would act on."""
    rows = rows_of((HEADER + ROW.replace("the crew", "'=the crew") + ROW.replace("the crew", "'tis")).encode())
    assert texts_of(rows) == ["=the crew was kind", "'tis was kind"]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n\r\n", b"\xff\xfe\n\x00", b"sep=;\n"])
def test_a_file_of_nothing_is_empty(content: bytes) -> None:
    """A mark or blank lines are nothing."""
    with pytest.raises(FileError, match=r"empty|no row"):
        rows_of(content)


def test_a_nul_in_a_text_goes_to_the_service_which_refuses_it() -> None:
    """The rows around it are read."""
    content = (HEADER + ROW + ROW.replace("crew", "cr\x00ew") + ROW * 40).encode()
    assert texts_of(rows_of(content))[:3] == ["the crew was kind", "the cr\x00ew was kind", "the crew was kind"]


def test_a_damaged_utf_16_file_is_one_sentence_and_no_row() -> None:
    """Half a character cannot be read on from: the file is refused before anything is sent."""
    with pytest.raises(FileError, match="not whole in UTF-16"):
        rows_of((HEADER + ROW).encode("utf-16") + b"\n")


def test_json_may_be_in_utf_16_too() -> None:
    """As PowerShell writes what it redirects."""
    line = '{"id": "1", "user": "a", "text": "h\u00f6flich", "date": "2026-03-01T10:00:00Z"}\n'
    assert texts_of(rows_of(line.encode("utf-16"))) == ["h\u00f6flich"]


def test_a_packed_file_is_told_like_any_other() -> None:
    """Its encoding and separator are those of what it holds."""
    content = gzip.compress((HEADER + ROW.replace("kind", "h\u00f6flich")).replace(",", ";").encode("cp1252"))
    assert texts_of(rows_of(content)) == ["the crew was h\u00f6flich"]


@pytest.mark.parametrize(
    ("order", "cells"),
    [
        ("id,user,text,date", ("2,b,late,", "2026-03-01T14:35:00+05:30")),
        ("id,user,text,date", ("2,b,late,", "1772445600000")),
        ("user,text,date,id", ("b,late,2026-03-01,", "1764123456789012346")),
    ],
)
def test_a_file_that_is_cut_off_inside_its_last_cell_gives_no_wrong_hour_or_id(
    order: str, cells: tuple[str, str]
) -> None:
    """A last line without its end is a row where its last cell looks as those before it do, and else a rejection."""
    before, last = cells
    whole = f"{order}\n{before.replace('2,', '1,', 1)}{last.replace('6', '5')}\n{before}{last}"
    assert [row.reason for row in rows_of(whole.encode())] == ["", ""]
    for length in range(1, len(last)):
        first, second = rows_of(whole[:-length].encode())
        assert not first.reason
        assert "ends the file inside its last cell" in second.reason


def test_last_cells_of_many_lengths_are_no_sign_of_a_cut() -> None:
    """Without a line end at the file's end: dates of several lengths, short ids."""
    dates = ["Mar 12, 2026 10:35 PM", "Mar 2, 2026 2:35 PM"]
    lines = [f'{n},a,late,"{date}"' for n, date in enumerate(dates)]
    assert texts_of(rows_of((HEADER + "\n".join(lines)).encode())) == ["late", "late"]
    assert texts_of(rows_of(b"user,text,date,id\na,b,2026-03-01,10\na,c,2026-03-01,9")) == ["b", "c"]


def test_a_file_that_is_cut_off_inside_a_letter_stays_utf_8() -> None:
    """The rest of its texts are no guess, and the last row is refused."""
    content = "user,date,id,text\na,2026-03-01,1,fine\na,2026-03-01,2,caf\u00e9".encode()[:-1]
    assert texts_of(rows_of(content)) == ["fine", None]
