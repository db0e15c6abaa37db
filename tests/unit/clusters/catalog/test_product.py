"""Catalogues as they are sent: what is read of them, and what is refused as a whole."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.clusters.catalog.product import MOST_PRODUCTS, CatalogBody, Product
from shared.errors import InputError

WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=",;|"), min_size=1, max_size=20)
PRODUCTS = st.tuples(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3))


def read(text: str) -> list[Product]:
    """Return the products of a CSV text."""
    return CatalogBody.of_csv(text.encode()).items


def refusal(text: str | bytes) -> str:
    """Return why a CSV text is refused."""
    with pytest.raises(InputError) as refused:
        CatalogBody.of_csv(text.encode() if isinstance(text, str) else text)
    return refused.value.detail


@given(
    st.lists(
        st.tuples(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3)), min_size=1, max_size=5, unique_by=lambda p: p[0]
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_what_was_written_as_csv_is_the_catalogue(
    products: list[tuple[str, str, str, list[str]]], separator: str, encoding: str
) -> None:
    """Whatever parts the cells, with or without a byte order mark."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["Title", "ID", "tags", "Description", "price"])
    writer.writerows([title, key, ", ".join(tags), about, "9"] for key, title, about, tags in products)
    found = CatalogBody.of_csv(sink.getvalue().encode(encoding)).items
    assert [(one.id, one.title, one.description, one.tags) for one in found] == products


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no products: give a line of column names and a line for each product"),
        ("id,title\n\n", "holds no products: give a line of column names and a line for each product"),
        ("id,name\n1,Bag\n", "has no column title; its columns are id, name"),
        ("id,title,ID\n1,Bag,2\n", "has the column id twice; keep one"),
        ("id,title\n,Bag\n", "line 2 has no id; give each product an id and a title"),
        ("id,title\n1,Bag\n\n2\n", "line 4 has no title; give each product an id and a title"),
        ("id,title\n1,Bag\n2,Case\n1,Hat\n", "lines 2 and 4 have the same id; give each product its own"),
        ('id,title\n1,"Bag\n2,Case\n', "line 3 has a quote that is not closed or not doubled"),
        ("<!doctype html><html>", "is HTML or XML, not CSV; send the catalogue itself"),
        ("id,title\n1,Ba\x00g\n", "holds NUL characters; save it as CSV UTF-8"),
        (b"id,title\n1,Caf\xe9\n", "is not in UTF-8; save it as CSV UTF-8"),
        (f"id,title\n1,{'x' * 301}\n", "line 2: title: String should have at most 300 characters"),
        (
            "id,title\n" + "".join(f"{n},Bag\n" for n in range(MOST_PRODUCTS + 1)),
            "has more than 10,000 products; send the ones that matter",
        ),
    ],
)
def test_a_catalogue_with_a_fault_is_refused_with_the_remedy(text: str | bytes, why: str) -> None:
    """The line is named, and no product is taken."""
    assert refusal(text) == why


def test_a_million_rows_are_refused_by_their_number() -> None:
    """What lies past the most is not read."""
    assert refusal("id,title\n" + "1,Bag\n" * 1_000_000).startswith("has more than")


def test_two_products_of_one_id_are_refused_in_json_too() -> None:
    """Both are named by their places."""
    with pytest.raises(ValidationError, match="products 0 and 2 have the same id"):
        CatalogBody.model_validate({"items": [{"id": key, "title": "Bag"} for key in "aba"]})


def test_markup_is_kept_as_text_and_is_not_compared_by() -> None:
    """A title with tags is what the company called it; the words between them say what it is."""
    (product,) = read("id,title,description\n1,<b>Cabin</b> bag,<p>Fits &lt; 55 cm</p>\n")
    assert product.title == "<b>Cabin</b> bag"
    assert product.words() == "Cabin bag. Fits &lt; 55 cm"
    assert Product(id="7", title="<br>").words() == "7"


@pytest.mark.parametrize("field", ["id", "title", "description", "tags"])
def test_a_nul_character_is_refused_in_json_too(field: str) -> None:
    """Sentiment refuses such texts: kept, the product and all after it would never be embedded."""
    words = "a ring\x00"
    product = {"id": "1", "title": "Ring", field: [words] if field == "tags" else words}
    with pytest.raises(ValidationError, match="holds a NUL character; leave it out"):
        CatalogBody.model_validate({"items": [product]})
